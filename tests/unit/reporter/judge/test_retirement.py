"""Few chains go at a time, and only those whose base two verified runs have seen."""

from datetime import UTC, datetime

import pytest

from backup_contract.documents.suspicion import Suspicion
from reporter.judge.archive_state import Checked, Superseded
from reporter.judge.retirement import retirement

BEFORE = datetime(2026, 11, 20, 18, tzinfo=UTC)
LATER = "2026-11-20T18:00:00.000Z"


def chain(number: int, base_modified: str = "2026-11-20T17:00:00.000Z") -> Superseded:
    newest = f"2026-11-{number:02}T00:00:00.000Z"
    return Superseded(f"github_backups/octo/{number}.zip", "0" * 12, newest, base_modified)


@pytest.mark.parametrize(("chains", "gone"), [(1, 1), (4, 1), (9, 1), (10, 2), (500, 9)])
def test_at_most_a_fifth_goes_and_one_at_least(chains: int, gone: int) -> None:
    found = Checked(chains=chains, superseded=tuple(chain(number) for number in range(9, 0, -1)))
    plan = retirement(found, verified=True, verified_before=BEFORE)
    assert plan.chains == tuple(chain(number) for number in range(1, gone + 1))
    assert plan.reason == f"{9 - gone} more wait for a later run."


def test_a_base_that_the_run_before_cannot_have_seen_protects_the_old_overlays() -> None:
    found = Checked(chains=9, superseded=(chain(1, LATER), chain(2)))
    assert retirement(found, verified=True, verified_before=BEFORE).chains == (chain(2),)


def test_nothing_goes_of_an_archive_that_an_open_suspicion_concerns() -> None:
    found = Checked(chains=99, superseded=(chain(1), chain(2)))
    suspicions = [Suspicion("r1", ("ransom",), frozenset({chain(1).base}))]
    plan = retirement(found, verified=True, verified_before=BEFORE, suspicions=suspicions)
    assert plan.chains == (chain(2),)


@pytest.mark.parametrize(("verified", "before"), [(False, BEFORE), (True, None)])
def test_nothing_goes_without_two_verified_runs(verified: bool, before: datetime | None) -> None:
    found = Checked(chains=9, superseded=(chain(1),))
    assert retirement(found, verified=verified, verified_before=before).chains == ()
