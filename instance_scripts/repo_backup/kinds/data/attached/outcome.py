"""What became of the attachments that one run tried to save, and what a person is told of it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from backup_contract import object_keys as layout

_MOST_NAMED = 3
_MOST_URL_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class SavedFile:
    """An attachment that is an object now; ``suffix`` is for its name, as ``.png``."""

    sha256: str
    size: int
    suffix: str = ""


@dataclass
class AttachmentOutcome:
    """By URL, what became of the attachments that were wanted.

    ``refused`` has the codes of ``attached.REFUSALS``, ``failed`` and ``left`` sentences.
    """

    saved: dict[str, SavedFile] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)

    @property
    def reason(self) -> str | None:
        """Why the backup is incomplete, if it is: what GitHub refuses is no failure."""
        parts = []
        if self.failed:
            few = [f"{_shown(url)}: {why}" for url, why in [*self.failed.items()][:_MOST_NAMED]]
            more = len(self.failed) - len(few)
            few += [f"and {more} more"] if more else []
            parts.append(f"{_attachments(len(self.failed))} could not be saved: {'; '.join(few)}")
        for sha256 in sorted(self.false):
            parts.append(f"{layout.content(sha256)} was not what its key says, and was replaced")
        return "; ".join(parts) or None

    @property
    def warning(self) -> str | None:
        """What is left to later runs, if anything is."""
        if not self.left:
            return None
        why = next(iter(self.left.values()))
        return f"{_attachments(len(self.left))} left to later runs: {why}"


def _shown(url: str) -> str:
    path = urlsplit(url).path
    return path if len(path) <= _MOST_URL_CHARACTERS else f"{path[:_MOST_URL_CHARACTERS]}…"


def _attachments(count: int) -> str:
    return "1 attachment" if count == 1 else f"{count} attachments"
