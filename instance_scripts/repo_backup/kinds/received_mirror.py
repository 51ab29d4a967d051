"""A mirror that was fetched, on its way to become an archive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from backup_contract.documents.manifest import Unserved
from backup_contract.documents.parts.rewrites import Rewrites
from repo_backup.archive.zip_writer import Archive, OverlayArchive
from repo_backup.git.mirror import Mirror, links_unchecked
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.restorable import oddities
from repo_backup.kinds.base import Fetched, HashedBlob
from repo_backup.kinds.fetch_attempts import Attempts
from repo_backup.kinds.known_chain import describe
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop


@dataclass(frozen=True)
class Received:
    """What was fetched into a mirror, before it is an archive.

    ``known`` is what upstream lists, ``wanted`` what it can serve of that; the mirror may hold
    more. ``lfs`` is None where it took too much to find out. ``rewrites`` are what upstream
    replaced or removed of the archive before.
    """

    mirror: Mirror
    known: Advertisement
    wanted: Advertisement
    remarks: tuple[str, ...]
    lfs: bool | None
    attempts: Attempts
    rewrites: Rewrites | None = None

    def has(self, tips: Iterable[str]) -> bool:
        """Whether the pack has all of these objects."""
        pack = self.mirror.pack
        assert pack  # noqa: S101 - it was received
        with open_index(pack.with_suffix(".idx"), self.mirror.advertisement.object_format) as index:
            return all(index.find(bytes.fromhex(tip)) is not None for tip in tips)

    def as_base(self, part_bytes: int) -> Fetched:
        """All of it, by itself."""
        archive = Archive(self.mirror, part_bytes)
        return replace(
            self._as(archive), commented=lambda text: Archive(self.mirror, part_bytes, text)
        )

    def as_overlay(self, part_bytes: int, side_files: Mapping[str, bytes]) -> Fetched:
        """To be laid over what is there; ``side_files`` as :class:`OverlayArchive` has them."""
        return self._as(OverlayArchive(self.mirror, side_files, part_bytes))

    def described(self, memory: Budget, stop: Stop) -> dict[str, bytes]:
        """The side files of a pack that is whole by itself; none if its links were not checked."""
        pack, object_format = self.mirror.pack, self.mirror.advertisement.object_format
        if pack is None or links_unchecked(self.remarks):
            return {}
        return describe(pack, object_format, memory, stop)

    def _as(self, archive: HashedBlob) -> Fetched:
        holds, remarks = self.mirror.advertisement, self.remarks
        remarks = (*oddities(holds.head, holds.refs, holds.peeled, holds.shallow), *remarks)
        if self.lfs is None:
            remarks = (*remarks, "whether it uses Git LFS took too much to find out")
        unserved = self.attempts.unserved(self.known, self.wanted)
        if unserved is None and holds.digest != self.known.digest:
            # It has refs that upstream has dropped: by its own refs nothing is ever unchanged.
            unserved = Unserved(self.known.digest)
        return Fetched(
            archive,
            holds.digest,
            len(holds.refs),
            remarks,
            lfs=bool(self.lfs),
            unserved=unserved,
            rewrites=self.rewrites,
        )
