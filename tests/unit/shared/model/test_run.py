"""A run is advanced step by step, and its id is a moment."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from backup_contract.moments import moment_of, run_id_of
from shared.model.run import (
    Attempt,
    Instance,
    Market,
    Options,
    Outcome,
    Pool,
    PoolAnswer,
    Run,
)

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
POOL = Pool("c7g.medium", "subnet-a", "eu-1a", Market.SPOT, "ami-1", "0.01")
FULL = Run(
    "2026-11-27T12-00-00Z",
    "manual",
    NOON,
    Options(("a*",), full=True),
    (
        Attempt(
            1,
            NOON,
            NOON + timedelta(hours=3),
            (POOL,),
            "#!/bin/bash",
            (PoolAnswer("c7g.medium", "eu-1a", Market.SPOT, "Code", "pool", "no"),),
            outcome=Outcome.NO_CAPACITY,
            ended_at=NOON,
        ),
        Attempt(
            2,
            NOON,
            NOON + timedelta(hours=3),
            (POOL,),
            instance=Instance("i-1", "c7g.medium", "eu-1a", Market.SPOT, "0.01", NOON),
            done=3,
            listed=7,
        ),
    ),
    mail_lease_until=NOON,
    version=4,
)


def test_a_run_id_is_the_moment_in_utc() -> None:
    vienna = timezone(timedelta(hours=1))
    assert run_id_of(datetime(2026, 11, 27, 18, tzinfo=vienna)) == "2026-11-27T17-00-00Z"
    assert moment_of("2026-11-27T17-00-00Z") == datetime(2026, 11, 27, 17, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["", "2026-11-27", "2026-13-27T17-00-00Z", "../../etc"])
def test_anything_else_is_no_run_id(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"run id|time data|month"):
        moment_of(wrong)


def test_the_state_tells_how_far_the_run_is() -> None:
    assert FULL.state == "running(2)"
    assert FULL.with_attempt(outcome=Outcome.RECLAIMED).state == "ended(2)"
    assert Run("x", "schedule", NOON).state == "planned"


def test_a_new_attempt_drops_what_only_a_repetition_of_the_old_needs() -> None:
    longer = FULL.with_new_attempt(Attempt(3, NOON, NOON))
    assert all(not each.pools and not each.user_data for each in longer.attempts[:2])
    assert longer.attempts[0].answers[0].code == "Code"
