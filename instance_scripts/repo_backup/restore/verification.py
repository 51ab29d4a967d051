"""Reading archives back one after the other: good, bad, or not to be read by this machine."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repo_backup.restore.archive_reader import SAYS_NOTHING, OtherArchiveError, Reader, unreadable
from repo_backup.restore.catalogue import ArchiveListing, Vouchers
from repo_backup.restore.fall_back import UNNAMED, instead
from repo_backup.runtime.errors import BackupError, RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.written.damage import ArchiveId, write_damage


@dataclass(frozen=True)
class Checked:
    """What became of one archive: ``good`` is None where this machine could not read it."""

    held: ArchiveListing
    good: bool | None
    reason: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The archive's key."""
        return self.held.key


@dataclass(frozen=True)
class Verification:
    """Reads archives back in ``directory``, which is empty again after each."""

    reader: Reader
    vouchers: Vouchers
    directory: Path

    def check(self, archives: Iterable[ArchiveListing]) -> Iterator[Checked]:
        """Each archive in turn; none that is bad or cannot be read keeps from the next."""
        for held in archives:
            yield self._check(held)

    def _check(self, held: ArchiveListing) -> Checked:
        unnamed = (UNNAMED,) if held.part is None else ()
        try:
            with tempfile.TemporaryDirectory(dir=self.directory) as room:
                remarks = self.reader.fetch(held.found, Path(room)).remarks
        except OtherArchiveError as error:
            other = self.vouchers.of(held.key, error.sha256)
            reason = str(instead(held.key, error, other) if other else error)
            return Checked(held, good=False, reason=reason, remarks=unnamed)
        except SAYS_NOTHING as error:
            return Checked(held, good=None, reason=str(error), remarks=unnamed)
        except RepositoryError as error:
            return Checked(held, good=False, reason=str(error), remarks=unnamed)
        except OSError as error:
            reason = str(unreadable(error, self.directory))
            return Checked(held, good=None, reason=reason, remarks=unnamed)
        return Checked(held, good=True, remarks=(*remarks, *unnamed))


def note_damage(store: Store, checked: Sequence[Checked], *, newest: bool) -> str | None:
    """Write down what is bad, so that the next backup fetches it again; why that fails, if it does.

    An archive that no manifest names, or that is missing, is fetched again in any case. Unless it
    is the ``newest`` state that was checked, what is good says nothing of later overlays.
    """
    found = {
        ArchiveId.of(each.held.archive): None if each.good else each.reason
        for each in checked
        if each.held.archive and each.good is not None and not each.held.missing
        if newest or not each.good
    }
    try:
        write_damage(store, found)
    except BackupError as error:
        return str(error)
    except OSError as error:
        return str(error.strerror)
    return None
