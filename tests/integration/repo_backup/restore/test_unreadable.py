"""What this machine cannot read is named with its path and a remedy; everything else is read."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, MadeOnce

NOBODY = 65534
HELLO, UNICODE = "github_backups/octo/hello.zip", "github_backups/octo/unicode.zip"


@pytest.fixture
def copy(
    destination: Destination, made_once: MadeOnce, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Destination]:
    """A backup of two repositories where every user may look, and make temporary files."""

    def make() -> None:
        only = ("--only", "hello", "--only", "unicode", "--no-wikis", "--no-drill")
        assert destination.backup(*only) == 0

    made_once("two-without-wikis", destination.root, make)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        shutil.copytree(destination.root, Path(name) / "mirrors")
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", None)
        # What Python loads at first use, nobody could read afterwards.
        for command in (["verify"], ["list"], ["list", "--runs"], ["status"]):
            main([*command, "--source", str(destination.root)])
        destination.restored("hello", Path(name) / "warm")
        yield Destination(Path(name) / "mirrors", destination.environment)


@contextmanager
def _as_anybody() -> Iterator[None]:
    """A user without rights: root reads everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def _lock(path: Path) -> str:
    path.chmod(0)
    return "Permission denied; run as a user who may read it, or change its rights"


def _make_a_folder(path: Path) -> str:
    path.unlink()
    path.mkdir()
    return "Is a directory; check the disk and the file system"


@pytest.mark.parametrize("spoil", [_lock, _make_a_folder])
def test_verify_goes_on_and_sums_up_what_it_could_not_read(
    copy: Destination, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], str]
) -> None:
    unread = copy.root / HELLO
    reason = spoil(unread)
    source = ["--source", str(copy.root), "--all"]
    capsys.readouterr()
    with _as_anybody():
        assert main(["verify", *source]) == 3
        output = capsys.readouterr().out.splitlines()
        assert main(["verify", *source, "--json"]) == 3
    assert f"good: {UNICODE}" in output
    assert output[-2:] == [
        "1 of 2 archives are good; 1 of 2 were read",
        f"NOT READ: {HELLO}: {unread}: {reason}",
    ]
    document = json.loads(capsys.readouterr().out)
    assert (document["checked"], document["bad"], document["unread"]) == (1, 0, 1)
    rows = {row["key"]: (row["good"], row["read"]) for row in document["archives"]}
    assert rows == {HELLO: (False, False), UNICODE: (True, True)}


def test_verify_sums_up_all_that_is_bad(
    copy: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in (HELLO, UNICODE):
        (copy.root / key).write_bytes(b"junk")
    capsys.readouterr()
    assert main(["verify", "--source", str(copy.root), "--all"]) == 3
    *_, counts, first, second = capsys.readouterr().out.splitlines()
    assert counts == "0 of 2 archives are good"
    assert first.startswith(f"BAD:  {HELLO}: ")
    assert second.startswith(f"BAD:  {UNICODE}: ")


def test_restore_names_path_and_remedy_and_leaves_nothing(
    copy: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = copy.root / HELLO
    locked.chmod(0)
    out = copy.root.parent / "out"
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    with _as_anybody():
        source = ["--source", str(copy.root), "--into", str(out)]
        assert main(["restore", "octo/hello", *source]) == 1
    output = capsys.readouterr().err
    assert f"{locked}: Permission denied; run as a user who may read it" in output
    assert list(out.iterdir()) == []


def test_restore_to_where_nothing_may_be_written_names_that(
    copy: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    out = copy.root.parent / "out"
    out.mkdir(mode=0o500)
    with _as_anybody():
        source = ["--source", str(copy.root), "--into", str(out)]
        assert main(["restore", "octo/hello", *source]) == 1
    assert f"{out}" in (output := capsys.readouterr().err)
    assert "Permission denied" in output


FOLDERS = ("github_backups", "github_backups/octo", "runs")
READS = {
    ("verify", "--all"): FOLDERS,
    ("list",): FOLDERS,
    ("list", "--runs"): ("runs",),
    ("status",): FOLDERS,
}


@pytest.mark.parametrize(
    ("command", "folder"),
    [(command, each) for command, folders in READS.items() for each in folders],
)
def test_a_folder_that_cannot_be_read_is_an_error_and_not_empty(
    copy: Destination, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], folder: str
) -> None:
    (copy.root / folder).chmod(0)
    capsys.readouterr()
    try:
        with _as_anybody():
            assert main([*command, "--source", str(copy.root)]) == 1
    finally:
        (copy.root / folder).chmod(0o755)
    output = capsys.readouterr()
    assert f"{copy.root / folder}" in output.err
    assert "run as a user who may read it, or change its rights" in output.err


def test_a_runs_folder_that_cannot_be_read_costs_that_run_alone_and_is_named(
    copy: Destination, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    unread = copy.root / "runs/r0"
    (unread / "attempts").mkdir(parents=True)
    unread.chmod(0)
    (out := copy.root.parent / "out").mkdir()
    out.chmod(0o777)
    commands = {
        ("verify", "--all"): 0,
        ("list",): 0,
        ("list", "--runs"): 0,
        ("status",): 3,  # two of eight repositories are saved
        ("restore", "octo/hello", "--into", str(out)): 0,
    }
    why = "manifest.json is ignored.*Permission denied; run as a user who may read it"
    codes = {}
    try:
        with _as_anybody():
            for command in commands:
                caplog.clear()
                codes[command] = main([*command, "--source", str(copy.root)])
                assert len(re.findall(f"runs/r0/{why}", caplog.text)) == 1, command
                assert "r1" not in caplog.text
    finally:
        unread.chmod(0o755)
    assert codes == commands
    assert re.search("r1 .*8 +2", capsys.readouterr().out)
