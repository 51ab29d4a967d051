"""When a reading ends early."""

import math

import pytest

from repo_backup.hosts.github.data.pause import Pause, PausedError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_pauses_once_the_time_is_up_and_stays_so() -> None:
    clock = Clock()
    pause = Pause(600, clock=clock)
    pause.progressed()
    clock.now += 599
    pause.check()
    clock.now += 1
    with pytest.raises(PausedError):
        pause.check()
    clock.now -= 600
    with pytest.raises(PausedError):
        pause.check()
    assert pause.is_taken


def test_it_does_not_pause_before_something_was_read() -> None:
    pause = Pause(0, clock=Clock())
    pause.check()
    assert not pause.is_taken
    pause.progressed()
    with pytest.raises(PausedError):
        pause.check()


def test_it_pauses_before_a_long_wait_for_the_limit() -> None:
    waits = {"core": 0.0, "graphql": 60.0}
    pause = Pause(600, lambda limits: max((waits[each] for each in limits), default=0.0), Clock())
    pause.progressed()
    pause.check("core")
    pause.check()
    with pytest.raises(PausedError):
        pause.check("core", "graphql")


def test_a_reading_that_must_not_pause_does_not() -> None:
    pause = Pause(math.inf, lambda limits: 3600.0, Clock())
    pause.progressed()
    pause.check("core")
    assert not pause.is_taken
