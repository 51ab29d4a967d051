"""Binaries by their content: stored once, streamed, and believed only by the store's checksum."""

import contextlib
import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from repo_backup.runtime import retry
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError, TransientError, WrongBytesError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.objects import ObjectStore
from repo_backup.store.open import open_store
from repo_backup.store.uploads import object_upload
from tests.integration.repo_backup.conftest import Bucket

DATA = b"a large file" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
KEY = layout.content(SHA256)


class Stream:
    """Bytes that can be read once, and not wound back."""

    def __init__(self, data: bytes, breaks_at: int | None = None) -> None:
        self._file = BytesIO(data if breaks_at is None else data[:breaks_at])
        self._breaks = breaks_at is not None

    def read(self, count: int = -1, /) -> bytes:
        block = self._file.read(count)
        if not block and self._breaks:
            raise TransientError("the connection broke")
        return block


class Source:
    """What opens streams, and counts them; the last of ``gives`` opens all others."""

    def __init__(self, *gives: Callable[[], Stream]) -> None:
        self._gives = list(gives)
        self.opened = 0

    def __call__(self) -> AbstractContextManager[Stream]:
        give = self._gives[min(self.opened, len(self._gives) - 1)]
        self.opened += 1
        return contextlib.nullcontext(give())


@pytest.fixture(params=["bucket", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store."""
    if request.param == "directory":
        return DirectoryStore(tmp_path / "store")
    bucket: Bucket = request.getfixturevalue("s3")
    return open_store(bucket.location, connections=4)


@pytest.fixture
def objects(store: Store) -> ObjectStore:
    """A run's view of the store."""
    return fresh(store)


def fresh(store: Store) -> ObjectStore:
    return ObjectStore(store, RetryPolicy(CancellationToken(), attempts=3))


def content(store: Store) -> bytes | None:
    with contextlib.suppress(RepositoryError), store.open(KEY) as file:
        return file.read()
    return None


def good() -> Stream:
    return Stream(DATA)


def test_an_object_is_stored_under_its_sha256_and_read_from_its_source_once_ever(
    store: Store,
) -> None:
    source = Source(good)
    for run in (fresh(store), fresh(store)):
        stored = run.put(SHA256, len(DATA), source)
        assert run.put(SHA256, len(DATA), source).put is False
        assert (stored.sha256, stored.bytes, stored.was_false) == (SHA256, len(DATA), False)
    assert source.opened == 1
    assert content(store) == DATA
    assert len(store.versions(KEY)) == 1


def test_many_threads_that_want_one_object_read_it_once(objects: ObjectStore) -> None:
    source = Source(good)
    threads = [
        threading.Thread(target=objects.put, args=(SHA256, len(DATA), source)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.opened == 1


@pytest.mark.parametrize("data", [b"", b"other", DATA])
def test_what_lies_there_and_is_something_else_is_named_and_replaced(
    store: Store, objects: ObjectStore, data: bytes
) -> None:
    """Whoever may write to a bucket can put anything under any key."""
    store.write(KEY, data)
    assert objects.has(SHA256) is (data == DATA)
    stored = objects.put(SHA256, len(DATA), Source(good))
    assert (stored.put, stored.was_false) == (data != DATA, data != DATA)
    assert content(store) == DATA
    assert fresh(store).has(SHA256)


@pytest.mark.parametrize(
    "wrong", [DATA[:-1] + b"!", DATA + b"more", b"x" * len(DATA)], ids=["last", "longer", "all"]
)
def test_other_bytes_than_were_named_are_stored_nowhere(
    store: Store, objects: ObjectStore, wrong: bytes
) -> None:
    with pytest.raises(WrongBytesError):
        objects.put(SHA256, len(DATA), Source(lambda: Stream(wrong)))
    assert content(store) is None
    assert not fresh(store).has(SHA256)


def test_a_stream_that_ends_too_early_is_opened_again(
    store: Store, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_DELAY_SECONDS", 0.01)
    source = Source(lambda: Stream(DATA[:100]), lambda: Stream(DATA, breaks_at=5000), good)
    assert objects.put(SHA256, len(DATA), source).put
    assert source.opened == 3
    assert content(store) == DATA


def test_an_empty_object_is_one(store: Store, objects: ObjectStore) -> None:
    empty = hashlib.sha256(b"").hexdigest()
    assert objects.put(empty, 0, Source(lambda: Stream(b""))).put
    assert fresh(store).has(empty)


def test_a_file_that_nobody_names_the_hash_of_is_stored_under_it(objects: ObjectStore) -> None:
    stored = objects.put_file(BytesIO(DATA))
    assert (stored.sha256, stored.put) == (SHA256, True)
    with objects.open(SHA256) as file:
        assert file.read() == DATA


def test_above_the_limit_of_one_put_an_object_goes_in_parts_and_is_read_back(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_upload, "ONE_PUT_BYTES", 1 << 20)
    monkeypatch.setattr(object_upload, "PART_BYTES", 5 << 20)
    data = DATA * 1000
    sha256 = hashlib.sha256(data).hexdigest()
    objects = fresh(open_store(s3.location, connections=4))
    with pytest.raises(WrongBytesError):
        objects.put(sha256, len(data), Source(lambda: Stream(data[:-1] + b"!")))
    assert not s3.client.list_multipart_uploads(Bucket=s3.name).get("Uploads")
    assert objects.put(sha256, len(data), Source(lambda: Stream(data))).put
    head = s3.client.head_object(Bucket=s3.name, Key=layout.content(sha256))
    assert head["ContentLength"] == len(data)
    assert fresh(open_store(s3.location, connections=4)).has(sha256)


def test_s3_is_told_the_sha256_and_that_nothing_may_be_there(s3: Bucket) -> None:
    store = open_store(s3.location, connections=4)
    sent: list[dict[str, str]] = []
    store._client.meta.events.register(  # type: ignore[attr-defined]
        "before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers))
    )
    fresh(store).put(SHA256, len(DATA), Source(good))
    (headers,) = ({name.lower(): value for name, value in each.items()} for each in sent)
    assert headers["if-none-match"] in ("*", b"*")
    assert headers["content-length"] in (str(len(DATA)), str(len(DATA)).encode())
    assert "x-amz-checksum-sha256" in headers
    assert "x-amz-checksum-sha256" in str(headers["authorization"])
