"""Downloads one large file: resumes after a broken connection and renews an expired URL.

The caller verifies the bytes against their SHA-256.
"""

import random
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager

from repo_backup.net.http import Answer
from repo_backup.runtime import retry
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
)

_ATTEMPTS = 5
"""Failures in a row without a byte received."""
_PLAIN = {"Accept-Encoding": "identity"}

Ask = Callable[[Mapping[str, str], bool], AbstractContextManager[Answer]]
"""Sends a request with these headers; True asks for a new URL first."""


class BrokenDownloadError(RepositoryError):
    """A file could not be downloaded within the allowed attempts."""


class Download:
    """The ``size`` bytes of one file, read once. ``resumed``: it took more than one response."""

    def __init__(self, size: int, ask: Ask, stop: CancellationToken) -> None:
        self.resumed = False
        self._size = size
        self._ask = ask
        self._stop = stop
        self._blocks = self._all_blocks()
        self._rest = b""

    def read(self, count: int = -1, /) -> bytes:
        """At most ``count`` bytes; empty at the end.

        Raises BrokenDownloadError after the last attempt, and another RepositoryError if the
        storage no longer has the file.
        """
        if not self._rest:
            self._rest = next(self._blocks, b"")
        taken = len(self._rest) if count < 0 else count
        block, self._rest = self._rest[:taken], self._rest[taken:]
        return block

    def close(self) -> None:
        """Close the connection."""
        self._blocks.close()

    def _all_blocks(self) -> Generator[bytes, None, None]:
        at, failures, renewed = 0, 0, False
        while True:
            before = at
            try:
                for block in self._from(at, renew=renewed):
                    at += len(block)
                    yield block
            except (ForbiddenError, NotFoundError):
                # Most storages answer like this once a URL has expired.
                if renewed and at == before:
                    raise
                renewed = True
            except TransientError as error:
                failures = 1 if at > before else failures + 1
                if failures >= _ATTEMPTS:
                    raise BrokenDownloadError(str(error)) from error
                self._wait(failures, error)
                renewed = False
            else:
                return
            self.resumed = self.resumed or at > 0

    def _from(self, at: int, *, renew: bool) -> Iterator[bytes]:
        """The bytes from offset ``at`` on, from one response."""
        headers = {**_PLAIN, "Range": f"bytes={at}-"} if at else _PLAIN
        with self._ask(headers, renew) as answer:
            skip = _start(answer, at)
            for block in answer.blocks():
                rest = block[skip:]
                skip = max(0, skip - len(block))
                if rest:
                    at += len(rest)
                    yield rest
        if at < self._size:
            raise TransientError(f"it broke off after {at} of {self._size} bytes")

    def _wait(self, failures: int, error: TransientError) -> None:
        longest = min(retry.LONGEST_DELAY_SECONDS, retry.FIRST_DELAY_SECONDS * 2**failures)
        pause = random.uniform(longest / 10, longest)  # noqa: S311 - no secret
        asked = error.retry_after_seconds or 0.0
        if asked > retry.LONGEST_PAUSE_SECONDS:
            raise BrokenDownloadError(str(error)) from error
        self._stop.sleep(pause + asked)


def _start(answer: Answer, at: int) -> int:
    """How many bytes of a response to skip. Raises RepositoryError if the range is wrong."""
    if not at or not answer.is_part:
        return at
    content_range = answer.headers.get("Content-Range", "")
    if not content_range.startswith(f"bytes {at}-"):
        raise RepositoryError("the storage sent a different part than requested")
    return 0
