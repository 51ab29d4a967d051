"""Decides whether a verified run of everything is overdue. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from backup_contract.judgement.overdue import Watched, overdue

GRACE = timedelta(days=1)
"""The time for all attempts of a run and the pauses between them, until it is reported."""


def verified_run_overdue(
    watched: Watched, verified_at: datetime | None, now: datetime, within_days: int
) -> bool:
    """Whether the schedule was due a day ago without a verified run of everything since.

    ``within_days`` above 0 replaces the schedule, even a disabled one. If no run was ever verified,
    the time since the schedule was created counts.
    """
    if within_days:
        rule = Watched.by_age(timedelta(days=within_days))
        since = None if verified_at else watched.since
        return bool(overdue(replace(rule, since=since), verified_at, now))
    due = overdue(replace(watched, grace=GRACE), verified_at, now)
    return bool(due) and (verified_at is None or verified_at < max(due))
