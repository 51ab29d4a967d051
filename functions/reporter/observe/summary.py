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
    """A line for each thing that could not be read. ``unforeseen``: one had an unexpected error."""

    lines: list[str] = field(default_factory=list)
    unforeseen: bool = False


@dataclass(frozen=True, slots=True)
class Background:
    """What the reporter needs besides the facts in the mail.

    ``checkpoint`` is the newest manifest of an attempt, which is to be published. ``reported`` is
    from earlier reports; None if it was not read. ``checked`` is the result of the archive check,
    ``noted`` the suspicions in the previous report.
    """

    checkpoint: Checkpoint | None = None
    reported: Reported | None = None
    checked: Checked = field(default_factory=Checked)
    noted: tuple[Suspicion, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The facts of a run in all forms: the message, the mail's text, and ``report.json``."""

    facts: Facts
    message: Message
    text: str
    report: dict[str, Any]
    background: Background = field(default_factory=Background)

    @classmethod
    def of(cls, facts: Facts, background: Background | None = None) -> Self:
        """Create the summary of these facts."""
        message, rest = summary(facts), background or Background()
        return cls(facts, message, as_text(message), run_report(facts).document, rest)

    def with_damage(self, *lines: str) -> "Summary":
        """The summary with further lines about what went wrong."""
        if not lines:
            return self
        facts = replace(self.facts, damage=(*self.facts.damage, *lines))
        return Summary.of(facts, self.background)
