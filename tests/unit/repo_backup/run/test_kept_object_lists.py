"""The list of binaries beside a retained archive comes back from what a manifest proves, or not.

No run reads such a repository again, and ``prune-objects`` needs the list.
"""

import hashlib
import json
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.object_list import object_lines, read_object_list
from repo_backup.archive.document_zip import Packed, read_zip, write_zip
from repo_backup.prune.references import find_references
from repo_backup.run.previous_runs import History
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import FatalError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.prunable_directory import PrunableDirectory
from tests.unit.repo_backup.kinds.data.host import KEY
from tests.unit.repo_backup.prune.versions import (
    Versions,
    publish_release,
    runs_of,
    write_manifest,
)

ONE, OTHER = (hashlib.sha256(data).hexdigest() for data in (b"one", b"other"))
BOTH = {ONE: 3, OTHER: 5}


@pytest.fixture
def folder(tmp_path: Path) -> PrunableDirectory:
    """Keeps nothing that is replaced."""
    return PrunableDirectory(tmp_path / "store")


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "store")


def retained(store: PrunableDirectory, scratch: Path) -> ItemResult:
    """A base that refers to one binary, and an overlay that adds another."""
    runs = runs_of(store, scratch, b"one")
    runs.back_up()
    publish_release(runs, b"one", b"other")
    result = runs.back_up()
    assert result.chain
    write_manifest(store, "r1", result, kept=True)
    return result


def with_another_object(overlay: Path) -> None:
    """Make it one of the same size, where the release has another file instead."""
    size = overlay.stat().st_size
    texts = [(name, packed.text()) for name, packed in read_zip([overlay.read_bytes()], None)]
    changed = ((name, Packed.of(text.replace(OTHER.encode(), b"0" * 64))) for name, text in texts)
    write_zip(overlay, changed, 1 << 20)
    missing = size - overlay.stat().st_size
    comment = missing.to_bytes(2, "little") + b"x" * missing
    overlay.write_bytes(overlay.read_bytes()[:-2] + comment)


def key_of_list(result: ItemResult) -> str:
    assert result.archive
    return layout.object_list(result.archive.key, layout.chain_id(result.archive.sha256))


def key_of_overlay(result: ItemResult) -> str:
    assert result.archive
    return layout.overlay(result.archive.key, layout.chain_id(result.archive.sha256), 1)


def reported(store: PrunableDirectory, *keys: str) -> None:
    """The last run's report found these to be damaged."""
    manifest = json.loads(store.read(layout.manifest("r1")) or b"")
    manifest["damaged_chains"] = keys
    store.write(layout.manifest("r1"), json.dumps(manifest).encode())


def damage(store: PrunableDirectory, key: str, data: bytes | None) -> None:
    path = store._root / key
    path.unlink()
    if data is not None:
        path.write_bytes(data)


def next_run(store: PrunableDirectory) -> tuple[History, ItemResult]:
    """What the next run begins with, and the result that it retains. It writes what it must."""
    history = History.load(store, "r2", ["octo"])
    kept = history.key_owners[KEY].result
    for key, data in history.object_lists.items():
        store.write(key, data)
    write_manifest(store, "r2", kept, kept=True)
    return history, kept


def needed(store: PrunableDirectory) -> frozenset[str]:
    """What ``prune-objects`` leaves. Raises FatalError if it does not know."""
    return find_references(store, RetryPolicy(CancellationToken(), attempts=1)).sha256s


def test_a_list_that_is_as_recorded_is_not_read(versions: Versions, tmp_path: Path) -> None:
    result = retained(versions, tmp_path / "scratch")
    versions.opened.clear()
    history, kept = next_run(versions)
    assert kept.object_list == result.object_list
    assert (history.object_lists, history.damaged, history.damaged_chains) == ({}, [], set())
    assert versions.opened == []


@pytest.mark.parametrize("data", [None, b"", b"junk", object_lines({"f" * 64: 1, "e" * 64: 2})])
def test_a_missing_or_damaged_list_comes_back_from_an_earlier_version_of_it(
    versions: Versions, tmp_path: Path, data: bytes | None
) -> None:
    result = retained(versions, tmp_path / "scratch")
    key = key_of_list(result)
    before = versions.read(key)
    damage(versions, key, data)
    reported(versions, *([key] if data else []))
    history, kept = next_run(versions)
    assert kept.object_list == result.object_list
    assert versions.read(key) == before
    assert history.damaged == [
        f"{key} was missing or damaged: an earlier version of it is written again"
    ]
    assert needed(versions) == {ONE, OTHER}


@pytest.mark.parametrize("data", [None, b"junk", object_lines({"f" * 64: 1, "e" * 64: 2})])
def test_where_no_version_is_left_it_comes_back_from_the_archives(
    folder: PrunableDirectory, tmp_path: Path, data: bytes | None
) -> None:
    key = key_of_list(retained(folder, tmp_path / "scratch"))
    damage(folder, key, data)
    with pytest.raises(FatalError, match="The next backup writes a missing list again"):
        needed(folder)
    reported(folder, *([key] if data else []))
    history, kept = next_run(folder)
    written = folder.read(key)
    assert written is not None
    assert kept.object_list
    assert kept.object_list.confirms(written)
    assert read_object_list(written) == BOTH
    assert history.damaged == [
        f"{key} was missing or damaged: it is written again from its archives"
    ]
    assert needed(folder) == {ONE, OTHER}
    assert next_run(folder)[0].object_lists == {}


def test_what_verify_noted_of_a_retained_archive_leads_to_its_list(
    folder: PrunableDirectory, tmp_path: Path
) -> None:
    result = retained(folder, tmp_path / "scratch")
    key = key_of_list(result)
    before = folder.read(key)
    assert before
    damage(folder, key, before[::-1])
    assert result.archive
    note = {"key": KEY, "run_id": result.archive.run_id, "reason": f"{key} is not what …"}
    document = {"schema": 1, "archives": [note]}
    folder.write(layout.damage_note(KEY), json.dumps(document).encode())
    assert list(next_run(folder)[0].object_lists) == [key]
    assert needed(folder) == {ONE, OTHER}


def test_an_overlay_that_is_not_as_recorded_proves_nothing(
    folder: PrunableDirectory, tmp_path: Path
) -> None:
    """Intrusion: an overlay that somebody made refers to what they like."""
    result = retained(folder, tmp_path / "scratch")
    key, overlay = key_of_list(result), key_of_overlay(result)
    damage(folder, key, None)
    made = folder._root / overlay
    made.write_bytes(made.read_bytes()[:-1] + b"x")
    assert result.archive
    chain = layout.chain_document(KEY, layout.chain_id(result.archive.sha256))
    reported(folder, chain)
    kept = next_run(folder)[1]
    written = folder.read(key)
    assert written is not None
    assert (kept.chain, read_object_list(written)) == (None, {ONE: 3})


@pytest.mark.parametrize("is_right", [True, False])
def test_overlays_that_nothing_lists_count_if_the_whole_is_what_the_manifest_names(
    folder: PrunableDirectory, tmp_path: Path, *, is_right: bool
) -> None:
    """Intrusion: an overlay of the first size, which leaves out what the archive refers to."""
    result = retained(folder, tmp_path / "scratch")
    key, overlay = key_of_list(result), folder._root / key_of_overlay(result)
    assert result.archive
    damage(folder, key, None)
    damage(folder, layout.chain_document(KEY, layout.chain_id(result.archive.sha256)), None)
    if not is_right:
        with_another_object(overlay)
    history, kept = next_run(folder)
    if is_right:
        assert read_object_list(history.object_lists[key]) == BOTH
        assert needed(folder) == {ONE, OTHER}
        return
    assert (kept.object_list, history.object_lists) == (result.object_list, {})
    assert history.damaged == [
        f"{key} was missing or damaged, and cannot be written again: its documents differ "
        "from those that the manifest names"
    ]
    with pytest.raises(FatalError, match="so nothing was removed"):
        needed(folder)


def test_another_archive_in_its_place_proves_nothing(
    folder: PrunableDirectory, tmp_path: Path
) -> None:
    """Intrusion: with the size of the right one, so that a listing does not tell."""
    key = key_of_list(retained(folder, tmp_path / "scratch"))
    damage(folder, key, None)
    path = folder._root / KEY
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    history, kept = next_run(folder)
    assert (history.object_lists, kept.archive is not None) == ({}, True)
    assert "cannot be written again" in history.damaged[0]


def test_a_run_learns_of_the_missing_list_of_a_listed_repository_from_the_listing(
    folder: PrunableDirectory, tmp_path: Path
) -> None:
    runs = runs_of(folder, tmp_path / "scratch", b"one")
    result = runs.back_up()
    write_manifest(folder, "r1", result)
    key = key_of_list(result)
    damage(folder, key, None)
    history = History.load(folder, "r2", ["octo"])
    assert (history.damaged_chains, history.object_lists) == ({key}, {})
    again = runs.back_up(days=0.001, damaged=[*history.damaged_chains])
    assert (again.state, again.object_list) == ("unchanged", result.object_list)
    assert needed(folder) == {ONE}
