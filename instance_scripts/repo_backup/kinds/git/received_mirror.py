"""A fetched mirror, before it becomes an archive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from backup_contract.documents.manifest import Unserved
from backup_contract.documents.parts.rewrites import Rewrites
from repo_backup.archive.zip_writer import Archive, OverlayArchive
from repo_backup.git.mirror import Mirror, links_unchecked
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.restorable import unusual_refs
from repo_backup.kinds.base import Fetched, HashedBlob
from repo_backup.kinds.git.fetch_attempts import Attempts
from repo_backup.kinds.git.known_chain import describe
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken


@dataclass(frozen=True)
class Received:
    """A fetched mirror, before it becomes an archive.

    ``known`` are the advertised refs, ``wanted`` those of them that upstream can serve; the mirror
    may have more. ``lfs`` is None if it took too much to find out. ``rewrites`` is what upstream
    replaced or removed since the archive before.
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
        """The mirror as a base."""
        archive = Archive(self.mirror, part_bytes)
        return replace(
            self._as(archive), commented=lambda text: Archive(self.mirror, part_bytes, text)
        )

    def as_overlay(self, part_bytes: int, side_files: Mapping[str, bytes]) -> Fetched:
        """The mirror as an overlay; ``side_files`` as in :class:`OverlayArchive`."""
        return self._as(OverlayArchive(self.mirror, side_files, part_bytes))

    def described(self, memory: ResourceBudget, stop: CancellationToken) -> dict[str, bytes]:
        """The side files of a self-contained pack; none if its links were not checked."""
        pack, object_format = self.mirror.pack, self.mirror.advertisement.object_format
        if pack is None or links_unchecked(self.remarks):
            return {}
        return describe(pack, object_format, memory, stop)

    def _as(self, archive: HashedBlob) -> Fetched:
        holds, remarks = self.mirror.advertisement, self.remarks
        remarks = (*unusual_refs(holds.head, holds.refs, holds.peeled, holds.shallow), *remarks)
        if self.lfs is None:
            remarks = (*remarks, "whether it uses Git LFS took too much to find out")
        unserved = self.attempts.unserved(self.known, self.wanted)
        if unserved is None and holds.digest != self.known.digest:
            # The mirror has refs that upstream dropped. The next run compares with upstream's.
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
