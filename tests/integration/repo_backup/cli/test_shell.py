"""Every command speaks JSON to scripts, with the names that the documents promise."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from backup_contract.documents.output.archives import (
    ArchiveRow,
    CheckedRow,
    VerifyDocument,
    VersionRow,
)
from backup_contract.documents.output.backup import (
    BackupDocument,
    DryRunDocument,
    EstimateDocument,
    PlannedRow,
)
from backup_contract.documents.output.restore import RestoreDocument
from backup_contract.documents.output.runs import NewestVerified, RunningRow, RunRow, StatusDocument
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from local_cloud.github import Fault, GitHubStandIn
from local_cloud.github.corpus import init_repository
from repo_backup.cli.commands.restore_command import without_credentials
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, MadeOnce


@pytest.fixture
def source(
    destination: Destination, made_once: MadeOnce, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """``--source`` of a store with one complete run."""

    def make() -> None:
        assert destination.backup() == 0

    made_once("complete", destination.root, make)
    capsys.readouterr()
    return ["--source", str(destination.root)]


def spoken(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def promised(kind: type) -> set[str]:
    return set(get_type_hints(kind))


def report(destination: Destination, verdict: str, run_id: str = "r1") -> None:
    document = RunReport(verdict, "because", datetime(2026, 11, 27, 17, 10, tzinfo=UTC)).document
    path = destination.root / "runs" / run_id / "report.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


class TestStatus:
    def test_a_complete_run_is_good_where_no_reporter_judges(
        self, source: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        message = spoken(capsys, "status", *source)
        assert set(message) == promised(StatusDocument)
        assert set(message["runs"][0]) == promised(RunRow)
        assert message["good"]
        assert message["runs"][0]["listed"] == 8
        assert set(message["newest_verified"]) == promised(NewestVerified)

    def test_the_reporters_verdict_counts_where_there_is_one(
        self, source: list[str], destination: Destination, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report(destination, "unverified")
        message = spoken(capsys, "status", *source, code=3)
        assert (message["good"], message["runs"][0]["verdict"]) == (False, "unverified")
        assert main(["status", *source]) == 3
        assert "NOT GOOD: no run here can be relied on" in capsys.readouterr().out

    def test_a_run_of_which_there_is_only_a_report_is_one_too(
        self, source: list[str], destination: Destination, capsys: pytest.CaptureFixture[str]
    ) -> None:
        later = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H-%M-%SZ}"
        report(destination, "not-launched", later)
        path = destination.root / "runs" / later / "report.json"
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        path.write_text(json.dumps({**json.loads(path.read_text()), "reported_at": soon}))
        message = spoken(capsys, "status", *source, code=3)
        assert [run["run_id"] for run in message["runs"]] == [later, "r1"]
        assert message["reason"] == f"the newest run, {later}, ended not-launched"

    def test_what_is_under_way_is_shown_while_it_says_so(
        self, source: list[str], destination: Destination, capsys: pytest.CaptureFixture[str]
    ) -> None:
        now = datetime.now(UTC)
        progress = Progress(1, "backing-up", 3, 8, run_id="r2", updated_at=now)
        path = destination.root / "runs/r2/progress.json"
        path.parent.mkdir()
        path.write_bytes(progress.to_json())
        message = spoken(capsys, "status", *source)
        assert set(message["running"]) == promised(RunningRow)
        assert (message["running"]["done"], message["running"]["listed"]) == (3, 8)
        main(["status", *source])
        assert "under way: r2, attempt 1, backing-up, 3 of 8 done" in capsys.readouterr().out
        path.write_bytes(replace(progress, updated_at=now - timedelta(days=300)).to_json())
        assert spoken(capsys, "status", *source, code=3)["running"] is None

    def test_an_empty_store_is_not_good(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "empty").mkdir()
        message = spoken(capsys, "status", "--source", str(tmp_path / "empty"), code=3)
        assert message["newest_verified"] is None


def test_lists_are_what_the_tables_show(
    source: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    archives = spoken(capsys, "list", *source)["archives"]
    assert {each["repository"] for each in archives} >= {"octo/hello", "octo/secret"}
    assert all(set(each) == promised(ArchiveRow) for each in archives)
    (run,) = spoken(capsys, "list", "--runs", *source)["runs"]
    assert set(run) == promised(RunRow)
    (version,) = spoken(capsys, "list", "--versions", "octo/hello", *source)["versions"]
    assert set(version) == promised(VersionRow)
    assert version["latest"]
    age = datetime.now(UTC) - datetime.fromisoformat(version["modified_at"])
    assert timedelta(0) <= age < timedelta(hours=1)


def test_verify_tells_each_archive_and_its_fault(
    source: list[str], destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    (destination.root / "github_backups/octo/unicode.zip").write_bytes(b"no zip")
    message = spoken(capsys, "verify", "--all", *source, code=3)
    assert set(message) == promised(VerifyDocument)
    assert all(set(each) == promised(CheckedRow) for each in message["archives"])
    (bad,) = [each for each in message["archives"] if not each["good"]]
    assert (bad["key"], message["bad"]) == ("github_backups/octo/unicode.zip", 1)
    assert "SHA-256 differs" in bad["reason"]


def test_verify_reads_all_archives_of_the_repositories_that_are_named(
    source: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = spoken(capsys, "verify", "octo/hello", *source)
    keys = {each["key"] for each in message["archives"]}
    assert keys == {"github_backups/octo/hello.zip", "github_backups/octo/hello.wiki.zip"}
    assert main(["verify", "octo/helo", *source]) == 1
    assert "there is no archive of octo/helo\n  did you mean octo/hello?" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "octo/hello", "--all", *source])
    assert "give names, --all or --sample" in capsys.readouterr().err


def test_restore_tells_where_the_mirror_is_or_where_it_went(
    source: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = spoken(capsys, "restore", "octo/hello", "--into", str(tmp_path / "out"), *source)
    assert set(message) == promised(RestoreDocument)
    assert (Path(message["mirror"]) / "HEAD").is_file()
    url = init_repository(tmp_path / "target.git").as_uri()
    pushed = spoken(capsys, "restore", "octo/hello", "--push-to", url, *source)
    assert (pushed["mirror"], pushed["pushed_to"]) == (None, url)


def test_an_address_is_shown_without_its_credentials() -> None:
    assert without_credentials("https://me:secret@host/o/r.git") == "https://host/o/r.git"
    assert without_credentials("git@github.com:o/r.git") == "git@github.com:o/r.git"


def test_backup_tells_its_totals_and_what_failed(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.faults.add(Fault("/octo/hello.git/*", status=451))
    assert destination.backup("--json") == 3
    message = json.loads(capsys.readouterr().out)
    assert set(message) == promised(BackupDocument)
    assert (message["exit_code"], message["totals"]["listed"]) == (3, 8)
    assert list(message["failed"]) == ["octo/hello"]


def test_a_dry_run_tells_what_it_would_do(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup("--dry-run", "--no-forks", "--json") == 0
    message = json.loads(capsys.readouterr().out)
    assert set(message) == promised(DryRunDocument)
    assert set(message["repositories"][0]) == promised(PlannedRow)
    left_out = {each["repository"]: each["left_out"] for each in message["repositories"]}
    assert left_out["octo/old-fork"] == "--no-forks"
    assert left_out["octo/hello"] is None


def test_an_estimate_rests_on_what_github_lists_and_leaves_out_what_a_backup_would(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = spoken(capsys, "estimate", "--owner", "octo", "--no-forks", "--keep-days", "30")
    assert set(message) == promised(EstimateDocument)
    assert message["repositories"] == 7
    assert message["data_requests_first"] == message["data_requests_week"] == 7 * 10 + 12 + 1
    assert (message["disk_gib_first_run"], message["memory_gib_first_run"]) == (16, 2)
    parts = ("storage_newest", "storage_replaced", "storage_assets", "runs", "requests")
    assert message["usd_month"] == pytest.approx(
        sum(message[f"usd_{part}"] for part in parts), abs=5e-6
    )
    assert main(["estimate", "--owner", "octo"]) == 0
    table = capsys.readouterr().out
    assert "Project data is saved only with a token" in table  # the first call took it
    assert "It needs 16 GiB of disk and 2 GiB of memory for the largest repository, octo/" in table
    for words in (
        "newest archives",
        "total",
        "about 2 minutes",
        "replaced archives are kept for 365 days",
    ):
        assert words in table


def test_a_reader_that_has_seen_enough_is_no_trouble(source: list[str], tmp_path: Path) -> None:
    """As in ``repo-backup list … | head -1``: the pipe is closed before anything is written."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "repo_backup", "list", *source],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert done.stderr == ""
