"""Beside project data lies a list of the binaries that it refers to, named by the manifest."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.object_list import object_lines, read_object_list
from repo_backup.kinds.base import AssetChoice
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.kinds.data.host import KEY, MemoryHost, Runs
from tests.unit.repo_backup.kinds.data.test_assets import RELEASE, asset, release

ONE, OTHER = (hashlib.sha256(data).hexdigest() for data in (b"one", b"other"))


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost({RELEASE: release(asset(1, b"one"))}, assets={1: b"one", 2: b"other"})


@pytest.fixture
def runs(tmp_path: Path, host: MemoryHost) -> Runs:
    return Runs(tmp_path, host, DirectoryStore(tmp_path / "bucket"))


def list_key(result: ItemResult) -> str:
    assert result.archive
    return layout.object_list(result.archive.key, layout.chain_id(result.archive.sha256))


def listed(runs: Runs, result: ItemResult) -> dict[str, int]:
    """What the list says, which is as the result names it."""
    data = runs.store.read(list_key(result))
    assert data is not None
    assert result.object_list
    assert result.object_list.confirms(data)
    return read_object_list(data)


def test_the_list_grows_with_the_chain_and_an_earlier_run_finds_its_own(
    runs: Runs, host: MemoryHost
) -> None:
    first = runs.back_up()
    assert listed(runs, first) == {ONE: 3}
    host.documents[RELEASE] = release(asset(1, b"one"), asset(2, b"other", "b.zip"))
    second = runs.back_up()
    assert second.chain
    assert list_key(second) == list_key(first)
    assert listed(runs, second) == {ONE: 3, OTHER: 5}
    assert listed(runs, first) == {ONE: 3, OTHER: 5}
    assert runs.back_up(full=True).object_list == second.object_list


def test_data_without_files_of_releases_has_no_list(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release()
    result = runs.back_up()
    assert result.object_list is None
    assert not [*runs.root.rglob("*.objects.json")]


@pytest.mark.parametrize("save", [True, False])
def test_an_archive_of_an_earlier_version_gets_its_list_though_nothing_has_changed(
    runs: Runs, host: MemoryHost, save: bool
) -> None:
    first = runs.back_up()
    runs.result = replace(first, object_list=None)
    runs.store._root.joinpath(list_key(first)).unlink()
    runs.choice = AssetChoice(save=save)
    result = runs.back_up(days=0.001)
    assert (result.state, result.archive, result.chain) == ("unchanged", first.archive, None)
    assert (listed(runs, result), result.warnings) == ({ONE: 3}, ())
    assert host.asked == [1]
    asked = len(host.tasks)
    assert runs.back_up(days=0.001).object_list == result.object_list
    assert len(host.tasks) == asked


@pytest.mark.parametrize("damage", [None, b"junk", object_lines({OTHER: 5})])
def test_a_list_that_a_report_found_damaged_is_named_and_written_anew_beside_the_same_archive(
    runs: Runs, damage: bytes | None
) -> None:
    first = runs.back_up()
    path = runs.store._root / list_key(first)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    result = runs.back_up(days=0.001, damaged=(list_key(first),))
    assert (result.state, result.archive) == ("unchanged", first.archive)
    assert listed(runs, result) == {ONE: 3}
    (warning,) = result.warnings
    assert warning.startswith(f"{list_key(first)} ")
    assert warning.endswith(": it is written again")


def test_an_object_that_a_report_missed_is_fetched_again_without_a_new_archive(
    runs: Runs, host: MemoryHost
) -> None:
    first = runs.back_up()
    (runs.store._root / layout.content(ONE)).unlink()
    assert runs.back_up(days=0.001).state == "unchanged"
    result = runs.back_up(days=0.001, damaged=(list_key(first),))
    assert (result.state, result.archive, result.warnings) == ("unchanged", first.archive, ())
    assert host.asked == [1, 1]
    assert (runs.store._root / layout.content(ONE)).read_bytes() == b"one"


def test_an_archive_under_another_name_has_a_list_of_its_own(runs: Runs) -> None:
    first = runs.back_up()
    renamed = runs.back_up(key=KEY.replace("hello", "renamed"))
    assert (listed(runs, renamed), renamed.warnings) == ({ONE: 3}, ())
    assert list_key(renamed) != list_key(first)


def test_what_fails_keeps_the_list_of_the_archive_that_is_kept(
    runs: Runs, host: MemoryHost
) -> None:
    first = runs.back_up()
    host.most = 0
    host.documents["issues/1.json"] = {"number": 1}
    assert runs.back_up().object_list == first.object_list
