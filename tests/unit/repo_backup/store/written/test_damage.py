"""The note of damaged archives: who writes it, and what others may have written there."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_contract import object_keys as layout
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.written import damage
from repo_backup.store.written.damage import ArchiveId, read_damage, write_damage

HELLO = ArchiveId("github_backups/octo/hello.zip", "r1")
OTHER = ArchiveId("github_backups/octo/other.zip", "r2")
ELSEWHERE = ArchiveId("github_backups/octo-org/tools.wiki.zip", "r2")
NOTE = "github_backups/octo/damaged.json"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """An empty store."""
    return DirectoryStore(tmp_path)


def _read(store: DirectoryStore) -> dict[ArchiveId, str]:
    return read_damage(store, store.objects(layout.ARCHIVES))


def test_what_is_found_is_read_and_what_is_good_again_is_not(store: DirectoryStore) -> None:
    assert _read(store) == {}
    write_damage(store, {HELLO: "it lacks an object"})
    more = {OTHER: "its SHA-256 differs", ELSEWHERE: "no zip"}
    write_damage(store, {**more})
    assert _read(store) == {HELLO: "it lacks an object", **more}
    write_damage(store, {HELLO: None})
    assert _read(store) == more


def test_another_archive_under_the_same_key_is_not_meant(store: DirectoryStore) -> None:
    write_damage(store, {HELLO: "damaged"})
    assert ArchiveId(HELLO.key, "r2") not in _read(store)


def test_where_all_is_good_nothing_is_written(store: DirectoryStore, tmp_path: Path) -> None:
    write_damage(store, {HELLO: None})
    assert not (tmp_path / NOTE).exists()


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b'{"schema": 2, "archives": []}',
        b'{"schema": 1, "archives": [{"key": "../x", "run_id": "r1", "reason": "x"}]}',
        b'{"schema": 1, "archives": [{"key": "github_backups/o/x.zip", "run_id": "r1"}]}',
        b"[" * 100_000,
        b" " * (damage._MOST_BYTES + 1),
    ],
    ids=["list", "schema", "key", "reason", "deep", "long"],
)
def test_a_note_that_is_none_is_named_and_left_out(
    store: DirectoryStore, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(NOTE, data)
    assert _read(store) == {}
    assert f"{NOTE} is ignored: " in caplog.text
    write_damage(store, {HELLO: "damaged"})
    assert _read(store) == {HELLO: "damaged"}


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    assert isinstance(damage._parsed(NOTE, data), dict)
