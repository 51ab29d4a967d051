"""Reads archives back one after the other, and records which are damaged."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repo_backup.restore.archive_reader import INCONCLUSIVE, OtherArchiveError, Reader, unreadable
from repo_backup.restore.catalogue import ArchiveListing, RecordedResults
from repo_backup.restore.fall_back import UNNAMED, with_origin
from repo_backup.runtime.errors import BackupError, RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.written.damage import ArchiveId, write_damage


@dataclass(frozen=True)
class Checked:
    """The result for one archive. ``good`` is None if this machine could not read it."""

    listing: ArchiveListing
    good: bool | None
    reason: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The archive's key."""
        return self.listing.key


@dataclass(frozen=True)
class Verification:
    """Reads archives back in ``directory``, which is emptied after each.

    ``newest``: the archives are of the newest state, and not of an earlier run.
    """

    reader: Reader
    recorded_results: RecordedResults
    directory: Path
    newest: bool = True

    def check(self, archives: Iterable[ArchiveListing]) -> Iterator[Checked]:
        """Check each archive in turn. A bad or unreadable one does not stop the others."""
        for listing in archives:
            yield self._check(listing)

    def _check(self, listing: ArchiveListing) -> Checked:
        unnamed = (UNNAMED,) if listing.part is None else ()
        try:
            with tempfile.TemporaryDirectory(dir=self.directory) as room:
                restored = self.reader.fetch(listing.found, Path(room))
                self.reader.check_object_list(listing.found, restored, newest=self.newest)
        except OtherArchiveError as error:
            other = self.recorded_results.of(listing.key, error.sha256)
            reason = str(with_origin(listing.key, error, other) if other else error)
            return Checked(listing, good=False, reason=reason, remarks=unnamed)
        except INCONCLUSIVE as error:
            return Checked(listing, good=None, reason=str(error), remarks=unnamed)
        except RepositoryError as error:
            return Checked(listing, good=False, reason=str(error), remarks=unnamed)
        except OSError as error:
            reason = str(unreadable(error, self.directory))
            return Checked(listing, good=None, reason=reason, remarks=unnamed)
        return Checked(listing, good=True, remarks=(*restored.remarks, *unnamed))


def note_damage(store: Store, checked: Sequence[Checked], *, newest: bool) -> str | None:
    """Record bad archives, so that the next backup fetches them again. Returns an error as text.

    An archive that is missing or that no manifest names is fetched again in any case. Good results
    are recorded only if the ``newest`` state was checked, because they do not cover later overlays.
    """
    found = {
        ArchiveId.of(each.listing.archive): None if each.good else each.reason
        for each in checked
        if each.listing.archive and each.good is not None and not each.listing.missing
        if newest or not each.good
    }
    try:
        write_damage(store, found)
    except BackupError as error:
        return str(error)
    except OSError as error:
        return str(error.strerror)
    return None
