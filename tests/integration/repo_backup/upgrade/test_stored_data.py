"""Project data that a run of November 2026 stored is read by every later program."""

import json
from pathlib import Path

import pytest

from repo_backup.cli.main import main

FIXTURE = Path(__file__).parents[3] / "fixtures" / "bucket-data"


def test_a_bucket_with_project_data_is_verified_and_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ["--source", str(FIXTURE)]
    assert main(["list", *source, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["archives"]
    assert {(each["kind"], each["overlays"]) for each in listed} == {("git", 0), ("data", 1)}
    for run_id in ("2026-11-20T17-00-00Z", "2026-11-27T17-00-00Z"):
        assert main(["verify", "--all", *source, "--run-id", run_id]) == 0
    assert main(["restore", "octo/hello", *source, "--into", str(tmp_path)]) == 0
    folder = tmp_path / "hello.data"
    assert json.loads((folder / "deleted.json").read_bytes()).keys() == {"issues/1.json"}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert {"issues/1.json", "issues/5.json", "pulls/2.json", "discussions/4.json"} <= found
    assert json.loads((folder / "issues/1.json").read_bytes())["comment_data"]
    index = json.loads((folder / "index.json").read_bytes())
    assert index["sections"]["issues"] == {**index["sections"]["issues"], "here": 2, "github": 2}


def test_its_items_are_shown_in_a_terminal_as_of_each_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show = ["show", "octo/hello", "--source", str(FIXTURE)]
    assert main([*show, "issues"]) == 0
    newest = capsys.readouterr().out
    assert "#5  open" in newest
    assert "#1  gone 2026-11-30" in newest
    assert main([*show, "issues", "--run-id", "2026-11-20T17-00-00Z"]) == 0
    before = capsys.readouterr().out
    assert "#5" not in before
    assert "#1  closed (completed)" in before
    assert main([*show, "#2"]) == 0
    assert "> monalisa commented on README.md:1 (resolved)" in capsys.readouterr().out
    assert main([*show, "releases"]) == 0
    assert "octo/hello v1.0" in capsys.readouterr().out
    assert main(show) == 0
    assert "1 that are gone from GitHub stay in the backup" in capsys.readouterr().out
    assert main([*show, "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["documents"].keys() == document["gone"].keys() == {"issues/1.json"}


def test_what_cannot_be_shown_is_said_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    source = ["--source", str(FIXTURE)]
    assert main(["show", "octo/hello", "99", *source]) == 1
    assert "`repo-backup show octo/hello issues` lists the issues" in capsys.readouterr().err
    assert main(["show", "octo/helo", *source]) == 1
    output = capsys.readouterr().err
    assert "did you mean octo/hello?" in output
    assert "unless --no-data" in output
    with pytest.raises(SystemExit):
        main(["show", "octo/hello", "isues", *source])
    assert "neither a number nor one of issues, pulls, discussions" in capsys.readouterr().err


def test_its_two_runs_are_compared_item_by_item(capsys: pytest.CaptureFixture[str]) -> None:
    runs = ("2026-11-20T17-00-00Z", "2026-11-27T17-00-00Z")
    diff = ["diff", *runs, "--source", str(FIXTURE)]
    assert main(diff) == 0
    assert "octo/hello, project data: issues: 1 new, 1 gone" in capsys.readouterr().out
    assert main([*diff, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["repositories"]
    assert (row["refs"], row["refs_unread"]) == (None, None)
    assert row["items"] == {"new": {"issues": 1}, "changed": {}, "gone": {"issues": 1}}
