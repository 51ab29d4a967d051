"""The command line teaches, and answers a typo with what was probably meant."""

import io
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from backup_contract.documents.manifest import (
    Archive,
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
)
from backup_contract.documents.parts.entries import by_identity
from backup_contract.kinds import GIT
from backup_contract.text import size
from repo_backup.cli import main as cli
from repo_backup.cli.display import open_display, print_summary
from repo_backup.cli.live_display import LiveDisplay, show_summary, show_table
from repo_backup.cli.output import print_table
from repo_backup.cli.parser import parse
from repo_backup.hosts.github.connect import api_address
from repo_backup.run.progress_display import LineDisplay

BACKUP = ["backup", "--owner", "octo", "--destination", "d"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bakcup"], "did you mean backup?"),
        ([*BACKUP, "--ful"], "did you mean --full?"),
        ([*BACKUP, "--no-fork"], "did you mean --no-forks?"),
        ([*BACKUP, "--jobs", "0"], "'0' is not a number from 1 to 64"),
        ([*BACKUP, "--max-size", "big"], "'big' is not a size like 500M or 2G"),
        ([*BACKUP, "--run-id", "../x"], "'../x' is not a run id"),
        (["backup", "--owner", "-x/y", "--destination", "d"], "--owner"),
        (["backup", "--owner", "octo"], "--destination"),
        (["backup", "--owner", "https://github.com/octo", "--destination", "d"], "alone: octo"),
        (["backup", "--owner", "github.com/octo/x", "--destination", "d"], "alone: octo"),
        (["backup", "--owner", "@octo", "--destination", "d"], "give the name alone: octo"),
        (["backup", "--owner", "octo/hello", "--destination", "d"], "--only octo/hello"),
        (["backup", "--owner", "octo,b/c", "--destination", "d"], "--owner b --only b/c"),
        (["restore", "hello", "--source", ".", "--into", "x"], "'hello' is not OWNER/REPO"),
        (["restore", "https://h/a/b.git", "--source", ".", "--into", "x"], "did you mean a/b?"),
        (["restore", "git@h:a/b.git", "--source", ".", "--into", "x"], "did you mean a/b?"),
        (["restore", "a/b", "--source", "."], "--into"),
        (["list", "--source", "./typo"], "there is no directory './typo'; name a directory that"),
        (["status", "--source", "typo"], "there is no directory 'typo'"),
        (["list", "--source", ".", "--runs", "--versions", "a/b"], "not allowed with"),
        (["list", "--source", ".", "--versions", "b"], "'b' is not OWNER/REPO"),
        (["backup", "--destination", "s3:/bucket"], "is neither s3://BUCKET[/PREFIX] nor a dir"),
        (["backup", "--destination", "s3://"], "is neither s3://BUCKET[/PREFIX] nor a directory"),
        (["backup", "--destination", "gs://bucket"], "is neither s3://BUCKET[/PREFIX] nor a dir"),
        (["backup", "--destination", ""], "it is empty; name a directory or s3://BUCKET"),
        (["backup", "--destination", __file__], "is a file; name a directory or s3://BUCKET"),
    ],
)
def test_wrong_words_end_with_code_2_and_a_hint(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_shows_examples_variables_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    for word in ("restore octo/hello", "GITHUB_TOKEN", "SSL_CERT_FILE", "75  interrupted"):
        assert word in said


def test_neither_owner_nor_token_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backup", "--destination", "d"]) == 2
    assert "name an --owner" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("api.github.com", "it begins with https://, as https://api.github.com"),
        ("127.0.0.1:18765", "it begins with https://, as https://127.0.0.1:18765"),
        ("http://github.example.com/api/v3", "the token would go in clear; give https://"),
        ("http://8.8.8.8", "the token would go in clear"),
        ("ftp://h/api/v3", "give https://HOST/api/v3"),
        ("https://h/api//v3", "give https://HOST/api/v3"),
        ("https://h/../v3", "give https://HOST/api/v3"),
        ("https://h/api/v3?page=1", "give https://HOST/api/v3"),
        ("https://me:s3cret@h/api/v3", "'https://…@h/api/v3' is not the address"),
        ("https://github.com", "GitHub's is https://api.github.com"),
        ("https://api.github.com/users/octo", "GitHub's is https://api.github.com"),
    ],
)
def test_an_address_that_cannot_be_an_apis_is_refused_before_anything_is_asked(
    address: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", address)
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    for command in (
        ["backup", "--owner", "octo", "--destination", str(tmp_path / "d")],
        ["estimate", "--owner", "octo"],
    ):
        assert cli.main(command) == 2
        shown = capsys.readouterr().err
        assert shown.startswith("repo_backup: GITHUB_API_URL: ")
        assert said in shown
        assert "s3cret" not in shown
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "address",
    [
        "https://h.example/api/v3/",
        "http://127.0.0.1:8",
        "http://localhost:8",
        "http://[::1]:8/a",
        "http://host.docker.internal:8",
        "http://git_hub/api/v3",
    ],
)
def test_an_address_that_can_be_an_apis_is_taken(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", address)
    assert api_address() == address.rstrip("/")


def test_a_source_that_may_not_be_read_is_named_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").write_text("a file where a directory should be")
    assert cli.main(["list", "--source", str(tmp_path), "--run-id", "r1"]) == 1
    told = capsys.readouterr().err
    assert f"{tmp_path / 'runs'} cannot be read: Not a directory; name the folder" in told


def _entry(state: str = "backed-up") -> Entry:
    archive = Archive("k", 2_500_000, "0", "r1")
    part = ItemResult(state, "a reason", ("a warning",), archive=archive)  # type: ignore[arg-type]
    return Entry(1, "octo", "hello", False, False, False, {GIT: part})


def test_away_from_a_terminal_every_fact_is_a_line() -> None:
    stream = io.StringIO()
    with open_display("r1", stream) as display:
        assert isinstance(display, LineDisplay)
        display.listed(3)
        display.started("octo/hello")
        display.finished(_entry(), "r1")
        display.note("something")
    told = [line.split(" ", 1) for line in stream.getvalue().splitlines()]
    assert all(datetime.fromisoformat(moment).utcoffset() == timedelta(0) for moment, _ in told)
    lines = [line for _, line in told]
    assert lines[0] == "INFO run=r1 event=listed repositories=3"
    assert lines[1].startswith("INFO run=r1 event=backed-up repository=octo/hello refs=0 bytes=25")
    assert lines[2] == 'WARNING run=r1 event=warning repository=octo/hello warning="a warning"'
    assert lines[3] == 'INFO run=r1 event=note text="something"'
    assert len(lines) == 4


def test_what_is_logged_meanwhile_is_among_the_lines_and_loses_no_field() -> None:
    stream = io.StringIO()
    log = logging.getLogger("repo_backup.run.somewhere")
    with open_display("r1", stream):
        log.warning('a "kept" archive', extra={"key": "a b", "why": "no"})
        log.info("%d uploads", 3)
        try:
            print(1 / 0)
        except ZeroDivisionError:
            log.exception("a defect")
    before = stream.getvalue()
    lines = [line.split(" ", 1)[1] for line in before.splitlines()]
    where = "run=r1 event=log logger=repo_backup.run.somewhere"
    assert lines[0] == f'WARNING {where} text="a \\"kept\\" archive" key="a b" why=no'
    assert lines[1] == f'INFO {where} text="3 uploads"'
    assert lines[2] == f'ERROR {where} text="a defect"'
    assert lines[-1] == 'ERROR run=r1 event=trace text="ZeroDivisionError: division by zero"'
    log.warning("after the run")
    assert stream.getvalue() == before


def test_on_a_terminal_progress_is_shown_live() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with LiveDisplay(console, lambda: 2_500_000) as display:
        display.listed(3)
        display.started("octo/hello")
        display.started("octo/world")
        display.finished(_entry("failed"), "r1")
        display.note("something")
    said = stream.getvalue()
    for words in ("1/3", "2.5 MB", "octo/world", "octo/hello: a reason", "something"):
        assert words in said


def _drawn(display: LiveDisplay) -> str:
    """The line as it is now."""
    console = display._progress.console
    with console.capture() as captured:
        console.print(display._progress.get_renderable())
    return captured.get().rstrip()


def test_at_80_columns_a_long_name_is_cut_and_nothing_else() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80)
    with LiveDisplay(console, lambda: 123_456_789) as display:
        display.listed(5000)
        for number in range(12):
            display.started(f"organisation-with-a-long-name/repository-{number}")
        display.finished(_entry(), "r1")
        line = _drawn(display)
        display.drilling("octo/hello", 0, 4)
        drill = _drawn(display)
    for text in (line, drill):
        assert len(text.splitlines()) == 1
        assert len(text) <= 80
        assert "123.5 MB" in text
        assert "B/s" in text
    assert "1/5000" in line
    assert " left" in line
    assert "(+11) organisa" in line
    assert "0/4" in drill
    assert "restore drill: octo" in drill


def test_of_names_that_are_given_with_commas_each_is_an_owner() -> None:
    given = ["backup", "--owner", "a,b", "--owner", "c", "--destination", "d"]
    assert parse(given).owner == ["a", "b", "c"]
    assert parse(BACKUP).owner == ["octo"]


def test_away_from_a_terminal_the_summary_is_plain_problems_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = Manifest(
        "r1", 1, ["octo"], datetime.now(UTC), by_identity([_entry("failed")]), listed=1
    )
    manifest.drill = Drill((DrilledArchive("a", True), DrilledArchive("b", False)))
    print_summary(manifest)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["failed: octo/hello: a reason", "Run r1"]
    told = dict(line.split(maxsplit=1) for line in lines[2:-1])
    assert told["listed"] == told["failed"] == "1"
    assert told["uploaded"] == told["stored"] == "2.5 MB"
    assert lines[-1] == "restore drill  1 of 2 archives good"


def test_on_a_terminal_the_summary_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary("Run r1", [("failed", "failed: octo/hello: [a] reason")], [("listed", "7")])
    said = capsys.readouterr().out
    assert said.startswith("failed: octo/hello: [a] reason")
    assert "Run r1" in said
    assert "│ listed │ 7 │" in said


def test_neither_what_draws_nor_the_sdk_is_imported_before_it_is_needed() -> None:
    code = (
        "import repo_backup.cli.main, sys\n"
        "print({'rich', 'botocore.client', 'botocore.endpoint'} & {*sys.modules})"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout == "set()\n"


def test_away_from_a_terminal_a_table_is_columns_that_are_not_folded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("name", "size"), [("octo/hello", "1 B"), ("o/h", "x" * 500)])
    said = capsys.readouterr().out
    assert said == f"name        size\nocto/hello  1 B\no/h         {'x' * 500}\n"


def test_on_a_terminal_a_table_folds_long_cells(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name", "size"), [("octo/[hello]", "x" * 500)])
    said = capsys.readouterr().out
    assert "octo/[hello]" in said
    assert max(map(len, said.splitlines())) <= 80


def test_bytes_are_readable() -> None:
    counts = (999, 1500, 2_500_000, 7e12)
    assert [size(count) for count in counts] == ["999 B", "1.5 kB", "2.5 MB", "7.0 TB"]
