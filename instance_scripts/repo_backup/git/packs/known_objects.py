"""Which objects a chain of archives is known to hold, and what each of them is.

They are the indexes of the packs of a base and its overlays, with the types of their objects; a
million take 21 MB, which lie in mapped files where the caller wants it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from repo_backup.git.packs.object_types import ObjectType, ObjectTypes
from repo_backup.git.packs.pack_history import JoinedHistory, PackHistory
from repo_backup.git.packs.pack_index import PackIndex


@dataclass(frozen=True)
class KnownPack:
    """One pack by its index and the types of its objects, which stay open as long as this.

    ``history`` is None where nothing tells it.
    """

    index: PackIndex
    types: ObjectTypes
    history: PackHistory | None = None

    def type_of(self, oid: bytes) -> ObjectType | None:
        """What an object of the pack is; None if the pack lacks it."""
        position = self.index.find(oid)
        return None if position is None else self.types[position]


@dataclass(frozen=True)
class KnownObjects:
    """The objects of some packs; the one that is asked for most comes first."""

    packs: Sequence[KnownPack] = ()

    def type_of(self, oid: bytes) -> ObjectType | None:
        """What an object is; None if no pack holds it."""
        for pack in self.packs:
            if (found := pack.type_of(oid)) is not None:
                return found
        return None

    @property
    def history(self) -> JoinedHistory:
        """The history of all packs, as far as it is told."""
        return JoinedHistory([pack.history for pack in self.packs if pack.history])

    def __contains__(self, oid: bytes) -> bool:
        return any(pack.index.find(oid) is not None for pack in self.packs)
