"""Waiting: bounded, as long as asked for, and ended at once by a request to stop."""

import threading

import pytest

from repo_backup.net.rate_limiter import Limiter
from repo_backup.runtime import retry
from repo_backup.runtime.background import at_once
from repo_backup.runtime.budgets import Budget, available_memory_bytes
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import (
    InterruptedRunError,
    NotFoundError,
    TransientError,
    UnreachedError,
)
from repo_backup.runtime.retry import Patience


class Waits(Stop):
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
    assert Patience(stop, attempts=9).call(Failing(TransientError("x"), 8)) == "done"
    bounds = [min(retry.LONGEST_DELAY_SECONDS, 2.0**n) for n in range(1, 9)]
    assert all(
        bound / 10 <= slept <= bound for slept, bound in zip(stop.slept, bounds, strict=True)
    )


def test_the_last_error_is_raised() -> None:
    action = Failing(TransientError("x"), 99)
    with pytest.raises(TransientError):
        Patience(Waits(), attempts=3).call(action)
    assert action.calls == 3


def test_what_will_not_pass_is_not_retried() -> None:
    action = Failing(NotFoundError("x"), 1)
    with pytest.raises(NotFoundError):
        Patience(Waits()).call(action)
    assert action.calls == 1


def test_retry_after_is_honoured() -> None:
    stop = Waits()
    Patience(stop).call(Failing(TransientError("x", 120.0), 1))
    assert stop.slept[0] >= 120


def test_an_unreasonable_retry_after_ends_the_patience() -> None:
    stop = Waits()
    with pytest.raises(TransientError):
        Patience(stop).call(Failing(TransientError("x", 86400.0), 1))
    assert stop.slept == []


def test_a_request_to_stop_ends_the_waiting() -> None:
    stop = Stop()
    stop.request("SIGTERM")
    with pytest.raises(InterruptedRunError, match="SIGTERM"):
        Patience(stop).call(Failing(TransientError("x"), 1))


def test_one_pause_holds_everybody_back() -> None:
    stop = Stop()
    limiter = Limiter(stop)
    limiter.wait()
    limiter.pause(3600)
    stop.request("enough")
    with pytest.raises(InterruptedRunError):
        limiter.wait()


def test_a_budget_lends_more_than_it_has_to_one_that_is_alone() -> None:
    budget = Budget(100, Stop())
    with budget.lend(1000):
        pass
    with budget.lend(60), budget.lend(40):
        pass


def test_what_a_loan_does_not_keep_is_lent_to_others() -> None:
    stop = Stop()
    budget = Budget(100, stop)
    with budget.lend(1000) as loan:
        loan.keep(60)
        loan.keep(80)
        with budget.lend(40):
            stop.request("enough")
            with pytest.raises(InterruptedRunError), budget.lend(1):
                pass
    with budget.lend(100):
        pass


def test_a_budget_makes_the_next_one_wait_until_told_to_stop() -> None:
    stop = Stop()
    budget = Budget(100, stop)
    with budget.lend(60):
        stop.request("enough")
        with pytest.raises(InterruptedRunError), budget.lend(60):
            pass


def test_this_machine_has_memory() -> None:
    assert available_memory_bytes() > 1 << 20


def test_who_asked_first_is_not_overtaken_by_smaller_requests() -> None:
    budget, order = Budget(100, Stop()), []
    asked = threading.Semaphore(0)

    def borrow(amount: int) -> None:
        asked.release()
        with budget.lend(amount):
            order.append(amount)

    with budget.lend(60):
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
    stop, said = Stop(), []
    never = threading.Event()
    stop.closing(lambda: said.append("done"), "last")
    assert said == ["done"]
    stop.request("SIGTERM")
    stop.closing(lambda: said.append(str(never.wait(60))), "last")
    assert said == ["done"]
    never.set()


def test_a_host_that_never_answered_is_tried_twice_and_no_more() -> None:
    waits, action = Waits(), Failing(UnreachedError("no network"), 5)
    with pytest.raises(UnreachedError):
        Patience(waits).call(action)
    assert action.calls == 2
    assert len(waits.slept) == 1
