"""Restores many repositories to a folder in parallel. What is there and right stays as it is."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from backup_contract.kinds import GIST, LFS, suffix
from repo_backup.kinds.git.git_mirror import MirrorKind
from repo_backup.kinds.registry import kind_named
from repo_backup.restore.archive_reader import ArchiveRef, Restored, unreadable
from repo_backup.restore.catalogue import ArchiveListing
from repo_backup.restore.fall_back import Restoration
from repo_backup.restore.large_files import with_binaries
from repo_backup.restore.selected_archives import SelectedRepository
from repo_backup.runtime.background import at_once
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.errors import RepositoryError

_BASE_BYTES, _SHARE = 64 << 20, 8


@dataclass(frozen=True)
class RestoredArchive:
    """The outcome for one archive. ``path`` is its place in a folder, ``pushed_to`` the URL of the
    repository that it was pushed to; neither is set if it failed.

    *present*: an earlier restore put it there, and it is the requested state.
    """

    repository: str
    kind: str
    key: str
    state: Literal["restored", "present", "failed"]
    path: Path | None = None
    reason: str = ""
    incomplete: bool = False
    remarks: tuple[str, ...] = ()
    pushed_to: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it is complete and the requested state."""
        return self.state != "failed" and not self.incomplete


@dataclass(frozen=True)
class ManyRestore:
    """Restores repositories below ``into``, as ``OWNER/REPO.git``, ``OWNER/REPO.data``,
    ``OWNER/gists/ID.git`` and so on.

    ``room`` is a directory on the same file system: an archive is moved to its place only once it
    is complete and checked, so that a killed restore leaves nothing half done. ``explain`` extends
    the error about an archive that is not what a run had.
    """

    restoration: Restoration
    into: Path
    room: Path
    memory: ResourceBudget
    explain: Callable[[ArchiveRef, RepositoryError], RepositoryError]

    def restore(
        self,
        selected: Sequence[SelectedRepository],
        jobs: int,
        tell: Callable[[Sequence[RestoredArchive]], None],
    ) -> list[RestoredArchive]:
        """Restore all of them, ``jobs`` repositories in parallel; ``tell`` gets each result.

        A failure does not stop the others. Raises FatalError.
        """
        telling = threading.Lock()

        def one(number: int) -> list[RestoredArchive]:
            rows = [*self.repository(selected[number])]
            with telling:
                tell(rows)
            return rows

        return [row for rows in at_once(one, len(selected), jobs) for row in rows]

    def repository(self, selected: SelectedRepository) -> Iterator[RestoredArchive]:
        """Restore each archive of one repository."""
        for listing in selected.archives:
            need = min(memory_needed(listing), self.memory.total)
            with self.memory.reserve(need) as reservation:
                yield self._archive(selected.name, listing, reservation.amount)

    def _archive(self, name: str, listing: ArchiveListing, memory_bytes: int) -> RestoredArchive:
        reader = replace(self.restoration.reader, memory_bytes=memory_bytes)
        restoration = replace(self.restoration, reader=reader)
        row = RestoredArchive(name, listing.kind, listing.key, "failed")
        try:
            place = place_of(self.into, name, listing.kind)
            if listing.kind == LFS:
                check_mirror(place)
            is_there = place.exists() or place.is_symlink()
            found = (_present if is_there else self._new)(restoration, listing, place)
        except RepositoryError as error:
            return replace(row, reason=str(error))
        return replace(
            row,
            state="present" if is_there else "restored",
            path=found.path,
            incomplete=found.incomplete,
            remarks=found.remarks,
        )

    def _new(self, restoration: Restoration, listing: ArchiveListing, place: Path) -> Restored:
        """Restore an archive to its place. Raises RepositoryError."""
        try:
            with TemporaryDirectory(dir=self.room) as room:
                try:
                    restored = restoration.fetch(listing.found, Path(room))
                except RepositoryError as error:
                    raise self.explain(listing.found, error) from error
                restored = with_binaries(restoration.reader, listing.kind, restored)
                place.parent.mkdir(parents=True, exist_ok=True)
                restored.path.rename(place)
        except OSError as error:
            raise unreadable(error, place) from error
        return replace(restored, path=place)


def memory_needed(listing: ArchiveListing) -> int:
    """Bytes of memory that git may use to check an archive. Pure.

    Eight times its size: an object takes about 300 bytes of memory, and rarely less than 40 in a
    pack.
    """
    return _BASE_BYTES + _SHARE * listing.bytes


def place_of(into: Path, name: str, kind: str) -> Path:
    """The place of an archive below ``into``. ``name`` is ``OWNER/REPO``."""
    if kind == LFS:
        return into / f"{name}.git" / "lfs"
    if kind == GIST:
        owner, _, id = name.partition("/")
        return into / owner / "gists" / f"{id}.git"
    is_mirror = isinstance(kind_named(kind), MirrorKind)
    return into / f"{name}{suffix(kind)}{'.git' if is_mirror else ''}"


def check_mirror(place: Path) -> None:
    """Raise RepositoryError if the mirror is missing to which the large files at ``place`` belong.

    Without it they would look like a mirror, and the mirror could no longer be restored there.
    """
    if not (place.parent / "HEAD").is_file():
        raise RepositoryError(
            f"{place.parent} is not a restored mirror: restore the repository there first"
        )


def _present(restoration: Restoration, listing: ArchiveListing, place: Path) -> Restored:
    """Check an archive that is there already. Raises RepositoryError if it is something else.

    git read every object before the archive was moved there, so now the checksum of each pack, all
    links and the refs are enough.
    """
    reader, part = restoration.reader, listing.part
    kind = kind_named(listing.kind)
    try:
        stop = reader.retry_policy.stop
        remarks = kind.check(place, part, reader.memory_bytes, stop, same_bytes=True)
    except (RepositoryError, OSError) as error:
        raise RepositoryError(
            f"{place} exists, and is not the requested state ({error}): remove it, or "
            "name another folder"
        ) from error
    return with_binaries(reader, listing.kind, Restored(place, remarks))
