"""Whether backups can be relied on is decided by the newest run that has ended."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.lease import LeaseRecord
from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest, by_identity
from backup_contract.documents.output.rows import visibility_rows
from backup_contract.documents.output.runs import RunningRow, RunRow
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.judgement.overdue import Watched
from backup_contract.judgement.reliance import Judgement, judge
from backup_contract.kinds import GIT
from backup_contract.visibility import Visibility
from repo_backup.health.large_files import large_files_document
from repo_backup.health.run_rows import facts, read_runs
from repo_backup.health.run_rows import label as label_of
from repo_backup.health.running import read_running
from repo_backup.health.status import newest_verified, read_placement
from repo_backup.runtime import process_identity
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.written.damage import ArchiveId, write_damage
from repo_backup.store.written.ignored_documents import IgnoredDocuments

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WEEK = timedelta(days=8)


def judged(
    runs: list[RunRow],
    running: RunningRow | None,
    now: datetime,
    max_age: timedelta,
    misplaced: Sequence[str] = (),
) -> Judgement:
    """What the one judge makes of these rows where no schedule is known."""
    under_way = running and running["run_id"]
    return judge([*map(facts, runs)], under_way, Watched.by_age(max_age), now, misplaced)


def run(
    run_id: str,
    *,
    good: bool,
    verdict: str | None = None,
    complete: bool = True,
    only: tuple[str, ...] = (),
    failed: int = 0,
    failed_accounts: int = 0,
    failed_gists: int = 0,
    unsaved: int = 0,
    visibility: tuple[Visibility, ...] = (),
) -> RunRow:
    return RunRow(
        run_id=run_id,
        verdict=verdict,
        reason=None,
        good=good,
        complete=complete,
        started_at=f"{run_id}T17:00:00Z",
        finished_at=f"{run_id}T17:10:00Z",
        listed=8,
        backed_up=1,
        unchanged=0,
        failed=failed,
        failed_accounts=failed_accounts,
        failed_gists=failed_gists,
        unsaved=unsaved,
        excluded=0,
        only=[*only],
        bytes_stored=1,
        visibility=visibility_rows(visibility),
        rewritten=0,
        suspicious=[],
        large_files=large_files_document(None),
    )


GOOD = run("2026-11-27", good=True, verdict="verified")
OLD = run("2026-11-13", good=True, verdict="verified")
PARTIAL = run("2026-11-27", good=False, verdict="partial")
FAILED = run("2026-11-27", good=False, complete=False)
FAILURES = run("2026-11-27", good=False, failed=2)
ACCOUNT = run("2026-11-27", good=False, verdict="partial", failed_accounts=1)


@pytest.mark.parametrize(
    ("runs", "good", "reason"),
    [
        ([GOOD, PARTIAL], True, "the newest run is good and 0.8 days old"),
        ([], False, "no run here can be relied on"),
        (
            [PARTIAL],
            False,
            "no run here can be relied on; the newest, 2026-11-27, ended partial",
        ),
        (
            [FAILURES],
            False,
            "no run here can be relied on; the newest, 2026-11-27, ended with 2 of 8 failed",
        ),
        (
            [ACCOUNT, OLD],
            False,
            "the newest run, 2026-11-27, ended partial with incomplete data of 1 account",
        ),
        ([PARTIAL, OLD], False, "the newest run, 2026-11-27, ended partial"),
        ([FAILED, OLD], False, "the newest run, 2026-11-27, is unfinished"),
        ([OLD], False, "the newest good run is 14.8 days old, more than 8"),
    ],
    ids=[
        "good",
        "none",
        "only partial",
        "only failures",
        "account",
        "partial",
        "incomplete",
        "too old",
    ],
)
def test_good_is_the_newest_run_that_is_verified_and_young(
    runs: list[RunRow], good: bool, reason: str
) -> None:
    found = judged(runs, None, NOW, WEEK)
    assert (found.good, found.reason) == (good, reason)


@pytest.mark.parametrize(
    ("visibility", "message", "label"),
    [
        (
            (Visibility("octo", "public", 10),),
            "0.8 days old; 10 repositories of octo are visible (public only)",
            " (public only)",
        ),
        (
            (Visibility("octo", "selected", 12, 30),),
            "0.8 days old; 12 of 30 repositories of octo are visible (selected only)",
            " (12 of 30 repositories visible)",
        ),
        ((Visibility("octo", "all", 10),), "0.8 days old", ""),
        ((), "0.8 days old", ""),
    ],
    ids=["public", "selected", "all", "older"],
)
def test_a_good_run_is_told_with_what_it_could_see(
    visibility: tuple[Visibility, ...], message: str, label: str
) -> None:
    newest = run("2026-11-27", good=True, verdict="verified", visibility=visibility)
    found = judged([newest], None, NOW, WEEK)
    assert (found.good, found.reason) == (True, f"the newest run is good and {message}")
    assert label_of(newest) == label


def test_a_run_that_ended_in_the_future_is_not_relied_on() -> None:
    """Otherwise runs could stop for years, and the newest one would never be too old."""
    runs = [run("2030-01-01", good=True), run("2026-11-27", good=True)]
    found = judged(runs, None, NOW, WEEK)
    assert not found.good
    assert found.reason.startswith("the run 2030-01-01 is dated 2030-01-01, which is in the future")


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
    assert judged([under_way, GOOD], running, NOW, WEEK).good


def test_the_newest_verified_is_told_with_its_age_even_when_all_is_not_well() -> None:
    relied = judged([PARTIAL, OLD], None, NOW, WEEK).relied
    assert newest_verified(relied, NOW) == {
        "run_id": "2026-11-13",
        "finished_at": "2026-11-13T17:10:00Z",
        "age_days": 14.78,
    }


VERDICT = b'{"schema": 1, "verdict": "verified", "reported_at": "2026-11-20T17:05:00Z"}'
DAMAGED = [
    b"",
    b"{}",
    b'{"schema": 1, "verdict": "verified"}',
    b'{"schema": 1, "verdict": "verified", "reported_at": "0001-01-01T00:00:00+23:59"}',
    b'{"schema": 1, "verdict": "verified", "reported_at": "2026-11-27T17:05:00"}',
    b'{"schema": 1, "verdict": "\\u001b[2K", "reported_at": "2026-11-27T17:05:00Z"}',
    b"{",
    b"[]",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"schema": 1, "verdict": ["verified"]}',
    b'{"schema": 1, "verdict": "verified", "reported_at": "yesterday"}',
]


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_report_is_named_and_its_run_not_relied_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: bytes
) -> None:
    """The run's manifest is whole, but nobody knows what became of its verification."""
    store = DirectoryStore(tmp_path)
    for day in (20, 27):
        begun = datetime(2026, 11, day, 17, tzinfo=UTC)
        manifest = Manifest(f"2026-11-{day}", 1, ["octo"], begun)
        manifest.complete, manifest.finished_at = True, begun
        store.write(f"runs/2026-11-{day}/manifest.json", manifest.to_json())
    store.write("runs/2026-11-20/report.json", VERDICT)
    store.write("runs/2026-11-27/report.json", damaged)
    runs = read_runs(store, 5, IgnoredDocuments())
    assert [(each["run_id"], each["verdict"], each["good"]) for each in runs] == [
        ("2026-11-27", "unreadable", False),
        ("2026-11-20", "verified", True),
    ]
    assert caplog.text.count("runs/2026-11-27/report.json is ignored") == 1
    found = judged(runs, read_running(store, runs, NOW), NOW, WEEK)
    assert (found.good, found.reason) == (
        False,
        "the newest run, 2026-11-27, has an unreadable report",
    )


@pytest.mark.parametrize("damaged", [*DAMAGED, b'{"phase": [], "updated_at": 3}'])
def test_a_damaged_progress_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: bytes
) -> None:
    store = DirectoryStore(tmp_path)
    store.write("runs/2026-11-27/progress.json", damaged)
    assert read_running(store, [FAILED], NOW) is None
    assert caplog.text.count("runs/2026-11-27/progress.json is ignored") == 1


HELLO = ("hello",)
NARROWED = run("2026-11-28", good=True, verdict="verified", only=HELLO)
WANTING = run("2026-11-28", good=False, only=HELLO, unsaved=2)
CRASHED = run("2026-11-27", good=False, verdict="failed", complete=False)
UNVERIFIED = run("2026-11-27", good=False, verdict="unverified")


@pytest.mark.parametrize(
    ("runs", "good", "reason"),
    [
        ([NARROWED, GOOD], True, "the newest of everything is good and 0.8 days old"),
        ([NARROWED, PARTIAL], True, "everything, with what narrowed ones have corrected, is good"),
        ([WANTING, PARTIAL], False, "no run here can be relied on"),
        ([WANTING, GOOD], False, "2026-11-28 (only hello), passed over 2 of which nothing"),
        ([NARROWED, CRASHED, OLD], False, "of everything, 2026-11-27, ended failed; no later run"),
        ([NARROWED, UNVERIFIED, OLD], False, "of everything, 2026-11-27, ended unverified"),
        ([NARROWED], False, "no run here can be relied on; the good ones were narrowed"),
        ([NARROWED, OLD], False, "newest good run of everything is 14.8 days old, more than 8"),
        ([FAILED, NARROWED, PARTIAL], False, "the newest run, 2026-11-27, is unfinished"),
    ],
)
def test_a_narrowed_run_is_no_better_than_the_newest_of_everything(
    runs: list[RunRow], good: bool, reason: str
) -> None:
    found = judged(runs, None, NOW, WEEK)
    assert found.good is good
    assert reason in found.reason


def test_what_a_narrowed_run_mends_does_not_make_the_backups_younger() -> None:
    relied = judged([NARROWED, PARTIAL], None, NOW, WEEK).relied
    assert relied
    assert relied.run_id == PARTIAL["run_id"]


def test_archives_that_are_not_in_place_are_a_problem_however_good_the_run() -> None:
    found = judged([GOOD], None, NOW, WEEK, ["k is not at the source.", "another"])
    assert not found.good
    assert found.reason == "not where the newest run put it: k is not at the source, and 1 more"


def test_of_two_runs_of_the_same_second_the_one_written_last_is_the_newer(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    for number, run_id in enumerate(("b", "c", "a")):
        store.write(layout.manifest(run_id), Manifest(run_id, 1, ["octo"], NOW).to_json())
        os.utime(tmp_path / layout.manifest(run_id), (number, number))
    assert [row["run_id"] for row in read_runs(store, 2, IgnoredDocuments())] == ["a", "c"]


def test_an_accounts_own_data_that_failed_is_counted_apart_from_repositories(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    entry = account_entry("octo", ItemResult("failed", "GitHub answers 500"))
    manifest = Manifest("r1", 1, ["octo"], NOW, finished_at=NOW, complete=True)
    manifest.accounts = by_identity([entry])
    store.write(layout.manifest("r1"), manifest.to_json())
    (found,) = read_runs(store, 5, IgnoredDocuments())
    assert (found["failed"], found["failed_accounts"], found["good"]) == (0, 1, False)


def test_a_run_whose_manifest_is_damaged_keeps_its_place_whatever_it_is_named(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    for number, run_id in enumerate(("zero", "one", "two", "a")):
        begun = NOW + timedelta(minutes=number)
        data = Manifest(run_id, 1, ["octo"], begun).to_json()
        damaged = data.replace(b'"octo"', b"null")
        store.write(layout.manifest(run_id), damaged if run_id in ("zero", "two") else data)
        os.utime(tmp_path / layout.manifest(run_id), (number, number))
    assert [row["run_id"] for row in read_runs(store, 4, IgnoredDocuments())] == [
        "a",
        "two",
        "one",
        "zero",
    ]


def test_an_archive_that_was_found_damaged_is_named_once(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    archives = []
    for number, reason in enumerate(("{key} is damaged: no zip", "its refs differ"), start=1):
        key = f"github_backups/octo/repo-{number}.zip"
        archive = Archive(key, 3, "a" * 64, "r1")
        store.write(key, b"zip", "application/zip")
        write_damage(store, {ArchiveId.of(archive): reason.format(key=key)})
        git = {GIT: ItemResult("backed-up", archive=archive)}
        archives.append(Entry(number, "octo", f"repo-{number}", False, False, False, git))
    manifest = Manifest("r1", 1, ["octo"], NOW, by_identity(archives))
    assert read_placement(store, [], manifest).damaged == [
        "github_backups/octo/repo-1.zip is damaged: no zip",
        "github_backups/octo/repo-2.zip (its refs differ)",
    ]


def _lease(store: DirectoryStore, *, ended: bool = False, process: str | None = None) -> None:
    expires_at = datetime.now(UTC) + timedelta(minutes=10)
    lease = LeaseRecord("r9", expires_at, 2, "holder", ended, process)
    store.write(layout.LOCK, lease.to_json())


def test_a_run_that_has_just_begun_is_under_way_by_its_lease(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    _lease(store, process=process_identity.current())
    found = read_running(store, [], NOW)
    assert found
    assert (found["run_id"], found["attempt"], found["phase"]) == ("r9", 2, "beginning")


def test_a_run_is_not_under_way_by_a_lease_that_has_ended_or_whose_process_has(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    _lease(store, ended=True)
    assert read_running(store, [], NOW) is None
    own = process_identity.current()
    assert own
    _lease(store, process=f"{own}9")  # of the same number, but begun at another time
    assert read_running(store, [], NOW) is None
