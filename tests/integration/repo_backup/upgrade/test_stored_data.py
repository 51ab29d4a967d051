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
