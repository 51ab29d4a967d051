"""Interprets a git server's error messages.

They come in an ``ERR`` packet, on the second band beside a pack, or on the third band, which ends
the response: https://git-scm.com/docs/gitprotocol-pack.
"""

from backup_contract.github_refusal import BODY_BYTES, text_of
from backup_contract.text import one_line
from repo_backup.net.http import Answer
from repo_backup.runtime.errors import AbsentError, RepositoryError, TransientError

_NOT_EXPORTED = "access denied or repository not exported"
"""GitHub's ``ERR`` for a wiki without a first page, and ``git daemon``'s for a repository that does
not exist: https://git-scm.com/docs/git-daemon (--informative-errors)."""
_KEPT_BYTES = 4096
"""How much of the second band is kept, from its end, which has the reason."""
_NO_REASON = "it gave no reason"


class SecondBand:
    """The end of the second band: progress, warnings, and why the server gives up."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, data: bytes) -> None:
        """Append data of the band."""
        self._kept = (self._kept + data)[-_KEPT_BYTES:]

    def with_last(self, last: bytes = b"") -> str:
        """The server's ``last`` message and the end of the band, on one line."""
        detail = ", after: ".join(filter(None, (_message(last), _message(self._kept))))
        return one_line(detail) or _NO_REASON


def of_error(data: bytes) -> RepositoryError:
    """The error for an ``ERR`` packet instead of refs: AbsentError, or else TransientError."""
    message = _message(data)
    if message.startswith(_NOT_EXPORTED):
        return AbsentError(f"the server answers: {message}")
    return TransientError(f"the server answers: {message or _NO_REASON}")


def of_other_content(answer: Answer, kind: str) -> str:
    """Describes a response that is not git's protocol: ``: it sent text/html, …``."""
    detail = f": it sent {one_line(kind, 100)}" if kind else ""
    if kind.startswith("text/"):
        body = bytearray()
        for block in answer.blocks():
            body += block
            if len(body) >= BODY_BYTES:
                break
        detail += f", {text_of(bytes(body))}"
    return detail


def _message(data: bytes) -> str:
    """A message on one line. Of a progress line, only its last state."""
    text = data.decode("utf-8", "replace").rstrip()
    lines = (line.rpartition("\r")[2].strip() for line in text.split("\n"))
    return one_line(" ".join(line for line in lines if line))
