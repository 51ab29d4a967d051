"""What a run takes over of a kept archive with overlays, whatever became of these."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link, chain_of
from backup_contract.documents.manifest import Archive, ItemResult, Manifest, OrphanedArchive
from backup_contract.kinds import GIT
from repo_backup.run.previous_runs import History
from repo_backup.store.directory import DirectoryStore

KEY = "github_backups/octo/hello.zip"
NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
RUN = "2026-11-27T17-00-00Z"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """A base with three overlays, kept of a repository that GitHub does not list any more."""
    store = DirectoryStore(tmp_path)
    store.write(KEY, b"base")
    archive = Archive(KEY, 4, hashlib.sha256(b"base").hexdigest(), RUN)
    document = ChainDocument(KEY, layout.chain_id(archive.sha256))
    for number in (1, 2, 3):
        data = b"overlay %d" % number
        store.write(document.next_key, data)
        digest = hashlib.sha256(data).hexdigest()
        refs = f"{number:064x}"
        document = document.with_link(Link(document.next_key, len(data), digest, RUN, refs, number))
    store.write(document.key, document.to_bytes())
    result = ItemResult(
        "kept",
        refs_digest=f"{3:064x}",
        refs=3,
        archive=archive,
        chain=chain_of(document, f"{0:064x}", 0),
    )
    manifest = Manifest(RUN, 1, ["octo"], NOW, {}, 0, NOW, complete=True)
    manifest.kept = [OrphanedArchive(KEY, 1, "octo", "hello", GIT, result)]
    store.write(layout.manifest(RUN), manifest.to_json())
    return store


def overlay(store: DirectoryStore, number: int) -> str:
    """The key of an overlay."""
    keys = [key for key in store.objects("github_backups/") if f".{number:04}.zip" in key]
    return keys[0]


def taken_over(store: DirectoryStore) -> tuple[History, ItemResult]:
    """What the next run begins with."""
    history = History.load(store, "2026-12-04T17-00-00Z", ["octo"])
    return history, history.key_owners[KEY].result


def test_a_whole_chain_is_kept_as_it_is(store: DirectoryStore) -> None:
    history, kept = taken_over(store)
    assert kept.chain
    assert (kept.chain.links, kept.refs, history.damaged, history.lost) == (3, 3, [], [])


@pytest.mark.parametrize("fault", ["gone", "longer", "other bytes, noted"])
def test_overlays_before_the_first_at_fault_are_kept_and_the_rest_is_told(
    store: DirectoryStore, tmp_path: Path, fault: str
) -> None:
    path = tmp_path / overlay(store, 2)
    if fault == "gone":
        path.unlink()
    else:
        path.write_bytes(b"other" if fault == "longer" else b"OVERLAY 2")
    if fault == "other bytes, noted":  # verify read it
        note = b'{"schema": 1, "archives": [{"key": "%s", "run_id": "%s", "reason": "x"}]}'
        store.write(layout.damage_note(KEY), note % (KEY.encode(), RUN.encode()))
    history, kept = taken_over(store)
    assert kept.archive
    assert kept.chain
    assert (kept.chain.links, kept.refs, kept.refs_digest) == (1, 1, f"{1:064x}")
    assert history.damaged == [f"{KEY} is kept without all of its overlays: 1 can be read"]
    assert not history.lost


def test_without_the_list_of_overlays_those_that_are_in_place_are_kept_and_others_are_not(
    store: DirectoryStore, tmp_path: Path
) -> None:
    next(tmp_path.glob("github_backups/octo/*+*.json")).unlink()
    assert taken_over(store)[1].chain
    (tmp_path / overlay(store, 3)).unlink()
    history, kept = taken_over(store)
    assert (kept.chain, kept.refs_digest) == (None, f"{0:064x}")
    assert history.damaged == [f"{KEY} is kept without all of its overlays: none can be read"]


def reported(store: DirectoryStore) -> None:
    """The last run's report found the chain not to be as it was."""
    manifest = json.loads(store.read(layout.manifest(RUN)) or b"")
    keys = store.objects("github_backups/")
    manifest["damaged_chains"] = [key for key in keys if key.endswith(".json")]
    store.write(layout.manifest(RUN), json.dumps(manifest).encode())


def test_overlays_that_a_report_found_to_be_others_of_the_same_size_are_told_and_left_out(
    store: DirectoryStore, tmp_path: Path
) -> None:
    (tmp_path / overlay(store, 2)).write_bytes(b"OVERLAY 2")
    reported(store)
    history, kept = taken_over(store)
    assert (kept.chain.links if kept.chain else 0, kept.refs) == (1, 1)
    assert history.damaged == [f"{KEY} is kept without all of its overlays: 1 can be read"]
    assert not history.lists


def test_what_a_report_named_and_is_as_it_was_is_kept_without_a_word(store: DirectoryStore) -> None:
    reported(store)
    history, kept = taken_over(store)
    assert (kept.chain.links if kept.chain else 0, history.damaged, history.lists) == (3, [], [])


@pytest.mark.parametrize("damaged", [b"{}\n", b""])
def test_a_list_that_a_report_found_damaged_is_made_anew_of_the_overlays(
    store: DirectoryStore, tmp_path: Path, damaged: bytes
) -> None:
    before = taken_over(store)[1]
    reported(store)
    (listed,) = tmp_path.glob("github_backups/octo/*+*.json")
    listed.write_bytes(damaged)
    history, kept = taken_over(store)
    (document,) = history.lists
    assert kept.chain
    assert (kept.chain.links, kept.chain.digest) == (3, document.digest)
    assert (kept.refs_digest, kept.refs) == (before.refs_digest, before.refs)
    assert [link.sha256 for link in document.links] == [
        hashlib.sha256(b"overlay %d" % number).hexdigest() for number in (1, 2, 3)
    ]
    (answer,) = history.damaged
    assert f"{document.key} was lost, and is created again from them" in answer
