"""An overlay or a list that is lost, false or junk: the next run keeps what can be read."""

import hashlib
from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files
from tests.integration.repo_backup.conftest import Destination, refs
from tests.integration.repo_backup.run.overlay_runs import (
    RUN_IDS,
    backup,
    by_hand,
    dropped_branch,
    pins,
)
from tests.surplus import slow_but


def _overlay(destination: Destination, number: int) -> Path:
    """An overlay of the present chain, whether it is there or not."""
    folder = destination.root / "github_backups/octo"
    digest = hashlib.sha256((folder / "hello.zip").read_bytes()).hexdigest()
    return folder / f"hello+{digest[:12]}.{number:04}.zip"


@pytest.mark.parametrize("foreign", [b"no zip", b""])
@pytest.mark.parametrize("number", slow_but({0}, [2, 4]))
def test_an_overlay_that_no_run_can_have_put_leads_to_a_base_that_keeps_what_others_hold(
    destination: Destination, hello: Path, tmp_path: Path, foreign: bytes, number: int
) -> None:
    tip = dropped_branch(destination, hello)
    _overlay(destination, number).write_bytes(foreign)
    assert backup(destination, 2) == 0
    entry = destination.entry("hello", RUN_IDS[2])
    assert (entry["state"], entry.get("chain")) == ("backed-up", None)
    (answer,) = (each for each in entry["warnings"] if "a new archive contains" in each)
    assert f".{number:04}.zip" in answer
    assert not _overlay(destination, number).exists()
    assert pins(by_hand(destination.root, tmp_path / "hand")) == (refs(hello), [tip])
    commit_files(hello, {"more.txt": "more\n"}, message="More")
    assert backup(destination, 3) == 0
    assert destination.entry("hello", RUN_IDS[3])["chain"]["links"] == 1
    assert pins(by_hand(destination.root, tmp_path / "again")) == (refs(hello), [tip])


def test_a_base_that_is_made_anew_of_the_same_gets_a_chain_of_its_own(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    _overlay(destination, 3).write_bytes(b"no zip")
    assert backup(destination, 1) == 0
    assert not _overlay(destination, 3).exists()
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


@pytest.mark.parametrize("damage", slow_but({0, 2}, ["missing", "shorter", "other bytes"]))
def test_an_overlay_that_is_not_as_it_was_leads_to_a_base_that_keeps_what_can_be_read(
    destination: Destination, hello: Path, tmp_path: Path, damage: str
) -> None:
    tip = dropped_branch(destination, hello)
    overlay = _overlay(destination, 1)
    match damage:
        case "missing":
            overlay.unlink()
        case "shorter":
            overlay.write_bytes(overlay.read_bytes()[:-1])
        case "other bytes":
            overlay.write_bytes(b"x" * len(overlay.read_bytes()))
    assert backup(destination, 2) == 0
    entry = destination.entry("hello", RUN_IDS[2])
    assert entry.get("chain") is None
    assert any(".0001.zip" in each for each in entry["warnings"])
    assert pins(by_hand(destination.root, tmp_path / "hand")) == (refs(hello), [tip])


@pytest.mark.parametrize("damage", slow_but({0, 2}, ["missing", "damaged", "of another chain"]))
def test_a_list_that_is_lost_in_a_folder_is_made_anew_and_no_run_is_lost(
    destination: Destination, hello: Path, tmp_path: Path, damage: str
) -> None:
    days = {}
    for number in (0, 1, 2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
        days[number] = refs(hello)
    overlay = _overlay(destination, 1)
    listed = overlay.with_name(overlay.name.replace(".0001.zip", ".json"))
    match damage:
        case "missing":
            listed.unlink()
        case "damaged":
            listed.write_bytes(b"{}\n")
        case "of another chain":
            listed.write_bytes(listed.read_bytes().replace(b"+", b"+0"))
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(destination, 3) == 0
    days[3] = refs(hello)
    assert destination.entry("hello", RUN_IDS[3])["chain"]["links"] == 3
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
    for number, day in days.items():
        into = tmp_path / str(number)
        assert refs(destination.restored("hello", into, "--at", RUN_IDS[number])) == day


@pytest.mark.parametrize("links", [0, 1])
def test_junk_in_a_list_behind_what_is_named_does_not_end_the_chain(
    destination: Destination, hello: Path, tmp_path: Path, links: int
) -> None:
    for number in range(links + 1):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
    listed = _overlay(destination, 1).with_name(_overlay(destination, 1).name[:-8] + "json")
    good = listed.read_bytes() if links else b""
    listed.write_bytes(good + b"junk")
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(destination, 8) == 0
    entry = destination.entry("hello", RUN_IDS[8])
    assert (entry["chain"]["links"], entry["warnings"]) == (links + 1, [])
    assert listed.read_bytes().startswith(good)
    assert b"junk" not in listed.read_bytes()
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
