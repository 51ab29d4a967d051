"""Stops the downloads of a repository's files while their storage is down."""

import contextlib
import threading
from collections.abc import Iterator

from repo_backup.net.download import BrokenDownloadError
from repo_backup.runtime.errors import RepositoryError

_MOST_IN_A_ROW = 8


class NotTriedError(RepositoryError):
    """So many downloads in a row failed that this one was not started."""


class Outage:
    """Counts the downloads in a row that failed in spite of retries. Thread-safe."""

    def __init__(self) -> None:
        self._failed = 0
        self._changing = threading.Lock()

    @contextlib.contextmanager
    def download(self) -> Iterator[None]:
        """Count the result of the download in the block.

        Raises NotTriedError, without running the block, if too many downloads in a row failed.
        """
        if self._failed >= _MOST_IN_A_ROW:
            raise NotTriedError(f"not tried, because {_MOST_IN_A_ROW} downloads in a row failed")
        broken = False
        try:
            yield
        except BrokenDownloadError:
            broken = True
            raise
        finally:
            with self._changing:
                self._failed = self._failed + 1 if broken else 0
