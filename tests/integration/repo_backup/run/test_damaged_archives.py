"""A damaged or missing archive, whoever finds it, is fetched again by the next plain run."""

import json
from pathlib import Path

import pytest

from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, MadeOnce

ONLY = ("--only", "hello", "--only", "unicode", "--no-wikis")
NOTE = "github_backups/octo/damaged.json"


@pytest.fixture
def hello(destination: Destination, made_once: MadeOnce) -> Path:
    """The archive of ``hello``, in good order."""

    def make() -> None:
        assert destination.backup(*ONLY) == 0

    made_once("two-with-drill", destination.root, make)
    return destination.root / "github_backups/octo/hello.zip"


def _spoil(archive: Path) -> None:
    """Damage that no listing shows: the size stays the same."""
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)


def _verified(destination: Destination) -> bool:
    return main(["verify", "--source", str(destination.root), "--all"]) == 0


def test_what_the_drill_finds(destination: Destination, hello: Path) -> None:
    _spoil(hello)
    assert destination.backup(*ONLY, run_id="r2") == 3
    assert destination.states("r2")["hello"] == "unchanged"
    assert destination.backup(*ONLY, run_id="r3") == 0
    assert destination.states("r3")["hello"] == "backed-up"
    assert destination.states("r3")["unicode"] == "unchanged"
    (notice,) = destination.manifest("r3")["notices"]
    assert notice.startswith("github_backups/octo/hello.zip was found damaged (")
    assert _verified(destination)
    assert destination.backup(*ONLY, run_id="r4") == 0
    assert destination.states("r4")["hello"] == "unchanged"
    assert destination.manifest("r4")["notices"] == []


def test_what_the_drill_finds_is_not_forgotten_by_a_run_that_passes_it_over(
    destination: Destination, hello: Path
) -> None:
    _spoil(hello)
    assert destination.backup(*ONLY, run_id="r2") == 3
    destination.backup("--only", "unicode", "--no-wikis", run_id="r3")
    assert destination.backup(*ONLY, run_id="r4") == 0
    assert destination.states("r4")["hello"] == "backed-up"


def test_what_verify_finds(destination: Destination, hello: Path) -> None:
    _spoil(hello)
    assert not _verified(destination)
    (found,) = json.loads((destination.root / NOTE).read_text())["archives"]
    assert (found["key"], found["run_id"]) == ("github_backups/octo/hello.zip", "r1")
    assert destination.backup(*ONLY, "--no-drill", run_id="r2") == 0
    assert destination.states("r2") == {"hello": "backed-up", "unicode": "unchanged"} | {
        name: state for name, state in destination.states("r2").items() if state == "skipped"
    }
    assert _verified(destination)
    assert destination.backup(*ONLY, "--no-drill", run_id="r3") == 0
    assert destination.states("r3")["hello"] == "unchanged"


def test_what_verify_finds_good_again_is_not_fetched(destination: Destination, hello: Path) -> None:
    whole = hello.read_bytes()
    _spoil(hello)
    assert not _verified(destination)
    hello.write_bytes(whole)
    assert _verified(destination)
    assert json.loads((destination.root / NOTE).read_text())["archives"] == []
    assert destination.backup(*ONLY, "--no-drill", run_id="r2") == 0
    assert destination.states("r2")["hello"] == "unchanged"


def test_verify_writes_nothing_where_nothing_is_bad(destination: Destination, hello: Path) -> None:
    assert _verified(destination)
    assert not (destination.root / NOTE).exists()


def test_what_is_missing(destination: Destination, hello: Path) -> None:
    hello.unlink()
    assert not _verified(destination)
    assert not (destination.root / NOTE).exists()
    assert destination.backup(*ONLY, run_id="r2") == 0
    assert destination.states("r2")["hello"] == "backed-up"


@pytest.mark.parametrize("note", [b"{", b'{"schema": 1, "archives": 5}', b" " * (2 << 20)])
def test_a_note_that_is_damaged_itself_costs_nothing(
    destination: Destination, hello: Path, note: bytes
) -> None:
    (destination.root / NOTE).write_bytes(note)
    assert destination.backup(*ONLY, "--no-drill", run_id="r2") == 0
    assert destination.states("r2")["hello"] == "unchanged"
    _spoil(hello)
    assert not _verified(destination)
    assert destination.backup(*ONLY, "--no-drill", run_id="r3") == 0
    assert destination.states("r3")["hello"] == "backed-up"
