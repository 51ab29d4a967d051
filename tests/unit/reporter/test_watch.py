"""A missed run is found once, and nothing else is called missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reporter.watch import Watched, overdue

WEEKLY = Watched("cron(0 17 ? * FRI *)", "UTC", "ENABLED", timedelta(days=8))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 17, tzinfo=UTC)
SATURDAY = FRIDAY + timedelta(hours=15)


def test_a_weekly_run_is_expected_from_its_time_on_and_not_each_day_anew() -> None:
    assert overdue(WEEKLY, LONG_AGO, None, SATURDAY) == FRIDAY
    assert overdue(WEEKLY, LONG_AGO, None, SATURDAY + timedelta(days=3)) == FRIDAY
    assert overdue(WEEKLY, LONG_AGO, None, FRIDAY - timedelta(days=1)) == FRIDAY - timedelta(days=7)


def test_a_run_is_given_time_to_begin() -> None:
    assert overdue(WEEKLY, FRIDAY - timedelta(days=1), None, FRIDAY + timedelta(hours=2)) is None


def test_nothing_is_expected_of_the_time_before_the_stack() -> None:
    assert overdue(WEEKLY, FRIDAY + timedelta(hours=1), None, SATURDAY) is None


def test_a_disabled_schedule_misses_nothing() -> None:
    assert overdue(replace(WEEKLY, state="DISABLED"), LONG_AGO, None, SATURDAY) is None


@pytest.mark.parametrize("expression", ["rate(7 days)", "cron(something new)"])
def test_without_known_times_the_age_of_the_newest_run_decides(expression: str) -> None:
    watched = Watched(expression, "UTC", "ENABLED", timedelta(days=7))
    assert overdue(watched, LONG_AGO, FRIDAY, FRIDAY + timedelta(days=7)) is None
    late = FRIDAY + timedelta(days=7, hours=4)
    assert overdue(watched, LONG_AGO, FRIDAY, late) == FRIDAY + timedelta(days=7)
