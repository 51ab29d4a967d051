"""Whether a verified run of everything should be there by now and is not. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from backup_contract.judgement.overdue import Watched, overdue

GRACE = timedelta(days=1)
"""What all attempts of a run may take until it is reported, with the pauses between them."""


def verified_run_overdue(
    watched: Watched, verified_at: datetime | None, now: datetime, within_days: int
) -> bool:
    """True where the schedule was due a day ago and no verified run of everything came of it.

    ``within_days`` above 0 counts instead of the schedule, even of a disabled one.
    Where nothing was ever verified, the time since the schedule was made counts.
    """
    if within_days:
        rule = Watched.by_age(timedelta(days=within_days))
        since = None if verified_at else watched.since
        return bool(overdue(replace(rule, since=since), verified_at, now))
    due = overdue(replace(watched, grace=GRACE), verified_at, now)
    return bool(due) and (verified_at is None or verified_at < max(due))
