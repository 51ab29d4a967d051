"""A damaged document in the bucket costs what it describes, and nothing else; it is named once."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.manifest import iso
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, MadeOnce

FAST = ("--include", "hello", "--include", "secret", "--no-drill")
DAMAGED = "runs/r2/manifest.json"
HELLO = "github_backups/octo/hello.zip"
STRAY = "github_backups/octo/stray.zip"


def _no_owners(document: Any) -> None:
    document["owners"] = None


def _climbing(document: Any) -> None:
    key = "github_backups/../../outside/x.zip"
    (hello,) = [each for each in document["repositories"] if each["name"] == "hello"]
    archive = {**hello["archive"], "key": key}
    names = {"id": 7, "owner": "octo", "name": "x", "wiki": False, "lfs": False}
    document["kept"] = [{"key": key, **names, "refs_digest": None, "refs": 1, "archive": archive}]


def _absolute(document: Any) -> None:
    document["repositories"][1]["archive"] = {"key": "/etc/ssl/x"}


DAMAGES = {
    "no owners": (_no_owners, "owners is not a list"),
    "a kept key that climbs": (_climbing, "kept[0].archive.key is not a key below github_backups/"),
    "an absolute key": (_absolute, "repositories[1].archive.key is not a key below"),
}

_touched: list[list[str]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _touched and event in ("open", "os.scandir", "os.listdir") and arguments:
        _touched[-1].append(str(arguments[0]))


sys.addaudithook(_note)


@contextmanager
def _touches() -> Iterator[list[str]]:
    """Every file that is opened, and every directory that is listed, meanwhile."""
    _touched.append([])
    try:
        yield _touched[-1]
    finally:
        _touched.pop()


def _change(destination: Destination, run_id: str, **values: object) -> None:
    path = destination.root / "runs" / run_id / "manifest.json"
    path.write_text(json.dumps({**destination.manifest(run_id), **values}))


@pytest.fixture
def history(destination: Destination, made_once: MadeOnce) -> Destination:
    """A good run r1, r2 that is to be damaged, r3 that was cut off, and a stray archive.

    So backup goes on to r2 and r1, and what asks for the stray archive reads every manifest.
    """

    def make() -> None:
        now = datetime.now(UTC)
        for number in (1, 2, 3):
            assert destination.backup(*FAST, run_id=f"r{number}") == 0
            _change(destination, f"r{number}", started_at=iso(now - timedelta(days=4 - number)))
        _change(destination, "r3", complete=False, finished_at=None)
        shutil.copy(destination.root / HELLO, destination.root / STRAY)

    made_once("three-runs-and-a-stray-archive", destination.root, make)
    return destination


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_damaged_older_manifest_costs_no_command_anything_and_is_named_once(
    history: Destination,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    change, field = DAMAGES[damage]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.zip").write_bytes(b"nobody's")
    document = history.manifest("r2")
    change(document)
    (history.root / DAMAGED).write_text(json.dumps(document))
    source = ["--source", str(history.root)]
    reading = {
        "status": (["status", *source], 0),
        "list": (["list", *source], 0),
        "list --runs": (["list", "--runs", *source], 0),
        "restore": (["restore", "octo/stray", *source, "--into", str(tmp_path / "out")], 0),
        "verify": (["verify", "--all", *source], 0),
        "report": (["report", *source, "--out", str(tmp_path / "page")], 3),
    }
    commands: dict[str, tuple[Callable[[], int], int]] = {
        "backup": (lambda: history.backup(*FAST, run_id="r4"), 0),
        **{name: (partial(main, words), code) for name, (words, code) in reading.items()},
    }
    for name, (command, code) in commands.items():
        capsys.readouterr()
        caplog.clear()
        with _touches() as touched:
            assert command() == code, name
        # A backup writes what is logged among its own lines.
        answer = capsys.readouterr().err + caplog.text * (name != "backup")
        (line,) = [each for each in answer.splitlines() if DAMAGED in each]
        assert field in line, name
        assert not [path for path in touched if "outside" in path or "etc/ssl/x" in path], name
    states = history.states("r4")
    assert (states["hello"], states["secret"]) == ("unchanged", "unchanged")
    into = ["--into", str(tmp_path / "hello")]
    assert main(["restore", "octo/hello", *source, *into]) == 0


def test_a_named_run_whose_manifest_is_damaged_is_refused_with_the_field(
    history: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(history, "r2", owners=None)
    for command in (
        ["list"],
        ["verify", "--all"],
        ["restore", "octo/hello", "--into", str(tmp_path / "out")],
    ):
        source = ["--source", str(history.root), "--run-id", "r2"]
        assert main([*command, *source]) == 1
        answer = capsys.readouterr().err
        assert answer.startswith("repo-backup: the manifest of run r2 is unreadable: owners is not")


def test_an_own_damaged_checkpoint_is_left_out_and_the_run_begins_anew(
    history: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    _change(history, "r3", notices=None)
    assert history.backup(*FAST, run_id="r3") == 0
    assert history.manifest("r3")["complete"]
    assert caplog.text.count("runs/r3/manifest.json is ignored: notices is not a list") == 1


def test_what_differs_from_all_manifests_names_a_damaged_one_once(
    history: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever vouches for an archive is looked for in manifests that were read before."""
    _change(history, "r2", owners=None)
    shutil.copy(history.root / "github_backups/octo/secret.zip", history.root / HELLO)
    assert main(["verify", "--all", "--source", str(history.root)]) == 3
    assert caplog.text.count(DAMAGED) == 1


def test_fields_of_a_later_version_cost_nothing(
    history: Destination, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    document = history.manifest("r2")
    for each in filter(lambda entry: entry["archive"], document["repositories"]):
        each["archive"]["kind"] = {"of": "a later version"}
    (history.root / DAMAGED).write_text(json.dumps(document))
    assert history.backup(*FAST, run_id="r4") == 0
    assert main(["list", "--source", str(history.root)]) == 0
    assert DAMAGED not in capsys.readouterr().err + caplog.text


def test_a_lock_with_a_forged_line_in_it_is_refused_in_one_line(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "x\n\u001b[2Krepo-backup: all is well"
    lock = {"schema": 1, "run_id": name, "attempt": 1, "expires_at": "2999-01-01T00:00:00Z"}
    (destination.root / "runs").mkdir(parents=True)
    (destination.root / "runs/lock.json").write_text(json.dumps(lock))
    assert destination.backup(*FAST) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.startswith("repo-backup: run x ?[2Krepo-backup: all is well is writing to this")
