"""``repo-backup report``: what was really backed up, as a page."""

import json
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import get_type_hints

import pytest

from backup_contract.documents.output.runs import ReportDocument
from local_cloud.github import Fault, GitHubStandIn
from repo_backup.cli.main import main
from repo_backup.health.status import assess
from repo_backup.page.run_history import read
from repo_backup.page.view_model import Page, build_page
from repo_backup.store.base import Store
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.s3 import open_bucket
from tests.integration.repo_backup.conftest import Bucket, Destination

ROOT = Path(__file__).parents[4]


def report(source: str, out: Path, *more: str) -> int:
    return main(["report", "--source", source, "--out", str(out), *more])


def page_of(store: Store) -> Page:
    """What the page shows."""
    now = datetime.now(UTC)
    found = assess(store, 5, now, None)
    return build_page(read(store), "x", now, found.judgement, found.under_way)


def test_a_folder_that_was_backed_up_to_has_a_page(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup() == 0
    assert destination.backup(run_id="r2") == 0
    out = tmp_path / "page"
    capsys.readouterr()
    assert report(str(destination.root), out) == 0
    message = capsys.readouterr().out
    assert (
        message == f"Everything is backed up; 2 runs, 8 repositories: {out.as_uri()}/index.html\n"
    )
    html = (out / "index.html").read_text()
    assert "octo/hello" in html
    assert str(destination.root) in html
    assert [each.name for each in out.iterdir()] == ["index.html"]


def test_a_failing_repository_is_what_the_page_says_first(
    hub: GitHubStandIn, destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup() == 0
    hub.faults.add(Fault("/octo/unicode.git/*", status=451))
    assert destination.backup(run_id="r2") == 3
    capsys.readouterr()
    assert report(str(destination.root), tmp_path / "page", "--json") == 0
    message = json.loads(capsys.readouterr().out)
    assert set(message) == set(get_type_hints(ReportDocument))
    assert (message["good"], message["headline"]) == (
        False,
        "The newest run, r2, ended with 1 of 8 failed",
    )
    page = page_of(DirectoryStore(destination.root))
    (row,) = [each for each in page.repositories if each.name == "octo/unicode"]
    assert (row.status.value, row.last_good, row.history) == ("failed", 0, "b1f1")
    assert "451" in row.reason


def test_a_bucket_below_a_prefix_has_a_page(
    s3: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"{s3.location}/below/here"
    arguments = ["--owner", "octo", "--destination", source, "--run-id", "r1"]
    assert main(["backup", "--no-data", *arguments, "--only", "hello"]) == 0
    assert report(source, tmp_path / "page") == 0
    page = page_of(open_bucket(f"{s3.name}/below/here", connections=2))
    (hello,) = [each for each in page.repositories if each.name == "octo/hello"]
    assert (hello.status.value, list(hello.further_bytes)) == ("backed up", ["wiki"])
    assert f"--source {source}" in (tmp_path / "page/index.html").read_text()


def test_a_page_of_ours_is_replaced_and_nothing_else(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    out = tmp_path / "page"
    assert report(str(destination.root), out) == 0
    (out / "notes.txt").write_text("mine")
    (out / "index.html").write_bytes((out / "index.html").read_bytes().replace(b"hello", b"old"))
    assert report(str(destination.root), out) == 0
    assert "octo/hello" in (out / "index.html").read_text()
    assert (out / "notes.txt").read_text() == "mine"
    (out / "index.html").write_text("<html>somebody else's</html>")
    assert report(str(destination.root), out) == 2
    assert (out / "index.html").read_text() == "<html>somebody else's</html>"
    message = capsys.readouterr().err
    assert "--out: " in message
    assert "name a new or empty directory" in message


def test_a_directory_with_something_in_it_is_left_alone(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    assert report(str(destination.root), destination.root) == 2
    assert "is not empty" in capsys.readouterr().err
    assert not (destination.root / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "."], "--out"),
        (["--source", ".", "--out", __file__], "is a file; name a directory"),
        (["--source", ".", "--out", "s3://bucket"], "is not a directory on this machine"),
        (["--source", "s3:/x", "--out", "o"], "is neither s3://BUCKET[/PREFIX] nor a directory"),
        (["--source", ".", "--out", "o", "--runs", "0"], "'0' is not a number"),
        (["--source", ".", "--out", "o", "--run", "1"], "did you mean --runs?"),
    ],
)
def test_wrong_words_end_with_code_2_and_a_hint(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["report", *arguments])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_an_empty_source_is_an_error_and_leaves_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert report(str(tmp_path / "empty"), tmp_path / "page") == 1
    assert "there is no backup at this source" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_a_bucket_that_is_not_there_is_named(
    s3: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report("s3://no-such-bucket-here", tmp_path / "page") == 1
    assert "there is no bucket no-such-bucket-here (NoSuchBucket: " in capsys.readouterr().err


def test_unreadable_reports_end_with_code_3_and_the_page_without_them(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    (destination.root / "runs/r1/report.json").write_text('{"schema": 9}')
    assert report(str(destination.root), tmp_path / "page") == 3
    assert "ignored: runs/r1/report.json: schema 9" in capsys.readouterr().err
    assert "1 document could not be read" in (tmp_path / "page/index.html").read_text()


def test_an_interrupted_write_leaves_the_page_that_was(
    destination: Destination,
    tmp_path: Path,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    destination.backup("--only", "hello")
    out = tmp_path / "page"
    assert report(str(destination.root), out) == 0
    before = (out / "index.html").read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    environment.setattr(Path, "replace", full)
    assert report(str(destination.root), out) == 1
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert [each.name for each in out.iterdir()] == ["index.html"]
    assert (out / "index.html").read_bytes() == before


@pytest.mark.slow
def test_what_pip_installs_can_write_the_page(destination: Destination, tmp_path: Path) -> None:
    destination.backup("--only", "hello")
    wheels, project = tmp_path / "wheels", tmp_path / "project"
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "instance_scripts", project / "instance_scripts", ignore=leave_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, str(wheels), str(project)], check=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "repo_backup", "report"),
            *("--source", str(destination.root), "--out", str(tmp_path / "page")),
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "page/index.html").is_file()
