"""Restores the archives that belong to a repository besides git: project data, large files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backup_contract.kinds import DATA, GIT, KINDS
from repo_backup.restore.archive_reader import ArchiveRef, Restored
from repo_backup.restore.catalogue import NoArchiveError
from repo_backup.runtime.errors import RepositoryError


@dataclass(frozen=True)
class Beside:
    """An archive of another kind. ``restored`` is None if it failed for ``reason``."""

    found: ArchiveRef
    restored: Restored | None
    reason: str = ""

    @property
    def is_data(self) -> bool:
        """Whether it is project data."""
        return self.found.kind == DATA


def restore_beside(
    kind: str,
    find: Callable[[str], ArchiveRef],
    fetch: Callable[[ArchiveRef, Path], Restored],
    into: Path,
) -> Iterator[Beside]:
    """Restore the archives that go with a repository's archive of this ``kind``, if they exist.

    ``find`` returns the archive of a kind for the same repository and run. Raises FatalError.
    """
    for each in KINDS.values() if kind == GIT else ():
        if not each.goes_with_git:
            continue
        try:
            found = find(each.name)
        except NoArchiveError:
            continue
        try:
            yield Beside(found, fetch(found, into))
        except RepositoryError as error:
            yield Beside(found, None, str(error))
