"""``repo-backup evidence``: an auditor's list as table, CSV and JSON, and its exit code."""

import csv
import io
import json
from pathlib import Path
from typing import get_type_hints

import pytest

from backup_contract.documents.output.runs import EvidenceDocument, EvidenceRow
from repo_backup.cli.main import main
from tools.bench.page.history import History


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine repositories after four runs, of which the last left two of them failed."""
    root = tmp_path_factory.mktemp("store")
    History(9, 4, "partial").write(root)
    return root


def test_the_table_has_a_line_for_each_repository_and_its_dates(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "--source", str(source)]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    titles = ("repository", "kind", "status", "backed up", "verified", "restore drill")
    assert [heading.index(title) for title in titles] == sorted(map(heading.index, titles))
    (failed,) = [line for line in lines if line.startswith("octo/cobalt-api ")]
    assert "failed" in failed
    assert failed.count("2026-11-06") == 2  # the newest run that had it good, and verified


def test_the_csv_has_what_the_json_has(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "--csv", "--source", str(source)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert main(["evidence", "--json", "--source", str(source)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == set(get_type_hints(EvidenceDocument))
    assert all(set(row) == set(get_type_hints(EvidenceRow)) for row in document["rows"])
    written = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in document["rows"]
    ]
    assert rows == written
    assert {row["repository"] for row in rows} >= {"octo/cobalt-api", "octo/harbor-api"}


def test_what_cannot_be_read_is_named_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    History(2, 2).write(tmp_path)
    (report,) = (tmp_path / "runs").glob("2026-11-20*/report.json")
    report.write_text("no JSON")
    assert main(["evidence", "--csv", "--source", str(tmp_path)]) == 3
    streams = capsys.readouterr()
    assert streams.err.startswith(f"ignored: runs/{report.parent.name}/report.json: ")
    assert "octo/beacon-api,git," in streams.out


def test_a_store_without_runs_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "--source", str(tmp_path)]) == 1
    assert capsys.readouterr().out == ""
