"""A run narrowed by ``--only`` says nothing good of what it passed over."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from local_cloud.github import Fault, GitHubStandIn
from local_cloud.github.faults import Faults
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import ALL, Destination

BROKEN = Fault("/octo/unicode.git/*", status=451)


@pytest.fixture
def status(destination: Destination, capsys: pytest.CaptureFixture[str]) -> Any:
    """What ``repo-backup status --json`` says; its exit code agrees."""

    def ask(*arguments: str) -> Any:
        capsys.readouterr()
        code = main(["status", "--source", str(destination.root), "--json", *arguments])
        output = json.loads(capsys.readouterr().out)
        assert code == (0 if output["good"] else 3)
        return output

    return ask


def test_what_failed_before_stays_failed_until_a_run_has_backed_it_up(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults = Faults([BROKEN])
    assert destination.backup() == 3
    hub.faults = Faults([])
    reason = destination.entry("unicode")["reason"]
    for run_id in ("r2", "r3"):
        assert destination.backup("--only", "hello", run_id=run_id) == 0
        entry = destination.entry("unicode", run_id)
        assert (entry["state"], entry["reason"], entry["asked"]) == ("failed", reason, False)
        assert destination.manifest(run_id)["only"] == ["hello"]
    assert destination.backup("--only", "unicode", run_id="r4") == 0
    assert destination.states("r4")["unicode"] == "backed-up"
    assert destination.backup("--only", "hello", run_id="r5") == 0
    entry = destination.entry("unicode", "r5")
    assert (entry["state"], entry["archive"]["run_id"]) == ("skipped", "r4")


def test_what_was_passed_over_keeps_its_archive_and_an_empty_one_stays_empty(
    destination: Destination,
) -> None:
    destination.backup()
    destination.backup("--only", "hello", run_id="r2")
    after, before = destination.entry("lfs", "r2"), destination.entry("lfs")
    assert after["archive"]["sha256"] == before["archive"]["sha256"]
    assert destination.states("r2")["empty"] == "empty"
    assert "asked" not in destination.entry("hello", "r2")


def test_what_a_standing_option_leaves_out_is_not_called_passed_over(
    destination: Destination,
) -> None:
    destination.backup("--only", "hello", "--no-forks", "--include", "hello", "--include", "old-*")
    assert "asked" not in destination.entry("old-fork")
    assert destination.entry("old-fork")["reason"] == "--no-forks"
    assert destination.entry("lfs")["reason"] == "not in --include hello old-*"


def test_including_some_as_a_rule_narrows_nothing(destination: Destination) -> None:
    assert destination.backup("--include", "hello") == 0
    assert destination.manifest()["only"] == []
    left_out = {entry["name"] for entry in destination.manifest()["repositories"]} - {"hello"}
    assert left_out == {*ALL} - {"hello"}
    assert all("asked" not in destination.entry(name) for name in left_out)


def test_failed_repositories_are_well_when_narrowed_runs_have_mended_each(
    destination: Destination, hub: GitHubStandIn, status: Any
) -> None:
    hub.faults = Faults([BROKEN, Fault("/octo/lfs.git/*", status=451)])
    assert destination.backup() == 3
    hub.faults = Faults([])
    destination.backup("--only", "old-fork", run_id="r2")
    assert "(only old-fork), ended with 2 of 8 failed" in status()["reason"]
    destination.backup("--only", "lfs", run_id="r3")
    assert not status()["good"]
    destination.backup("--only", "unicode", run_id="r4")
    output = status("--runs", "1")
    assert output["good"]
    assert "narrowed to unicode" in output["reason"]
    assert output["newest_verified"]["run_id"] == "r1"
    assert [(run["run_id"], run["only"]) for run in output["runs"]] == [("r4", ["unicode"])]


def test_what_was_unsaved_is_a_problem_however_well_the_narrowed_run_went(
    destination: Destination, status: Any, tmp_path: Path
) -> None:
    assert destination.backup("--only", "hello") == 0
    output = status()
    assert not output["good"]
    assert output["runs"][0]["unsaved"] == len(ALL) - 1
    assert main(["report", "--source", str(destination.root), "--out", str(tmp_path / "p")]) == 0
    assert "passed over 7 of which nothing is saved" in (tmp_path / "p" / "index.html").read_text()
    destination.backup(run_id="r2")
    destination.backup("--only", "hello", run_id="r3")
    assert status()["good"]


def test_a_run_under_way_does_not_hide_the_newest_of_everything(
    destination: Destination, status: Any
) -> None:
    destination.backup()
    destination.backup("--only", "hello", run_id="r2")
    output = Progress(1, "listing", 0, 0, run_id="r3", updated_at=datetime.now(UTC))
    begun = destination.root / "runs/r3/progress.json"
    begun.parent.mkdir()
    begun.write_bytes(output.to_json())
    (begun.parent / "manifest.json").write_bytes(
        Manifest("r3", 1, ["octo"], datetime.now(UTC)).to_json()
    )
    found = status("--runs", "1")
    assert (found["running"]["run_id"], found["good"]) == ("r3", True)


def test_an_archive_that_is_gone_is_a_problem_of_the_status_a_kept_one_too(
    destination: Destination, hub: GitHubStandIn, status: Any
) -> None:
    destination.backup("--include", "hello", "--include", "lfs")
    hub.catalogue.repositories.pop("octo/lfs")
    destination.backup("--include", "hello", run_id="r2")
    assert (status()["good"], status()["misplaced"]) == (True, [])
    for gone in ("hello", "lfs"):
        (destination.root / f"github_backups/octo/{gone}.zip").unlink()
    output = status()
    assert not output["good"]
    assert output["misplaced"] == [
        "github_backups/octo/hello.zip is not at the source.",
        "github_backups/octo/lfs.zip is not at the source.",
    ]
