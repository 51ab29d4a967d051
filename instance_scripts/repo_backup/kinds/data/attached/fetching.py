"""Fetches one attachment, and detects a sign-in page that GitHub sends instead."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from backup_contract import __version__
from backup_contract.text import size as shown
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import AttachmentHost
from repo_backup.kinds.base import Resources
from repo_backup.kinds.data.attached.files import suffix_of
from repo_backup.net.download import BrokenDownloadError
from repo_backup.net.http import Answer
from repo_backup.runtime.errors import RepositoryError, TransientError

SMALL_BYTES = 8 << 20
"""Files up to this size are fetched in parallel; larger ones use the temporary directory one at a
time."""
_ATTEMPTS = 3
_LONGEST_WAIT_SECONDS = 30.0
_PLAIN = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    # Elsewhere this program's User-Agent is git's, which a site may treat unlike a browser's.
    "User-Agent": f"repo-backup/{__version__}",
}
_PAGES = ("text/html", "application/xhtml+xml")
_PAGE_STARTS = (b"<!doctype html", b"<html")
_SIGN_IN_PATHS = ("/login", "/session", "/sessions")


class SignInError(RepositoryError):
    """GitHub sent a web page, usually to sign in, instead of a file."""


class TooLargeError(RepositoryError):
    """The file is larger than a whole run's allowance."""


class LeftError(RepositoryError):
    """This run cannot download it; a later run may."""


class WaitError(LeftError):
    """GitHub asks for a long wait, so the remaining files are left to later runs."""


@dataclass(frozen=True)
class FetchedFile:
    """An attachment in a temporary file. ``suffix`` is for its file name."""

    file: IO[bytes]
    suffix: str


@dataclass(frozen=True)
class AttachmentFetcher:
    """Fetches attachments of one repository into temporary files in ``room``."""

    remote: RemoteRepository
    resources: Resources
    host: AttachmentHost
    room: Path

    @contextlib.contextmanager
    def fetch(self, url: str) -> Iterator[FetchedFile]:
        """Fetch the file at a URL, which may be signed.

        Raises SignInError, TooLargeError, LeftError, WaitError, BrokenDownloadError if retries did
        not help, another RepositoryError if GitHub refuses, and InterruptedRunError.
        """
        with contextlib.ExitStack() as cleanup:
            file = cleanup.enter_context(tempfile.TemporaryFile(dir=self.room))
            room = _Room(self.resources, self.room, cleanup)

            def once() -> str:
                file.seek(0)
                file.truncate()
                try:
                    with self.host.open_attachment(self.remote, url, _PLAIN) as answer:
                        _receive(answer, file, room.reserve)
                        return suffix_of(answer.headers.get("Content-Type", ""), answer.url)
                except TransientError as error:
                    if (error.retry_after_seconds or 0.0) > _LONGEST_WAIT_SECONDS:
                        raise WaitError(str(error)) from error
                    raise

            retry_policy = replace(self.resources.retry_policy, attempts=_ATTEMPTS)
            try:
                suffix = retry_policy.call(once)
            except TransientError as error:
                raise BrokenDownloadError(str(error)) from error
            yield FetchedFile(file, suffix)


class _Room:
    """Reserves bytes of the run's allowance, and disk space, for one download."""

    def __init__(self, resources: Resources, room: Path, cleanup: contextlib.ExitStack) -> None:
        self._choice = resources.assets
        self._room = room
        self._cleanup = cleanup
        self._taken = 0
        self._has_scratch = False

    def reserve(self, total: int) -> None:
        """Raise the reservation to ``total`` bytes. Raises TooLargeError or LeftError."""
        if total <= self._taken:
            return
        allowance = self._choice.allowance
        if allowance.total is not None and total > allowance.total:
            raise TooLargeError(f"its size is {shown(total)}")
        if not allowance.take(total - self._taken):
            raise LeftError(f"--max-assets allows {shown(allowance.total or 0)} in each")
        self._taken = total
        if total > SMALL_BYTES and not self._has_scratch:
            self._cleanup.enter_context(self._choice.scratch)
            self._has_scratch = True
        if total > shutil.disk_usage(self._room).free // 2:
            raise LeftError("the temporary directory has too little space")


def _receive(answer: Answer, file: IO[bytes], reserve: Callable[[int], None]) -> None:
    """Write a response's bytes to a file. Raises SignInError for a web page, TransientError for a
    truncated response, and what ``reserve`` raises."""
    _refuse_page(answer)
    length = answer.headers.get("Content-Length", "")
    # The length of an encoded body is compared before it is decoded.
    encoded = answer.headers.get("Content-Encoding", "identity").lower() != "identity"
    expected = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
    if expected is not None:
        reserve(expected)
    elif answer.headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise TransientError("the response does not say where it ends")
    first = True
    for block in answer.blocks():
        if first and _is_page(answer, block):
            raise SignInError("GitHub sent a web page")
        first = False
        reserve(file.tell() + len(block))
        file.write(block)
    if expected is not None and not encoded and file.tell() != expected:
        raise TransientError(f"it broke off after {file.tell()} of {expected} bytes")


def _refuse_page(answer: Answer) -> None:
    path = urlsplit(answer.url).path.rstrip("/")
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if path in _SIGN_IN_PATHS or (media_type in _PAGES and not _is_download(answer)):
        raise SignInError("GitHub sent a web page")


def _is_page(answer: Answer, start: bytes) -> bool:
    """Whether a response without a media type starts like a web page."""
    if answer.headers.get("Content-Type") or _is_download(answer):
        return False
    return start.lstrip()[:20].lower().startswith(_PAGE_STARTS)


def _is_download(answer: Answer) -> bool:
    """Whether the server marks the response as a file to save, which may be an HTML file."""
    disposition = answer.headers.get("Content-Disposition", "")
    return disposition.strip().lower().startswith("attachment")
