"""The summary of a run, and what could not be read for it."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from backup_contract.documents.suspicion import Suspicion
from reporter.judge.archive_state import Checked
from reporter.observe.attempts import Checkpoint
from reporter.publish.facts import Facts
from reporter.publish.run_report import run_report
from reporter.publish.sections import Message
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from shared.aws.run_table import Reported


@dataclass(slots=True)
class Gaps:
    """What could not be read, a line each; ``unforeseen`` if one is no fault that we know of."""

    lines: list[str] = field(default_factory=list)
    unforeseen: bool = False


@dataclass(frozen=True, slots=True)
class Background:
    """What is not told, but needed afterwards.

    ``checkpoint`` is the newest that an attempt of the run wrote, to be published. ``reported`` is
    what earlier reports left; None where nobody looked. ``checked`` is what came of the archives'
    check, ``noted`` the suspicions that the report before wrote down.
    """

    checkpoint: Checkpoint | None = None
    reported: Reported | None = None
    checked: Checked = field(default_factory=Checked)
    noted: tuple[Suspicion, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of a run, and how: the message, the mail's text of it, and ``report.json``."""

    facts: Facts
    message: Message
    text: str
    report: dict[str, Any]
    background: Background = field(default_factory=Background)

    @classmethod
    def of(cls, facts: Facts, background: Background | None = None) -> Self:
        """The summary of these facts."""
        message, rest = summary(facts), background or Background()
        return cls(facts, message, as_text(message), run_report(facts).document, rest)

    def with_damage(self, *lines: str) -> "Summary":
        """The same, and what else went wrong, a line each."""
        if not lines:
            return self
        facts = replace(self.facts, damage=(*self.facts.damage, *lines))
        return Summary.of(facts, self.background)
