"""The parts of a message, before they are rendered for a channel."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MANIFEST, REPORT, LOG = "the manifest", "report.json", "the reporter's log"


class About(StrEnum):
    """The subject of a section, in the order in which a reader needs them."""

    ALARM = "alarm"
    VERDICT = "verdict"
    COUNTS = "counts"
    ERRORS = "errors"
    PROBLEMS = "problems"
    DAMAGE = "damage"
    REFUSALS = "refusals"
    ADVICE = "advice"
    URGENT = "urgent"
    REWRITES = "rewrites"
    PROJECT_DATA = "project-data"
    ACKNOWLEDGED = "acknowledged"
    CONTENTS = "contents"
    ATTEMPTS = "attempts"
    COST = "cost"
    LOG = "log"
    WHEREABOUTS = "whereabouts"


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines under a title. A channel may show only some, and say that ``complete_in`` has all.

    ``quoted`` lines were written by others.
    """

    title: str
    lines: tuple[str, ...]
    complete_in: str = MANIFEST
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences and lists about one subject. Text by others in them is not yet escaped."""

    about: About
    parts: tuple[str | Listing, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A subject line, and the sections that are not empty, the most urgent first."""

    subject: str
    sections: tuple[Section, ...]

    @classmethod
    def of(cls, subject: str, sections: Iterable[Section]) -> "Message":
        """Create a message without its empty sections."""
        return cls(subject, tuple(each for each in sections if each.parts))


def listed(
    title: str, lines: Iterable[str], complete_in: str = MANIFEST, *, quoted: bool = False
) -> tuple[Listing, ...]:
    """The lines under a title; nothing if there are none."""
    every = tuple(lines)
    return (Listing(title, every, complete_in, quoted),) if every else ()
