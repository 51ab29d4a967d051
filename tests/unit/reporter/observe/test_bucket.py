"""What lies in the bucket is read within bounds, however much of it there is."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, cast

import pytest

from backup_contract.documents.fields import DamagedError
from reporter.observe import bucket as s3
from reporter.observe.attempts import read_checkpoint, read_progress
from reporter.observe.bucket import Bucket
from shared.model.run import Attempt, Run

RUN_ID = "2026-11-27T17-00-00Z"
DUE = datetime(2026, 11, 27, 17, tzinfo=UTC)
END = DUE + timedelta(hours=3)
RUN = Run(RUN_ID, "schedule", DUE, attempts=(Attempt(1, DUE, END),))
OWN = f"runs/{RUN_ID}/attempts/AROAEXAMPLE:i-1/"
NAME = "github_backups/2026-11-27-17-09.txt"
MARKER = f"run_id={RUN_ID}\nattempt=1\nmanifest_sha256=00\n".encode()


class Body(BytesIO):
    """A body that nobody may read where it is too large."""

    def __init__(self, data: bytes, *, legible: bool = True) -> None:
        super().__init__(data)
        self.legible = legible

    def read(self, size: int | None = -1) -> bytes:
        assert self.legible
        return super().read(size)


class Store:
    """An S3 that answers with whatever is in it, page after page."""

    def __init__(self, objects: dict[str, bytes], sizes: dict[str, int] | None = None) -> None:
        self.objects = objects
        self.sizes = sizes or {}
        self.read: list[str] = []
        self.pages = 0

    def get_paginator(self, _: str) -> "Store":
        return self

    def paginate(self, StartAfter: str, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        keys = [key for key in sorted(self.objects) if key > StartAfter]
        for start in range(0, len(keys), 1000):
            self.pages += 1
            yield {
                "Contents": [
                    {"Key": key, "Size": self._size(key)} for key in keys[start : start + 1000]
                ]
            }

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.read.append(Key)
        size = self._size(Key)
        body = Body(self.objects[Key], legible=Key not in self.sizes)
        return {"ContentLength": size, "Body": body}

    def _size(self, key: str) -> int:
        return self.sizes.get(key, len(self.objects[key]))


def bucket(store: Store) -> Bucket:
    return Bucket(cast(Any, store), "backups")


def test_sixty_thousand_objects_that_are_no_markers_are_not_opened() -> None:
    junk = {f"github_backups/2026-11-27-17-{n:05}.txt": b"run_id=x" for n in range(30_000)}
    junk |= {f"github_backups/9999-{n:05}.txt": b"" for n in range(30_000)}
    store = Store({**junk, NAME: MARKER})
    (found,) = bucket(store).markers(RUN_ID, DUE, END)
    assert (found.key, found.run_id, found.attempt) == (NAME, RUN_ID, 1)
    assert store.read == [NAME]
    assert store.pages < 35


def test_of_names_that_markers_can_have_a_bounded_number_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3, "MOST_MARKERS", 50)
    later = {f"github_backups/2026-11-27-18-{n:02}.txt": b"junk" for n in range(60)}
    store = Store({NAME: MARKER, **later})
    assert list(bucket(store).markers(RUN_ID, DUE, END)) == []
    assert len(store.read) == 50


def test_the_true_marker_is_found_behind_one_for_each_minute_of_two_days() -> None:
    """The reporter came a day late, and somebody filled every minute since, and the coming ones."""
    later = DUE + timedelta(minutes=10)
    minutes = (later + timedelta(minutes=n) for n in range(2 * 24 * 60))
    junk = {f"github_backups/{each:%Y-%m-%d-%H-%M}.txt": b"junk" for each in minutes}
    no_time = {
        f"github_backups/2026-11-27-{n}-{m}.txt": b"" for n in range(60) for m in range(60, 99)
    }
    store = Store({NAME: MARKER, **junk, **no_time})
    (found,) = bucket(store).markers(RUN_ID, DUE, DUE + timedelta(days=1))
    assert found.key == NAME
    assert len(store.read) < 26 * 60


def test_a_listing_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "MOST_PAGES", 3)
    store = Store({f"github_backups/2026-11-27-17-{n:05}": b"" for n in range(9000)})
    with pytest.raises(DamagedError, match="github_backups/ is damaged: too many objects"):
        list(bucket(store).markers(RUN_ID, DUE, END))
    assert store.pages == 4


def test_a_marker_of_gigabytes_is_not_opened() -> None:
    store = Store({NAME: MARKER}, sizes={NAME: 2**32})
    assert list(bucket(store).markers(RUN_ID, DUE, END)) == []
    assert store.read == []


READERS: dict[str, Callable[[Bucket], object]] = {
    f"runs/{RUN_ID}/manifest.json": lambda found: found.manifest(RUN_ID),
    f"{OWN}progress.json": lambda found: read_progress(found, OWN),
    f"{OWN}evidence.json": lambda found: read_checkpoint(found, RUN, RUN.attempt, OWN),
}


@pytest.mark.parametrize("key", READERS)
def test_a_document_of_gigabytes_is_damaged_and_not_read(key: str) -> None:
    store = Store({key: b"{}"}, sizes={key: 2**33})
    with pytest.raises(DamagedError, match=f"{key} is damaged: it has {2**33} bytes"):
        READERS[key](bucket(store))
