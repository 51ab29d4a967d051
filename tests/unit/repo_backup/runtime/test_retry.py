"""Waiting: bounded, as long as asked for, and ended at once by a request to stop."""

import threading

import pytest

from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime import retry
from repo_backup.runtime.background import at_once
from repo_backup.runtime.budgets import ResourceBudget, available_memory_bytes
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    InterruptedRunError,
    NotFoundError,
    TransientError,
    UnreachedError,
)
from repo_backup.runtime.retry import RetryPolicy


class Waits(CancellationToken):
    """Counts the seconds instead of spending them."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        super().sleep(0)


class Failing:
    """An action that fails so many times and then succeeds."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left, self.calls = error, times, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


def test_a_passing_error_is_retried_with_growing_bounded_delays() -> None:
    stop = Waits()
    assert RetryPolicy(stop, attempts=9).call(Failing(TransientError("x"), 8)) == "done"
    bounds = [min(retry.LONGEST_DELAY_SECONDS, 2.0**n) for n in range(1, 9)]
    assert all(
        bound / 10 <= slept <= bound for slept, bound in zip(stop.slept, bounds, strict=True)
    )


def test_the_last_error_is_raised() -> None:
    action = Failing(TransientError("x"), 99)
    with pytest.raises(TransientError):
        RetryPolicy(Waits(), attempts=3).call(action)
    assert action.calls == 3


def test_what_will_not_pass_is_not_retried() -> None:
    action = Failing(NotFoundError("x"), 1)
    with pytest.raises(NotFoundError):
        RetryPolicy(Waits()).call(action)
    assert action.calls == 1


def test_retry_after_is_honoured() -> None:
    stop = Waits()
    RetryPolicy(stop).call(Failing(TransientError("x", 120.0), 1))
    assert stop.slept[0] >= 120


def test_an_unreasonable_retry_after_ends_the_patience() -> None:
    stop = Waits()
    with pytest.raises(TransientError):
        RetryPolicy(stop).call(Failing(TransientError("x", 86400.0), 1))
    assert stop.slept == []


def test_a_request_to_stop_ends_the_waiting() -> None:
    stop = CancellationToken()
    stop.request("SIGTERM")
    with pytest.raises(InterruptedRunError, match="SIGTERM"):
        RetryPolicy(stop).call(Failing(TransientError("x"), 1))


def test_one_pause_holds_everybody_back() -> None:
    stop = CancellationToken()
    rate_limit_gate = RateLimitGate(stop)
    rate_limit_gate.wait()
    rate_limit_gate.pause(3600)
    stop.request("enough")
    with pytest.raises(InterruptedRunError):
        rate_limit_gate.wait()


def test_a_budget_lends_more_than_it_has_to_one_that_is_alone() -> None:
    budget = ResourceBudget(100, CancellationToken())
    with budget.reserve(1000):
        pass
    with budget.reserve(60), budget.reserve(40):
        pass


def test_what_a_loan_does_not_keep_is_lent_to_others() -> None:
    stop = CancellationToken()
    budget = ResourceBudget(100, stop)
    with budget.reserve(1000) as reservation:
        reservation.keep(60)
        reservation.keep(80)
        with budget.reserve(40):
            stop.request("enough")
            with pytest.raises(InterruptedRunError), budget.reserve(1):
                pass
    with budget.reserve(100):
        pass


def test_a_budget_makes_the_next_one_wait_until_told_to_stop() -> None:
    stop = CancellationToken()
    budget = ResourceBudget(100, stop)
    with budget.reserve(60):
        stop.request("enough")
        with pytest.raises(InterruptedRunError), budget.reserve(60):
            pass


def test_this_machine_has_memory() -> None:
    assert available_memory_bytes() > 1 << 20


def test_who_asked_first_is_not_overtaken_by_smaller_requests() -> None:
    budget, order = ResourceBudget(100, CancellationToken()), []
    asked = threading.Semaphore(0)

    def borrow(amount: int) -> None:
        asked.release()
        with budget.reserve(amount):
            order.append(amount)

    with budget.reserve(60):
        large = threading.Thread(target=borrow, args=(90,))
        large.start()
        asked.acquire()
        while not budget._waiting:
            pass
        small = threading.Thread(target=borrow, args=(10,))
        small.start()
        asked.acquire()
        small.join(0.1)
        assert order == []
    large.join()
    small.join()
    assert order == [90, 10]


def test_several_things_at_once_keep_their_order_and_end_with_the_first_error() -> None:
    assert at_once(lambda number: number * number, 20, 4) == [n * n for n in range(20)]
    begun = []

    def fail(number: int) -> None:
        begun.append(number)
        raise TransientError("x")

    with pytest.raises(TransientError):
        at_once(fail, 1000, 4)
    assert len(begun) <= 4


def test_a_last_word_is_waited_for_unless_the_run_is_interrupted() -> None:
    stop, output = CancellationToken(), []
    never = threading.Event()
    stop.cleanup(lambda: output.append("done"), "last")
    assert output == ["done"]
    stop.request("SIGTERM")
    stop.cleanup(lambda: output.append(str(never.wait(60))), "last")
    assert output == ["done"]
    never.set()


def test_a_host_that_never_answered_is_tried_twice_and_no_more() -> None:
    waits, action = Waits(), Failing(UnreachedError("no network"), 5)
    with pytest.raises(UnreachedError):
        RetryPolicy(waits).call(action)
    assert action.calls == 2
    assert len(waits.slept) == 1
