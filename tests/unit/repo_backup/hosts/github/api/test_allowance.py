"""A share of each hour's limit is used, and no wait outlasts the run."""

import math

import pytest

from repo_backup.hosts.github.api.allowance import Allowance, HourlyLimit
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AllowanceSpentError, InterruptedRunError

DATE = "Mon, 30 Nov 2026 12:00:00 GMT"
RESET = 1796040000 + 1800  # 12:30 of that day


def limit(remaining: int, *, of: int = 5000, reset: int = RESET) -> dict[str, str]:
    return {
        "Date": DATE,
        "X-RateLimit-Limit": str(of),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(reset),
    }


def allowance(*, ends_at: float, at: float = 0.0) -> Allowance:
    return Allowance(CancellationToken(), ends_at=ends_at, clock=lambda: at)


def test_requests_go_until_the_share_is_used() -> None:
    budget = HourlyLimit()
    assert budget.wait_seconds(0.8, 0.0) == 0
    budget.learn(limit(1001), 0.0)
    assert budget.wait_seconds(0.8, 0.0) == 0
    budget.learn(limit(1000), 0.0)
    assert budget.wait_seconds(0.8, 0.0) == pytest.approx(1801)


def test_the_wait_is_told_by_githubs_clock_alone() -> None:
    budget = HourlyLimit()
    budget.learn(limit(0), 77.0)
    assert budget.wait_seconds(0.8, 77.0 + 1000) == pytest.approx(801)
    assert budget.wait_seconds(0.8, 77.0 + 1802) == 0


def test_requests_under_way_count_with_the_weight_of_the_heaviest() -> None:
    budget = HourlyLimit()
    budget.learn(limit(1100), 0.0)
    budget.learn(limit(1080), 0.0)
    assert budget.heaviest == 20
    assert budget.wait_seconds(0.8, 0.0) == 0
    budget.in_flight = 4
    assert budget.wait_seconds(0.8, 0.0) > 0


def test_answers_that_overtake_each_other_never_give_allowance_back() -> None:
    budget = HourlyLimit()
    budget.learn(limit(2000), 0.0)
    budget.learn(limit(2100), 0.0)
    budget.learn(limit(5000, reset=RESET - 3600), 0.0)
    assert budget.remaining == 2000


def test_a_server_without_limits_is_not_waited_for() -> None:
    budget = HourlyLimit()
    budget.learn({"Date": DATE}, 0.0)
    budget.learn({"X-RateLimit-Limit": "none", "X-RateLimit-Remaining": "0"}, 0.0)
    assert budget.wait_seconds(0.8, 0.0) == 0


def test_the_run_stops_resumably_where_the_next_hour_begins_after_its_end() -> None:
    ending = allowance(ends_at=1700)
    ending.learn("core", limit(3))
    with (
        pytest.raises(AllowanceSpentError, match=r"REST limit is used; .* in 31 min"),
        ending.request("core", "changes"),
    ):
        pass
    with ending.request("graphql", "changes"):
        pass
    assert ending.counted == {"changes": 1}


def test_a_wait_ends_when_the_run_is_told_to_stop() -> None:
    stop = CancellationToken()
    waiting = Allowance(stop, clock=lambda: 0.0)
    waiting.learn("core", limit(3))
    stop.request("SIGTERM")
    with pytest.raises(InterruptedRunError), waiting.request("core", "changes"):
        pass


def test_requests_are_counted_by_purpose() -> None:
    counting = allowance(ends_at=10)
    for purpose in ("changes", "rotation", "rotation"):
        with counting.request("core", purpose):
            pass
    assert counting.counted == {"changes": 1, "rotation": 2}


def test_the_longest_wait_of_the_limits_in_question_is_told() -> None:
    known, ending = allowance(ends_at=math.inf), allowance(ends_at=1700)
    assert known.wait_seconds(("core", "graphql")) == 0
    known.learn("core", limit(3))
    ending.learn("core", limit(3))
    assert known.wait_seconds(("graphql", "core")) > 1700
    assert known.wait_seconds(["graphql"]) == 0
    assert known.wait_seconds(()) == 0
    assert ending.wait_seconds(["core"]) == 0
