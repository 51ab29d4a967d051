"""Which scheduled run should have been there by now. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.schedule import Cron, Rate, ScheduleError, parse

GRACE = timedelta(hours=3)
"""EventBridge Scheduler itself tries for an hour to deliver, and Lambda retries after that."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The schedule as it was deployed; a change of it starts the watch anew."""

    expression: str
    timezone: str
    state: str
    max_age: timedelta

    @property
    def fingerprint(self) -> str:
        """Differs whenever another schedule is in force."""
        return f"{self.state} {self.expression} {self.timezone}"


def next_run(watched: Watched, now: datetime) -> datetime | None:
    """When the schedule is due next; None where that is nobody's business or not known."""
    try:
        schedule = parse(watched.expression, watched.timezone)
    except ScheduleError:
        return None
    if watched.state != "ENABLED" or not isinstance(schedule, Cron):
        return None
    return next(iter(schedule.after(now)), None)


def overdue(
    watched: Watched, since: datetime, newest: datetime | None, now: datetime
) -> datetime | None:
    """The latest time at which a run was due and should be known of by now; None if there is none.

    Nothing is expected of a disabled schedule, nor of the time before the watch began (``since``).
    A ``rate()``, whose phase only AWS knows, is overdue when the ``newest`` run is older than it;
    an expression that is not understood, when it is older than ``max_age``.
    """
    if watched.state != "ENABLED":
        return None
    try:
        schedule = parse(watched.expression, watched.timezone)
    except ScheduleError:
        schedule = Rate(watched.max_age)
    match schedule:
        case Cron():
            due = schedule.before(now - GRACE)
            return due if due and due > since else None
        case Rate(every):
            due = max(newest or since, since) + every
            return due if due <= now - GRACE else None
