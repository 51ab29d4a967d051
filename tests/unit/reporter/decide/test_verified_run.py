"""The alarm on verified runs that do not come goes by the schedule, or by days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract.judgement.overdue import Watched
from reporter.decide.verified_run import verified_run_overdue

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
WEEKLY = Watched("cron(0 17 ? * FRI *)", "UTC", "ENABLED", timedelta(days=8), LONG_AGO)
FRIDAY = datetime(2026, 11, 27, 17, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("verified_at", "now", "late"),
    [
        (FRIDAY + HOUR, FRIDAY + 6 * DAY, False),
        (FRIDAY - 7 * DAY, FRIDAY + 23 * HOUR, False),
        (FRIDAY - 7 * DAY, FRIDAY + 25 * HOUR, True),
        (FRIDAY + 30 * HOUR, FRIDAY + 31 * HOUR, False),
        (None, FRIDAY + 25 * HOUR, True),
    ],
    ids=["in time", "may still be running", "missing", "came late", "never"],
)
def test_a_day_after_a_run_was_due_it_must_be_verified(
    verified_at: datetime | None, now: datetime, late: bool
) -> None:
    assert verified_run_overdue(WEEKLY, verified_at, now, 0) is late


def test_a_new_stack_has_until_a_day_after_its_first_run() -> None:
    young = replace(WEEKLY, since=FRIDAY - DAY)
    assert not verified_run_overdue(young, None, FRIDAY + 23 * HOUR, 0)
    assert verified_run_overdue(young, None, FRIDAY + 25 * HOUR, 0)


def test_a_disabled_schedule_is_never_late_unless_days_are_given() -> None:
    off = replace(WEEKLY, state="DISABLED")
    assert not verified_run_overdue(off, LONG_AGO, FRIDAY, 0)
    assert verified_run_overdue(off, FRIDAY - 10 * DAY, FRIDAY, 10)
    assert not verified_run_overdue(off, FRIDAY - 10 * DAY + HOUR, FRIDAY, 10)
