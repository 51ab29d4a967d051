"""The newest run is told by the manifests, and by reading no more of them than must be."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_contract.documents.manifest import Manifest
from repo_backup.run.previous_runs import History
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.written.ignored_documents import MOST_NAMED, IgnoredDocuments
from repo_backup.store.written.run_order import MOST_UNREPORTED, newest_first

FIRST = datetime(2025, 10, 3, 17, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


class Watched(DirectoryStore):
    """A directory that remembers what was opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: list[str] = []

    @contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[IO[bytes]]:
        self.opened.append(key)
        with super().open(key, version_id) as file:
            yield file


def leave(
    root: Path,
    run_id: str,
    began_at: datetime,
    written_at: datetime,
    manifest: Manifest | None = None,
) -> None:
    """The manifest of a run."""
    manifest = manifest or Manifest(run_id, 1, ["octo"], began_at)
    path = root / "runs" / run_id / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(manifest.to_json())
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))


def test_where_files_are_as_the_runs_wrote_them_one_beginning_is_read(tmp_path: Path) -> None:
    for week, name in enumerate("cabd"):
        began_at = FIRST + week * WEEK
        leave(tmp_path, name, began_at, began_at + timedelta(minutes=20))
    store = Watched(tmp_path)
    assert next(newest_first(store)) == "d"
    assert store.opened == ["runs/d/manifest.json"]
    assert list(newest_first(store)) == ["d", "b", "a", "c"]


def test_a_run_that_is_dated_in_the_future_is_named_with_the_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for run_id, began_at in (("a", FIRST), ("b", datetime(3000, 1, 1, tzinfo=UTC))):
        leave(tmp_path, run_id, began_at, began_at)
    assert list(newest_first(DirectoryStore(tmp_path))) == ["b", "a"]
    assert "run b is dated 3000-01-01, which is in the future" in caplog.text
    assert "remove runs/b/" in caplog.text


@given(
    order=st.permutations(range(5)),
    copied_in=st.permutations(range(5)),
    seconds=st.integers(0, 2),
    later=st.booleans(),
)
def test_a_copy_whose_files_have_new_times_keeps_the_order_whatever_the_runs_are_named(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    copied_in: list[int],
    seconds: int,
    later: bool,
) -> None:
    """``order``: the runs' names by age; ``copied_in``: which files the copy wrote when."""
    root = tmp_path_factory.mktemp("copy")
    copied_at = FIRST + 20 * WEEK
    for age, number in enumerate(order):
        written_at = copied_at + copied_in[age] * timedelta(seconds=seconds)
        leave(root, f"run-{number}", FIRST + age * WEEK, written_at)
    expected = [f"run-{number}" for number in reversed(order)]
    if later:
        began_at = copied_at + WEEK
        leave(root, "new", began_at, began_at + timedelta(minutes=5))
        store = Watched(root)
        assert next(newest_first(store)) == "new"
        assert store.opened == ["runs/new/manifest.json"]
        expected.insert(0, "new")
    assert list(newest_first(DirectoryStore(root))) == expected


def test_of_runs_within_one_second_the_one_written_last_is_the_newest(tmp_path: Path) -> None:
    for number, name in enumerate("ba"):
        leave(tmp_path, name, FIRST, FIRST + timedelta(milliseconds=100 * (number + 1)))
    assert list(newest_first(DirectoryStore(tmp_path))) == ["a", "b"]


@pytest.mark.parametrize(
    "text", ["", "{", json.dumps({"started_at": "soon"}), '{"started_at": "2026-01-01T00:00:00"}']
)
def test_a_manifest_that_does_not_say_when_its_run_began_stands_where_it_was_written(
    tmp_path: Path, text: str
) -> None:
    for week, name in enumerate("abc"):
        leave(tmp_path, name, FIRST + week * WEEK, FIRST + week * WEEK)
    path = tmp_path / "runs/b/manifest.json"
    path.write_text(text)
    os.utime(path, ((FIRST + WEEK).timestamp(),) * 2)
    assert list(newest_first(DirectoryStore(tmp_path))) == ["c", "b", "a"]


def junk(root: Path, count: int, written_at: datetime) -> None:
    """So many manifests that are none, all written later than anything else."""
    for number in range(count):
        path = root / "runs" / f"junk-{number}" / "manifest.json"
        path.parent.mkdir(parents=True)
        path.write_text("[")
        os.utime(path, (written_at.timestamp() + number,) * 2)


def report(root: Path, run_id: str) -> None:
    (root / "runs" / run_id / "report.json").write_text("{}")


def test_behind_hundreds_of_junk_manifests_the_reported_runs_are_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for week, name in enumerate("abc"):
        leave(tmp_path, name, FIRST + week * WEEK, FIRST + week * WEEK)
        report(tmp_path, name)
    junk(tmp_path, MOST_UNREPORTED + 50, FIRST + 9 * WEEK)
    found = list(newest_first(DirectoryStore(tmp_path)))
    assert found[MOST_UNREPORTED:] == ["c", "b", "a"]
    assert caplog.messages == ["50 runs below runs/ are ignored: they have no report"]


def test_where_there_is_no_reporter_no_run_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    leave(tmp_path, "a", FIRST, FIRST)
    junk(tmp_path, MOST_UNREPORTED + 50, FIRST + WEEK)
    assert list(newest_first(DirectoryStore(tmp_path)))[-1] == "a"
    assert caplog.messages == []


def test_the_next_backup_reads_the_beginning_of_one_manifest_not_of_all(tmp_path: Path) -> None:
    for week, name in enumerate("abcd"):
        moment = FIRST + week * WEEK
        manifest = Manifest(name, 1, ["octo"], moment, finished_at=moment, complete=True, kept=[])
        leave(tmp_path, name, moment, moment + timedelta(minutes=20), manifest)
    store = Watched(tmp_path)
    assert History.load(store, "e", ["octo"]).listed == {"octo": 0}
    assert store.opened == ["runs/d/manifest.json"]


def test_of_many_damaged_manifests_the_first_are_named_and_the_others_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with IgnoredDocuments() as ignored:
        for number in range(MOST_NAMED + 5):
            ignored.add(f"runs/{number}/manifest.json", ValueError("it is not JSON"))
            ignored.add(f"runs/{number}/manifest.json", ValueError("it is not JSON"))
    assert len(caplog.messages) == MOST_NAMED + 1
    assert caplog.messages[0] == "runs/0/manifest.json is ignored: it is not JSON"
    assert caplog.messages[-1] == "5 more documents are ignored"
