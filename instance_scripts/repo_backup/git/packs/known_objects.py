"""The objects that a chain of archives contains, and their types.

They come from the pack indexes of a base and its overlays, and from the files with the objects'
types. A million objects take 21 MB, in mapped files if the caller wants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from repo_backup.git.packs.object_types import ObjectType, ObjectTypes
from repo_backup.git.packs.pack_history import JoinedHistory, PackHistory
from repo_backup.git.packs.pack_index import PackIndex


@dataclass(frozen=True)
class KnownPack:
    """The index and object types of one pack. Their files must stay open.

    ``history`` is None if unknown.
    """

    index: PackIndex
    types: ObjectTypes
    history: PackHistory | None = None

    def type_of(self, oid: bytes) -> ObjectType | None:
        """The type of an object; None if the pack lacks it."""
        position = self.index.find(oid)
        return None if position is None else self.types[position]


@dataclass(frozen=True)
class KnownObjects:
    """The objects of several packs. The pack with the most look-ups should come first."""

    packs: Sequence[KnownPack] = ()

    def type_of(self, oid: bytes) -> ObjectType | None:
        """The type of an object; None if no pack has it."""
        for pack in self.packs:
            if (found := pack.type_of(oid)) is not None:
                return found
        return None

    @property
    def history(self) -> JoinedHistory:
        """The history of all packs, as far as it is known."""
        return JoinedHistory([pack.history for pack in self.packs if pack.history])

    def __contains__(self, oid: bytes) -> bool:
        return any(pack.index.find(oid) is not None for pack in self.packs)
