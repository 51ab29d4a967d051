"""Whether a lease is still somebody's is for the store's clock to say, or for its holder's life."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract.documents.lease import LeaseRecord
from repo_backup.run.lease_state import LEASE, Claimant, Judgement, judge
from repo_backup.store.base import Tagged

WRITTEN = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HERE = "a process of some machine"
HELD = LeaseRecord("r1", WRITTEN + LEASE, attempt=1, ended=False, process=HERE)
OLD = LeaseRecord("r1", WRITTEN + LEASE, attempt=1)
OTHER = Claimant("r2", 1, continues=False)
SAME = Claimant("r1", 1, continues=True)


def judged(
    lock: LeaseRecord,
    claimant: Claimant = OTHER,
    *,
    age: timedelta = MINUTE,
    alive: bool | None = None,
) -> Judgement:
    return judge(lock, Tagged(b"", "tag", WRITTEN, age), claimant, alive=alive)


@pytest.mark.parametrize("lock", [HELD, OLD], ids=["new", "old"])
@pytest.mark.parametrize(
    "expires_at",
    [WRITTEN + LEASE, WRITTEN + timedelta(days=2), datetime(2999, 1, 1, tzinfo=UTC)],
    ids=["in time", "two days ahead", "ages ahead"],
)
@pytest.mark.parametrize(
    ("age", "free"),
    [
        (timedelta(0), False),
        (LEASE - MINUTE, False),
        (-MINUTE, False),
        (LEASE, True),
        (timedelta(days=1), True),
        (timedelta(days=-2), True),
    ],
    ids=str,
)
def test_a_lease_lasts_ten_minutes_by_the_stores_clock_whatever_it_says(
    lock: LeaseRecord, expires_at: datetime, age: timedelta, free: bool
) -> None:
    assert judged(replace(lock, expires_at=expires_at), age=age).free is free


def test_a_lease_that_is_renewed_is_held_though_its_holders_clock_is_an_hour_slow() -> None:
    for lock in (HELD, OLD):
        assert not judged(replace(lock, expires_at=lock.expires_at - 60 * MINUTE)).free


def test_a_lease_that_ended_is_free_at_once_though_its_clock_was_two_days_ahead() -> None:
    ended = replace(HELD, expires_at=WRITTEN + timedelta(days=2), ended=True)
    assert judged(ended) == Judgement(free=True, reason="it has ended")


@pytest.mark.parametrize("off", [timedelta(0), timedelta(seconds=-2), timedelta(minutes=4)])
def test_an_old_programs_lease_that_ended_is_free_at_once(off: timedelta) -> None:
    assert judged(replace(OLD, expires_at=WRITTEN + off)).free


def test_a_copy_of_an_old_programs_lease_is_free_at_once() -> None:
    assert judged(replace(OLD, expires_at=WRITTEN - timedelta(days=3)), age=timedelta(0)).free


def test_a_lease_whose_process_was_killed_is_free_at_once() -> None:
    for claimant in (OTHER, SAME):
        assert judged(HELD, claimant, alive=False).free


def test_a_second_worker_of_the_same_run_does_not_take_the_lease_of_a_living_one() -> None:
    for alive in (True, None):
        assert not judged(HELD, SAME, alive=alive).free
    assert not judged(replace(HELD, attempt=3), replace(SAME, attempt=2)).free


def test_a_later_attempt_takes_the_lease_of_an_earlier_one() -> None:
    for alive in (True, None):
        assert judged(HELD, replace(SAME, attempt=2), alive=alive).free


def test_a_continued_run_takes_the_lease_that_an_old_program_left() -> None:
    assert judged(OLD, SAME).free
    assert not judged(OLD, replace(SAME, continues=False)).free


def test_whoever_is_refused_is_told_until_when_and_how_to_continue_a_killed_run() -> None:
    assert judged(HELD).reason == (
        "run r1 is writing to this destination; its lease ends 2026-11-27T17:10:00Z unless it "
        "renews it. If it was killed, continue it with --run-id r1 --attempt 2"
    )
    assert judged(OLD).reason.endswith("continue it with --run-id r1")
    assert judged(HELD, SAME, alive=True).reason == (
        "run r1 is writing to this destination already; its lease ends 2026-11-27T17:10:00Z "
        "unless it renews it"
    )
