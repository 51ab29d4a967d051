"""What becomes of overlays of project data that no manifest proves."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from repo_backup.archive.document_zip import Packed, write_zip
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.kinds.data.host import KEY, MemoryHost, Runs, Versioned

NOWHERE = {"number": 666, "title": "pay to this account", "comment_data": []}


def issue(number: int, title: str = "a") -> dict[str, object]:
    return {"number": number, "title": title, "user": None, "comment_data": []}


@pytest.fixture(params=[False, True], ids=["folder", "versions"])
def runs(tmp_path: Path, request: pytest.FixtureRequest) -> Runs:
    """After a first run."""
    store = Versioned if request.param else DirectoryStore
    host = MemoryHost({f"issues/{number}.json": issue(number) for number in range(1, 6)})
    made = Runs(tmp_path, host, store(tmp_path / "bucket"))
    made.back_up()
    return made


def overlay_path(runs: Runs, number: int) -> Path:
    assert runs.result
    assert runs.result.archive
    chain_id = layout.chain_id(runs.result.archive.sha256)
    return runs.root / "bucket" / layout.overlay(KEY, chain_id, number)


def plant(
    runs: Runs, documents: Mapping[str, Any], number: int = 1, top: str = "hello.data"
) -> Path:
    """An overlay as this program would pack it, put by somebody who may write objects."""
    index = {"schema": 1, "repository": "octo/hello", "id": 7, "run_id": "r1"}
    lists = {"deleted.json": {}, "index.json": {**index, "documents": {}, "sections": {}}}
    path = overlay_path(runs, number)
    packed = [
        (f"{top}/{name}", Packed.of(json.dumps(each).encode()))
        for name, each in {**documents, **lists}.items()
    ]
    write_zip(path, packed, 1 << 20)
    return path


def restored(runs: Runs, name: str) -> dict[str, Any]:
    folder = runs.restore(name).path
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_bytes())
        for path in folder.rglob("*.json")
    }


def by_hand(runs: Runs) -> dict[str, Any]:
    """What ``unzip -o`` of the base and each overlay after it leaves, as the docs tell."""
    found: dict[str, Any] = {}
    path, number = runs.root / "bucket" / KEY, 0
    result = runs.result
    assert result
    assert result.archive
    while path.exists():
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                found[name.removeprefix("hello.data/")] = json.loads(archive.read(name))
        number += 1
        path = overlay_path(runs, number)
    return found


def test_a_planted_document_is_never_carried_forward_and_is_named_once(runs: Runs) -> None:
    planted = plant(runs, {"issues/666.json": NOWHERE})
    result = runs.back_up()
    assert (result.state, result.chain) == ("backed-up", None)
    (warning,) = result.warnings
    assert planted.name in warning
    assert "issues/666.json, which this run did not find" in warning
    assert "issues/666.json" not in restored(runs, "now")
    assert "issues/666.json" not in by_hand(runs)
    runs.host.documents["issues/6.json"] = issue(6)
    later = runs.back_up()
    assert later.warnings == ()
    assert later.chain
    assert set(restored(runs, "later")) == {
        *(f"issues/{number}.json" for number in range(1, 7)),
        *("index.json", "deleted.json"),
    }


def test_an_altered_document_is_put_right_by_the_next_overlay_and_told(runs: Runs) -> None:
    plant(runs, {"issues/2.json": issue(2, "altered"), "issues/3.json": issue(3)})
    result = runs.back_up()
    assert result.chain
    assert result.chain.links == 2
    (warning,) = result.warnings
    # JSON of another make differs in its bytes, too.
    assert "differs from GitHub in 2 documents" in warning
    assert restored(runs, "now")["issues/2.json"] == issue(2)
    assert by_hand(runs)["issues/2.json"] == issue(2)


def test_a_planted_mark_of_deletion_does_not_stay(runs: Runs) -> None:
    path = plant(runs, {})
    packed = [
        ("hello.data/deleted.json", Packed.of(b'{"issues/1.json": "2026-01-01T00:00:00Z"}')),
        ("hello.data/index.json", Packed.of(_index(path))),
    ]
    write_zip(path, packed, 1 << 20)
    runs.back_up()
    assert restored(runs, "now")["deleted.json"] == {}
    assert by_hand(runs)["deleted.json"] == {}


def test_an_overlay_in_another_folder_is_not_built_upon(runs: Runs) -> None:
    plant(runs, {"issues/2.json": issue(2)}, top="other.data")
    result = runs.back_up()
    assert result.chain is None
    assert runs.restore().remarks == ()


def test_a_zip_whose_directory_shows_other_files_is_not_built_upon(runs: Runs) -> None:
    """``unzip`` reads the directory at the end, this program the files one after the other."""
    path = plant(runs, {"issues/2.json": issue(2)})
    data = path.read_bytes()
    at = data.rindex(b"hello.data/issues/2.json")
    path.write_bytes(data[:at] + b"hello.data/issues/7.json" + data[at + 24 :])
    result = runs.back_up()
    assert result.chain is None
    assert "not packed the way" in result.warnings[0]
    assert "issues/7.json" not in by_hand(runs)


def test_a_list_that_no_manifest_names_proves_nothing(runs: Runs) -> None:
    """Whoever can write an overlay can write a list of it, too."""
    first = runs.result
    runs.host.documents["issues/6.json"] = issue(6, "planted")
    runs.back_up()
    del runs.host.documents["issues/6.json"]
    runs.result = first
    result = runs.back_up()
    assert result.chain is None
    assert "issues/6.json" in result.warnings[0]
    assert "issues/6.json" not in restored(runs, "now")


def test_what_a_killed_run_left_is_built_upon_without_a_word(runs: Runs) -> None:
    first = runs.result
    runs.host.documents["issues/6.json"] = issue(6)
    runs.back_up()
    runs.result = first
    result = runs.back_up()
    assert result.chain
    assert (result.chain.links, result.warnings) == (2, ())
    assert restored(runs, "now") == by_hand(runs)


def test_overlays_whose_list_is_lost_are_proven_by_what_the_manifest_says_of_them(
    tmp_path: Path,
) -> None:
    runs, grown = _with_lost_list(tmp_path)
    runs.host.documents["issues/7.json"] = issue(7)
    result = runs.back_up()
    assert grown.chain
    assert result.chain
    assert (result.chain.links, result.warnings) == (grown.chain.links + 1, ())
    found = restored(runs, "now")
    assert "issues/2.json" in found["deleted.json"]
    assert "issues/6.json" in found


def test_an_overlay_that_was_altered_while_its_list_is_lost_is_not_taken(tmp_path: Path) -> None:
    runs, _ = _with_lost_list(tmp_path)
    plant(runs, {"issues/666.json": NOWHERE}, number=2)
    result = runs.back_up()
    assert result.chain is None
    assert "not proven" in result.warnings[0]
    assert "issues/666.json" not in restored(runs, "now")


def _with_lost_list(tmp_path: Path) -> tuple[Runs, ItemResult]:
    """A folder with two overlays, of which no list tells any more."""
    host = MemoryHost({f"issues/{number}.json": issue(number) for number in range(1, 6)})
    runs = Runs(tmp_path, host, DirectoryStore(tmp_path / "bucket"))
    runs.back_up()
    runs.host.documents["issues/6.json"] = issue(6)
    runs.back_up()
    del runs.host.documents["issues/2.json"]
    grown = runs.back_up()
    assert grown.chain
    (tmp_path / "bucket" / layout.chain_document(KEY, grown.chain.id)).unlink()
    return runs, grown


def _index(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("hello.data/index.json")
