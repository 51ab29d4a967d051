"""What GitHub's refusals mean, and for how long nobody asks anything."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from repo_backup.net.github_errors import pause_seconds, refusal
from repo_backup.runtime.errors import (
    AbsentError,
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)

ENDS_AT = datetime(2026, 11, 27, 17, 30, tzinfo=UTC).timestamp()
ANSWERED = "Fri, 27 Nov 2026 17:10:00 GMT"
LIMIT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{ENDS_AT:.0f}"}
HOUR = 3600.0


@pytest.mark.parametrize("wrong_by", [-30 * 24 * HOUR, -HOUR, 0.0, HOUR, 30 * 24 * HOUR])
def test_a_wrong_local_clock_neither_spins_nor_sleeps_too_long(wrong_by: float) -> None:
    now = ENDS_AT - 20 * 60 + wrong_by
    assert pause_seconds(403, {**LIMIT, "Date": ANSWERED}, b"", now) == 20 * 60


def test_a_date_to_try_again_after_is_waited_for_by_the_clock_of_whoever_names_it() -> None:
    headers = {
        "Retry-After": "Fri, 27 Nov 2026 17:05:00 GMT",
        "Date": "Fri, 27 Nov 2026 17:00:00 GMT",
    }
    assert pause_seconds(403, headers, b"", 0.0) == 5 * 60
    assert pause_seconds(403, {**headers, "Retry-After": "soon"}, b"", 0.0) is None


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


@pytest.mark.parametrize(
    ("status", "body", "kind", "answer"),
    [
        (401, b'{"message": "Bad credentials"}', UnauthorizedError, "(401): Bad credentials"),
        (403, b'{"message": "Sorry. Your account was suspended"}', ForbiddenError, "suspended"),
        (403, b"remote: disabled by GitHub staff.", ForbiddenError, ": disabled by GitHub staff."),
        (404, b"Repository not found.\n", AbsentError, "(404): Repository not found."),
        (404, b'{"message": "Not Found"}', AbsentError, "(404)"),
        (404, b"<title>No such page</title>", NotFoundError, "titled 'No such page'"),
        (451, b'{"message": "Repository access blocked"}', RepositoryError, "access blocked"),
        (503, b'{"message": "Down for now"}', TransientError, ": Down for now"),
        (422, b'{"message": "No", "errors": ["why"]}', RepositoryError, ": No; why"),
    ],
)
def test_each_refusal_has_its_kind_and_githubs_words(
    status: int, body: bytes, kind: type[Exception], answer: str
) -> None:
    error = refusal("/x", status, {}, body, has_token=True)
    assert type(error) is kind
    assert answer in str(error)


def test_what_the_api_says_of_nothing_is_no_absence_where_git_answers() -> None:
    output = b'{"message": "Not Found"}'
    error = refusal("/octo/hello.wiki.git/info/refs", 404, {}, output, has_token=True)
    assert type(error) is NotFoundError


@pytest.mark.parametrize("status", [400, 403, 404, 410, 451, 500])
@pytest.mark.parametrize("body", [b"", b"<p>Repository not found", b"not here"])
def test_no_other_answer_is_an_absence(status: int, body: bytes) -> None:
    assert not isinstance(refusal("/x", status, {}, body, has_token=True), AbsentError)
