"""Which run should have been there by now: the one rule of watchdog, ``status`` and page. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backup_contract.documents.run_report import Schedule
from backup_contract.judgement.schedule import Cron, Rate, ScheduleError, parse

GRACE = timedelta(hours=3)
"""EventBridge Scheduler itself tries for an hour to deliver, and Lambda retries after that."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The schedule; ``since`` is when it was made or last changed, None where that is not known.

    ``max_age`` counts where the expression is not understood, ``grace`` is what a run may take to
    be known of.
    """

    expression: str
    timezone: str
    state: str
    max_age: timedelta
    since: datetime | None = None
    grace: timedelta = GRACE

    @classmethod
    def by_age(cls, max_age: timedelta) -> "Watched":
        """Where no schedule is known: nothing but how old the newest run may be, to the minute."""
        return cls("", "UTC", "ENABLED", max_age, grace=timedelta())

    @classmethod
    def in_report(cls, schedule: Schedule, max_age: timedelta) -> "Watched":
        """The schedule of a run report; only the age is left of one that is not understood."""
        found = cls(schedule.expression, schedule.timezone, schedule.state, max_age)
        return found if found.understood else cls.by_age(max_age)

    @property
    def told(self) -> Schedule:
        """As the run report has it."""
        return Schedule(self.expression, self.timezone, self.state)

    @property
    def understood(self) -> bool:
        """Whether it says when, or how often, a run is due; a disabled one says never."""
        if self.state != "ENABLED":
            return True
        try:
            parse(self.expression, self.timezone)
        except ScheduleError:
            return False
        return True

    def as_it_is(self, answer: Mapping[str, Any] | None) -> "Watched":
        """The schedule that is in force, which a person may have changed in the console.

        ``answer`` is GetSchedule's. None means that somebody deleted it: then only the age of the
        newest run can tell that something is missing.
        """
        if answer is None:
            return replace(self, expression="")
        return replace(
            self,
            expression=answer["ScheduleExpression"],
            timezone=answer.get("ScheduleExpressionTimezone", "UTC"),
            state=answer["State"],
            since=answer["LastModificationDate"],
        )


def next_run(watched: Watched, now: datetime) -> datetime | None:
    """When the schedule is due next, in its own time zone; None where that is not known."""
    try:
        schedule = parse(watched.expression, watched.timezone)
    except ScheduleError:
        return None
    if watched.state != "ENABLED" or not isinstance(schedule, Cron):
        return None
    return next((at.astimezone(schedule.zone) for at in schedule.after(now)), None)


def overdue(watched: Watched, newest: datetime | None, now: datetime) -> tuple[datetime, ...]:
    """The latest time at which a run was due and should be known of by now; empty if there is none.

    Of an hour that the clocks repeat in autumn both moments are given: the run is of either.

    Nothing is expected of a disabled schedule, nor of the time before it was made or changed.
    A ``rate()``, whose phase only AWS knows, is overdue when the ``newest`` run is older than it;
    an expression that is not understood, when it is older than ``max_age``.
    """
    if watched.state != "ENABLED":
        return ()
    try:
        schedule = parse(watched.expression, watched.timezone)
    except ScheduleError:
        schedule = Rate(watched.max_age)
    match schedule:
        case Cron():
            due = schedule.before(now - watched.grace)
            recent = due and (watched.since is None or due > watched.since)
            return schedule.twins(due) if due and recent else ()
        case Rate(every):
            known = [moment for moment in (newest, watched.since) if moment]
            late = known and now - watched.grace - max(known) >= every
            return (max(known) + every,) if late else ()
