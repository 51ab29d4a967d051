"""A store can do what it states, and nothing relies on what it does not state."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import cast

import pytest

from repo_backup.runtime.errors import ConflictError
from repo_backup.store.base import Store
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.open import open_store
from tests.integration.repo_backup.conftest import Bucket

KEY = "github_backups/octo/hello.zip"


@dataclass
class Bytes:
    """An archive of so many bytes, with its checksum."""

    data: bytes
    crc32: int

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def part_bytes(self) -> int:
        return len(self.data)

    @property
    def part_crc32s(self) -> Sequence[int]:
        return [self.crc32]

    def part(self, start: int) -> BufferedReader:
        return cast(BufferedReader, BytesIO(self.data[start:]))

    def blocks(self) -> Iterator[bytes]:
        yield self.data


class InParts(Bytes):
    """An archive that goes in two parts, of five bytes each."""

    data: bytes

    def __init__(self, name: bytes, crc32: int) -> None:
        data = name * (5 << 20)
        super().__init__(data, crc32 or zlib.crc32(data))

    @property
    def part_bytes(self) -> int:
        return 5 * (3 << 20)

    @property
    def part_crc32s(self) -> Sequence[int]:
        return [zlib.crc32(self.data[at:][: self.part_bytes]) for at in (0, self.part_bytes)]

    def part(self, start: int) -> BufferedReader:
        return cast(BufferedReader, BytesIO(self.data[start:][: self.part_bytes]))


@pytest.fixture(params=["bucket", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store."""
    if request.param == "directory":
        return DirectoryStore(tmp_path / "store")
    bucket: Bucket = request.getfixturevalue("s3")
    return open_store(bucket.location, connections=4)


def test_of_two_that_write_under_one_condition_one_is_refused(store: Store) -> None:
    assert store.capabilities.conditional_writes
    tag = store.write_if("runs/lock.json", b"one", None)
    for stale in (None, hashlib.sha256(b"two").hexdigest()):
        with pytest.raises(ConflictError):
            store.write_if("runs/lock.json", b"two", stale)
    found = store.read_tagged("runs/lock.json")
    assert found
    assert (found.data, found.tag) == (b"one", tag)
    assert abs(found.age.total_seconds()) < 60
    store.write_if("runs/lock.json", b"two", tag)
    assert store.read("runs/lock.json") == b"two"


def test_a_condition_on_what_is_gone_is_a_conflict(store: Store) -> None:
    with pytest.raises(ConflictError):
        store.write_if("runs/lock.json", b"one", "0123456789abcdef")


def test_what_was_replaced_can_be_read_only_where_there_are_versions(store: Store) -> None:
    first = store.put_archive(KEY, Bytes(b"first", zlib.crc32(b"first")))
    store.put_archive(KEY, Bytes(b"second", zlib.crc32(b"second")))
    found = store.versions(KEY)
    assert [each.latest for each in found] == ([True, False] if len(found) == 2 else [True])
    assert (len(found) == 2) is store.capabilities.versions
    assert (first.version_id is not None) is store.capabilities.versions
    with store.open(KEY, first.version_id) as file:
        assert (file.read() == b"first") is store.capabilities.versions


def test_a_checksum_of_all_bytes_is_named_only_where_that_is_stated(store: Store) -> None:
    stored = store.put_archive(KEY, Bytes(b"archive", zlib.crc32(b"archive")))
    assert (stored.checksum is not None) is store.capabilities.full_checksums
    assert (stored.checksum or {}).get("type") in (None, "FULL_OBJECT")


def test_the_keys_of_a_folder_come_in_order_from_the_one_that_is_asked_for(store: Store) -> None:
    keys = [f"github_backups/{name}" for name in ("a.txt", "b.tx0", "b.txt", "b.txt.x", "c.txt")]
    for key in (*keys, "github_backups/owner/b.txt"):
        store.write(key, b"x")
    # In a directory a folder takes a name, too.
    found = [key for key in store.names("github_backups/", keys[2]) if not key.endswith("/owner")]
    assert found == keys[2:]
    assert list(store.names("elsewhere/", "elsewhere/a")) == []


def test_what_must_be_new_replaces_nothing_but_is_taken_for_itself(store: Store) -> None:
    first, other = (Bytes(data, zlib.crc32(data)) for data in (b"first", b"other"))
    stored = store.put_archive(KEY, first, new=True)
    assert store.put_archive(KEY, first, new=True) == stored
    with pytest.raises(ConflictError):
        store.put_archive(KEY, other, new=True)
    assert len(store.versions(KEY)) == 1
    with store.open(KEY) as file:
        assert file.read() == b"first"


def test_a_large_archive_that_must_be_new_replaces_nothing(store: Store) -> None:
    first, other = InParts(b"first", 0), InParts(b"other", 0)
    stored = store.put_archive(KEY, first, new=True)
    again = store.put_archive(KEY, first, new=True)
    assert (again.bytes, again.version_id) == (stored.bytes, stored.version_id)
    with pytest.raises(ConflictError):
        store.put_archive(KEY, other, new=True)


def test_objects_are_found_by_the_beginning_of_their_names(store: Store) -> None:
    for name in ("hello.zip", "hello+0123456789ab.0001.zip", "hello-2.zip"):
        store.write(f"github_backups/octo/{name}", b"x")
    assert [*store.objects("github_backups/octo/hello+")] == [
        "github_backups/octo/hello+0123456789ab.0001.zip"
    ]
    assert len(store.objects("github_backups/octo/")) == 3
    assert store.objects("github_backups/nobody/no+") == {}
