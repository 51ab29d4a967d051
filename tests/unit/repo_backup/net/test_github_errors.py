"""What GitHub's refusals mean for how long nobody asks anything."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from repo_backup.net.github_errors import pause_seconds

ENDS_AT = datetime(2026, 11, 27, 17, 30, tzinfo=UTC).timestamp()
ANSWERED = "Fri, 27 Nov 2026 17:10:00 GMT"
LIMIT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{ENDS_AT:.0f}"}
HOUR = 3600.0


@pytest.mark.parametrize("wrong_by", [-30 * 24 * HOUR, -HOUR, 0.0, HOUR, 30 * 24 * HOUR])
def test_a_wrong_local_clock_neither_spins_nor_sleeps_too_long(wrong_by: float) -> None:
    now = ENDS_AT - 20 * 60 + wrong_by
    assert pause_seconds(403, {**LIMIT, "Date": ANSWERED}, b"", now) == 20 * 60


@pytest.mark.parametrize("date", [None, "", "yesterday", "Fri, 99 Nov 2026 17:10:00 GMT"])
def test_without_a_date_that_can_be_read_the_local_clock_counts(date: str | None) -> None:
    headers = LIMIT if date is None else {**LIMIT, "Date": date}
    assert pause_seconds(429, headers, b"", ENDS_AT - 60) == 60


def test_a_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    date = format_datetime(datetime(2026, 11, 27, 17, 10))  # noqa: DTZ001 - that is the case
    assert pause_seconds(403, {**LIMIT, "Date": date}, b"", 0.0) == 20 * 60
    monkeypatch.undo()
    time.tzset()


def test_a_limit_that_has_ended_is_waited_for_a_second() -> None:
    late = {**LIMIT, "Date": "Fri, 27 Nov 2026 18:00:00 GMT"}
    assert pause_seconds(403, late, b"", 0.0) == 1


def test_what_is_no_rate_limit_is_not_waited_for() -> None:
    assert pause_seconds(404, LIMIT, b"", 0.0) is None
    assert pause_seconds(403, {"X-RateLimit-Remaining": "17"}, b"no", 0.0) is None
