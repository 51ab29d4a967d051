"""A storage of large files that is not there: not every file is tried as often as one is."""

import contextlib
import threading
from collections.abc import Iterator

from repo_backup.net.download import BrokenDownloadError
from repo_backup.runtime.errors import RepositoryError

_MOST_IN_A_ROW = 8


class NotTriedError(RepositoryError):
    """So many downloads failed that this one was not begun."""


class Outage:
    """Counts a repository's downloads that failed in a row, though each was tried again."""

    def __init__(self) -> None:
        self._failed = 0
        self._changing = threading.Lock()

    @contextlib.contextmanager
    def download(self) -> Iterator[None]:
        """Note what becomes of the download in the block.

        Raises NotTriedError instead where so many failed that this one would, too.
        """
        if self._failed >= _MOST_IN_A_ROW:
            raise NotTriedError(f"not tried, as {_MOST_IN_A_ROW} downloads in a row failed")
        broken = False
        try:
            yield
        except BrokenDownloadError:
            broken = True
            raise
        finally:
            with self._changing:
                self._failed = self._failed + 1 if broken else 0
