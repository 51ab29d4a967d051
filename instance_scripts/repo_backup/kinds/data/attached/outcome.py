"""The results of one run for a repository's attachments, and their description for people."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from backup_contract import object_keys as layout

_MOST_NAMED = 3
_MOST_URL_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class SavedFile:
    """An attachment that was stored as an object. ``suffix`` is for its file name, such as
    ``.png``."""

    sha256: str
    size: int
    suffix: str = ""


@dataclass
class AttachmentOutcome:
    """The results for the attachments that a run wanted to save, by URL.

    ``refused`` has codes of ``attached.REFUSALS``; ``failed`` and ``left`` (to later runs) have
    reasons as text. ``false`` are the SHA-256 of objects that did not match and were replaced.
    """

    saved: dict[str, SavedFile] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)

    @property
    def reason(self) -> str | None:
        """Why the backup is incomplete, if it is. An attachment that GitHub refuses is not a
        failure."""
        parts = []
        if self.failed:
            few = [f"{_shown(url)}: {why}" for url, why in [*self.failed.items()][:_MOST_NAMED]]
            more = len(self.failed) - len(few)
            few += [f"and {more} more"] if more else []
            parts.append(f"{_attachments(len(self.failed))} could not be saved: {'; '.join(few)}")
        for sha256 in sorted(self.false):
            parts.append(f"{layout.content(sha256)} did not match its key and was replaced")
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
