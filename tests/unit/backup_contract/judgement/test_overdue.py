"""A missed run is found once, and nothing else is called missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract.documents.run_report import Schedule
from backup_contract.judgement.overdue import Watched, overdue

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
WEEKLY = Watched("cron(0 17 ? * FRI *)", "UTC", "ENABLED", timedelta(days=8), LONG_AGO)
FRIDAY = datetime(2026, 11, 27, 17, tzinfo=UTC)
SATURDAY = FRIDAY + timedelta(hours=15)


def test_a_weekly_run_is_expected_from_its_time_on_and_not_each_day_anew() -> None:
    assert overdue(WEEKLY, None, SATURDAY) == (FRIDAY,)
    assert overdue(WEEKLY, None, SATURDAY + timedelta(days=3)) == (FRIDAY,)
    assert overdue(WEEKLY, None, FRIDAY - timedelta(days=1)) == (FRIDAY - timedelta(days=7),)


def test_a_run_is_given_time_to_begin() -> None:
    young = replace(WEEKLY, since=FRIDAY - timedelta(days=1))
    assert overdue(young, None, FRIDAY + timedelta(hours=2)) == ()


def test_nothing_is_expected_of_the_time_before_the_schedule_was_made_or_changed() -> None:
    assert overdue(replace(WEEKLY, since=FRIDAY + timedelta(hours=1)), None, SATURDAY) == ()


def test_a_disabled_schedule_misses_nothing() -> None:
    assert overdue(replace(WEEKLY, state="DISABLED"), None, SATURDAY) == ()


@pytest.mark.parametrize("expression", ["rate(7 days)", "cron(something new)"])
def test_without_known_times_the_age_of_the_newest_run_decides(expression: str) -> None:
    watched = replace(WEEKLY, expression=expression, max_age=timedelta(days=7))
    assert overdue(watched, FRIDAY, FRIDAY + timedelta(days=7)) == ()
    late = FRIDAY + timedelta(days=7, hours=4)
    assert overdue(watched, FRIDAY, late) == (FRIDAY + timedelta(days=7),)
    fresh = replace(watched, since=FRIDAY)
    assert overdue(fresh, None, late) == (FRIDAY + timedelta(days=7),)


def test_an_hour_that_the_clocks_repeat_may_be_meant_either_time() -> None:
    nightly = replace(WEEKLY, expression="cron(30 2 * * ? *)", timezone="Europe/Vienna")
    assert overdue(nightly, None, datetime(2026, 10, 25, 8, tzinfo=UTC)) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )


def test_a_night_without_that_hour_is_no_missed_run() -> None:
    nightly = replace(WEEKLY, expression="cron(30 2 * * ? *)", timezone="Europe/Vienna")
    assert overdue(nightly, None, datetime(2026, 3, 29, 8, tzinfo=UTC)) == (
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("expression", "now", "due"),
    [
        ("cron(0 3 L * ? *)", "2028-03-05T12:00", "2028-02-29T03:00"),
        ("cron(0 6 ? * TUE#2 *)", "2026-12-31T12:00", "2026-12-08T06:00"),
        ("cron(0 6 ? 1/3 MON#1 *)", "2026-12-31T12:00", "2026-10-05T06:00"),
        ("cron(0 6 1 1 ? *)", "2026-12-31T12:00", "2026-01-01T06:00"),
        ("cron(0 6 1 1 ? 2027-2029)", "2026-12-31T12:00", None),
    ],
)
def test_rare_schedules_raise_no_false_alarm(expression: str, now: str, due: str | None) -> None:
    watched = replace(WEEKLY, expression=expression)
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = (datetime.fromisoformat(due).replace(tzinfo=UTC),) if due else ()
    assert overdue(watched, None, at) == expected


def test_a_schedule_without_a_time_zone_is_in_utc() -> None:
    answer = {"ScheduleExpression": "x", "State": "ENABLED", "LastModificationDate": FRIDAY}
    assert WEEKLY.as_it_is(answer).timezone == "UTC"


def test_the_schedule_in_force_counts_and_not_the_one_that_was_deployed() -> None:
    changed = WEEKLY.as_it_is(
        {
            "ScheduleExpression": "cron(0 17 ? * SAT *)",
            "ScheduleExpressionTimezone": "Europe/Vienna",
            "State": "ENABLED",
            "LastModificationDate": FRIDAY,
        }
    )
    assert overdue(changed, None, SATURDAY + timedelta(hours=3)) == ()
    assert overdue(changed, None, SATURDAY + timedelta(days=1)) == (
        FRIDAY + timedelta(days=1, hours=-1),
    )


def test_a_newest_run_of_the_far_future_is_not_overdue() -> None:
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert overdue(Watched.by_age(timedelta(days=8)), far, SATURDAY) == ()


@pytest.mark.parametrize("expression", ["", "at(2026-11-27T17:00:00)", "cron(something new)"])
def test_of_a_reported_schedule_that_is_not_understood_only_the_age_counts(expression: str) -> None:
    week = timedelta(days=7)
    watched = Watched.in_report(Schedule(expression, "UTC", "ENABLED"), week)
    assert overdue(watched, FRIDAY, FRIDAY + week) == (FRIDAY + week,)
    assert overdue(watched, FRIDAY, FRIDAY + week - timedelta(seconds=1)) == ()


def test_a_reported_schedule_is_the_one_in_force() -> None:
    assert Watched.in_report(WEEKLY.reported, WEEKLY.max_age) == replace(WEEKLY, since=None)
