"""Whether backups can be relied on is decided by the newest run that has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from repo_backup.documents import RunningRow, RunRow
from repo_backup.status import judge

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WEEK = timedelta(days=8)


def run(run_id: str, *, good: bool, verdict: str | None = None, complete: bool = True) -> RunRow:
    return RunRow(
        run_id=run_id,
        verdict=verdict,
        reason=None,
        good=good,
        complete=complete,
        started_at=f"{run_id}T17:00:00Z",
        finished_at=f"{run_id}T17:10:00Z",
        listed=1,
        backed_up=1,
        unchanged=0,
        failed=0,
        bytes_stored=1,
    )


GOOD = run("2026-11-27", good=True, verdict="verified")
OLD = run("2026-11-13", good=True, verdict="verified")
PARTIAL = run("2026-11-27", good=False, verdict="partial")
FAILED = run("2026-11-27", good=False, complete=False)


@pytest.mark.parametrize(
    ("runs", "good", "reason"),
    [
        ([GOOD, PARTIAL], True, "the newest run is good and 0.8 days old"),
        ([], False, "no run here can be relied on"),
        ([PARTIAL], False, "no run here can be relied on"),
        ([PARTIAL, OLD], False, "the newest run, 2026-11-27, ended partial"),
        ([FAILED, OLD], False, "the newest run, 2026-11-27, ended incomplete"),
        ([OLD], False, "the newest good run is 14.8 days old, more than 8"),
    ],
    ids=["good", "none", "only partial", "partial", "incomplete", "too old"],
)
def test_good_is_the_newest_run_that_is_verified_and_young(
    runs: list[RunRow], good: bool, reason: str
) -> None:
    found = judge(runs, None, NOW, WEEK)
    assert (found.good, found.reason) == (good, reason)


def test_a_run_that_is_under_way_does_not_speak_against_the_last() -> None:
    under_way = run("2026-11-28", good=False, complete=False)
    running = RunningRow(
        run_id="2026-11-28",
        attempt=1,
        phase="backing-up",
        done=1,
        listed=2,
        failed=0,
        updated_at="2026-11-28T11:59:50Z",
    )
    assert judge([under_way, GOOD], running, NOW, WEEK).good


def test_the_newest_verified_is_told_with_its_age_even_when_all_is_not_well() -> None:
    assert judge([PARTIAL, OLD], None, NOW, WEEK).newest_verified == {
        "run_id": "2026-11-13",
        "finished_at": "2026-11-13T17:10:00Z",
        "age_days": 14.78,
    }
