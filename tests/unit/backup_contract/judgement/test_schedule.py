"""The watchdog knows when the schedule was due, in the schedule's own time zone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_contract.judgement.schedule import Cron, Rate, ScheduleError, parse


def due(expression: str, moment: str, zone: str = "UTC") -> list[str]:
    """The time before and the two after, as texts."""
    cron = parse(expression, zone)
    assert isinstance(cron, Cron)
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    before = cron.before(at)
    return [f"{each:%a %Y-%m-%d %H:%M}" for each in [before, *cron.after(at, 2)] if each]


@pytest.mark.parametrize(
    ("expression", "moment", "expected"),
    [
        (
            "cron(0 17 ? * FRI *)",
            "2026-11-25T12:00",
            ["Fri 2026-11-20 17:00", "Fri 2026-11-27 17:00", "Fri 2026-12-04 17:00"],
        ),
        (
            "cron(0 17 ? * 6 *)",
            "2026-11-27T17:00",
            ["Fri 2026-11-27 17:00", "Fri 2026-12-04 17:00", "Fri 2026-12-11 17:00"],
        ),
        (
            "cron(30 2 1 * ? *)",
            "2026-01-01T02:29",
            ["Mon 2025-12-01 02:30", "Thu 2026-01-01 02:30", "Sun 2026-02-01 02:30"],
        ),
        (
            "cron(0/30 8-9 ? * MON-FRI *)",
            "2026-11-27T09:45",
            ["Fri 2026-11-27 09:30", "Mon 2026-11-30 08:00", "Mon 2026-11-30 08:30"],
        ),
        (
            "cron(0 0 L * ? *)",
            "2028-02-10T00:00",
            ["Mon 2028-01-31 00:00", "Tue 2028-02-29 00:00", "Fri 2028-03-31 00:00"],
        ),
        (
            "cron(0 6 ? * TUE#2 *)",
            "2026-11-11T00:00",
            ["Tue 2026-11-10 06:00", "Tue 2026-12-08 06:00", "Tue 2027-01-12 06:00"],
        ),
        (
            "cron(0 6 ? * FRIL *)",
            "2026-11-01T00:00",
            ["Fri 2026-10-30 06:00", "Fri 2026-11-27 06:00", "Fri 2026-12-25 06:00"],
        ),
        (
            "cron(0 6 1W * ? *)",
            "2026-08-02T00:00",
            ["Wed 2026-07-01 06:00", "Mon 2026-08-03 06:00", "Tue 2026-09-01 06:00"],
        ),
        (
            "cron(0 0 29 2 ? *)",
            "2026-01-01T00:00",
            ["Thu 2024-02-29 00:00", "Tue 2028-02-29 00:00"],
        ),
        ("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00", []),
    ],
)
def test_due_times_are_those_that_aws_documents(
    expression: str, moment: str, expected: list[str]
) -> None:
    assert due(expression, moment) == expected


def test_a_time_zone_moves_the_due_time_with_the_seasons() -> None:
    assert due("cron(0 17 ? * FRI *)", "2026-10-26T00:00", "Europe/Vienna") == [
        "Fri 2026-10-23 15:00",
        "Fri 2026-10-30 16:00",
        "Fri 2026-11-06 16:00",
    ]


def test_a_time_that_the_clocks_skip_is_not_due() -> None:
    # In Vienna 2026-03-29 has no 02:30.
    assert due("cron(30 2 ? * * *)", "2026-03-28T12:00", "Europe/Vienna") == [
        "Sat 2026-03-28 01:30",
        "Mon 2026-03-30 00:30",
        "Tue 2026-03-31 00:30",
    ]


def test_a_rate_is_a_duration() -> None:
    rate = parse("rate(7 days)", "UTC")
    assert isinstance(rate, Rate)
    assert rate.every.days == 7


@pytest.mark.parametrize(
    "strange",
    [
        "",
        "at(2026-11-27T17:00:00)",
        "cron(0 17 ? * FRI)",
        "cron(0 25 ? * FRI *)",
        "cron(0 17 ? * FUN *)",
        "cron(0/0 17 ? * FRI *)",
        "cron(0 17 ? * FRI#9 *)",
    ],
)
def test_what_is_not_understood_says_so(strange: str) -> None:
    with pytest.raises(ScheduleError):
        parse(strange, "UTC")


def test_an_unknown_time_zone_says_so() -> None:
    with pytest.raises(ScheduleError, match="Mars"):
        parse("cron(0 17 ? * FRI *)", "Mars/Olympus")


@given(st.text("0123456789*?/,-#LWMONFRI() cronrate", max_size=30))
def test_no_expression_raises_anything_but_its_own_error(text: str) -> None:
    for expression in (text, f"cron({text})"):
        try:
            parse(expression, "UTC")
        except ScheduleError:
            continue


@pytest.mark.parametrize(
    "expression",
    ["rate(9999999999999999 days)", "cron(0 6 0W * ? *)", f"cron({'9' * 5000} 6 * * ? *)"],
)
def test_a_report_of_somebody_else_cannot_break_who_reads_its_schedule(expression: str) -> None:
    with pytest.raises(ScheduleError):
        parse(expression, "UTC")
