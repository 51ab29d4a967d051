"""What a git server says in place of what it was asked for, and what that means.

It has three places for it: an ``ERR`` packet, the second band beside a pack, and the third, after
which nothing comes: https://git-scm.com/docs/gitprotocol-pack.
"""

from backup_contract.github_refusal import BODY_BYTES, text_of
from backup_contract.text import one_line
from repo_backup.net.http import Answer
from repo_backup.runtime.errors import AbsentError, RepositoryError, TransientError

_NOT_EXPORTED = "access denied or repository not exported"
"""What GitHub answers in ``ERR`` for a wiki without a first page, as ``git daemon`` does for what
it does not have: https://git-scm.com/docs/git-daemon (--informative-errors)."""
_KEPT_BYTES = 4096
"""So much of the second band is kept: its end, where the reason stands."""
_NO_REASON = "it gave no reason"


class SecondBand:
    """The end of what a server says beside a pack: progress, warnings, and why it gives up."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, data: bytes) -> None:
        """It said this, too."""
        self._kept = (self._kept + data)[-_KEPT_BYTES:]

    def with_last(self, last: bytes = b"") -> str:
        """The server's last words and what it had said before, on one line."""
        told = ", after: ".join(filter(None, (_message(last), _message(self._kept))))
        return one_line(told) or _NO_REASON


def of_error(data: bytes) -> RepositoryError:
    """What an ``ERR`` in place of a list of refs means: absence in one case, else try again."""
    message = _message(data)
    if message.startswith(_NOT_EXPORTED):
        return AbsentError(f"the server answers: {message}")
    return TransientError(f"the server answers: {message or _NO_REASON}")


def of_other_content(answer: Answer, kind: str) -> str:
    """What came in place of git's protocol, so far as it is text: ``: it sent text/html, …``."""
    told = f": it sent {one_line(kind, 100)}" if kind else ""
    if kind.startswith("text/"):
        body = bytearray()
        for block in answer.blocks():
            body += block
            if len(body) >= BODY_BYTES:
                break
        told += f", {text_of(bytes(body))}"
    return told


def _message(data: bytes) -> str:
    """Words on one line; of a line that was drawn again and again, its last state."""
    text = data.decode("utf-8", "replace").rstrip()
    lines = (line.rpartition("\r")[2].strip() for line in text.split("\n"))
    return one_line(" ".join(line for line in lines if line))
