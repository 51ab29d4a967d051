"""Decides whether a run is overdue, for the daily check, ``status`` and the page. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backup_contract.documents.run_report import Schedule
from backup_contract.judgement.schedule import Cron, Rate, ScheduleError, parse

GRACE = timedelta(hours=3)
"""EventBridge Scheduler retries its delivery for an hour, and Lambda retries after that."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The schedule to check runs against.

    ``since`` is when it was created or last changed; None if not known. ``max_age`` applies if the
    expression is not understood. ``grace`` is how long after its time a run may still be unknown.
    """

    expression: str
    timezone: str
    state: str
    max_age: timedelta
    since: datetime | None = None
    grace: timedelta = GRACE

    @classmethod
    def by_age(cls, max_age: timedelta) -> "Watched":
        """For an unknown schedule: only the age of the newest run counts, without grace."""
        return cls("", "UTC", "ENABLED", max_age, grace=timedelta())

    @classmethod
    def in_report(cls, schedule: Schedule, max_age: timedelta) -> "Watched":
        """The schedule in a run report. If it is not understood, only the age counts."""
        found = cls(schedule.expression, schedule.timezone, schedule.state, max_age)
        return found if found.understood else cls.by_age(max_age)

    @property
    def reported(self) -> Schedule:
        """The schedule in the form of the run report."""
        return Schedule(self.expression, self.timezone, self.state)

    @property
    def understood(self) -> bool:
        """Whether the expression is understood; a disabled schedule always is."""
        if self.state != "ENABLED":
            return True
        try:
            parse(self.expression, self.timezone)
        except ScheduleError:
            return False
        return True

    def as_it_is(self, answer: Mapping[str, Any] | None) -> "Watched":
        """The schedule in force, which a person may have changed in the console.

        ``answer`` is the response of GetSchedule; None if the schedule was deleted. Then only the
        age of the newest run shows that one is missing.
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
    """When the next run is due, in the schedule's time zone; None if that is not known."""
    try:
        schedule = parse(watched.expression, watched.timezone)
    except ScheduleError:
        return None
    if watched.state != "ENABLED" or not isinstance(schedule, Cron):
        return None
    return next((at.astimezone(schedule.zone) for at in schedule.after(now)), None)


def overdue(watched: Watched, newest: datetime | None, now: datetime) -> tuple[datetime, ...]:
    """The latest time at which a run was due and should be known by now; empty if there is none.

    For a time in the hour that the clocks repeat in autumn, both moments are returned: the run may
    have started at either.

    A disabled schedule expects no run, and none is expected from before its creation or last
    change. A ``rate()``, whose phase only AWS knows, is overdue if the ``newest`` run is older than
    its interval; an expression that is not understood, if that run is older than ``max_age``.
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
