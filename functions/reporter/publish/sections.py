"""What a message is made of, before any channel renders it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MANIFEST, REPORT, LOG = "the manifest", "report.json", "the reporter's log"


class About(StrEnum):
    """What a section tells of, in the order in which a reader needs it."""

    ALARM = "alarm"
    VERDICT = "verdict"
    URGENT = "urgent"
    PROJECT_DATA = "project-data"
    ERRORS = "errors"
    PROBLEMS = "problems"
    REWRITES = "rewrites"
    DAMAGE = "damage"
    REFUSALS = "refusals"
    ADVICE = "advice"
    ACKNOWLEDGED = "acknowledged"
    CONTENTS = "contents"
    ATTEMPTS = "attempts"
    COST = "cost"
    LOG = "log"
    WHEREABOUTS = "whereabouts"


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines under a title. A channel may show some of them, and say that all are in ``whole_in``.

    ``quoted`` lines are somebody else's.
    """

    title: str
    lines: tuple[str, ...]
    whole_in: str = MANIFEST
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences and lists about one thing. What others wrote in them is as they wrote it."""

    about: About
    parts: tuple[str | Listing, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A subject, and the sections that have something to tell, the most urgent first."""

    subject: str
    sections: tuple[Section, ...]

    @classmethod
    def of(cls, subject: str, sections: Iterable[Section]) -> "Message":
        """A message without the sections that have nothing to tell."""
        return cls(subject, tuple(each for each in sections if each.parts))


def listed(
    title: str, lines: Iterable[str], whole_in: str = MANIFEST, *, quoted: bool = False
) -> tuple[Listing, ...]:
    """The lines under a title; nothing where there are none."""
    every = tuple(lines)
    return (Listing(title, every, whole_in, quoted),) if every else ()
