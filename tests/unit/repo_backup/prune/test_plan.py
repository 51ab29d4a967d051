"""Which objects may go, and how they are removed a batch at a time."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from repo_backup.prune.plan import plan_pruning
from repo_backup.prune.removal import remove_objects
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import BackupError, FatalError, InterruptedRunError, RepositoryError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.prunable import BATCH_OBJECTS, ObjectListing, ObjectRow, Removal
from repo_backup.store.prunable_directory import PrunableDirectory

NOW = datetime(2026, 11, 30, 17, tzinfo=UTC)


def row(number: int, days: float) -> ObjectRow:
    return ObjectRow(f"{number:064x}", number, NOW - timedelta(days=days))


def test_only_what_nothing_refers_to_and_is_old_enough_may_go() -> None:
    needed, young, edge, old = row(1, 900), row(2, 364.9), row(3, 365), row(4, 365.1)
    plan = plan_pruning(ObjectListing((needed, young, edge, old), NOW), {needed.sha256}, 365)
    assert (plan.removable, plan.needed, plan.young) == ((old,), (needed,), (young, edge))


def test_thousands_of_objects_are_sorted_and_removed_batch_by_batch() -> None:
    sizes = []

    class Batches(PrunableDirectory):
        def remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
            sizes.append(len(rows))
            return [Removal(each, "hidden") for each in rows]

    listing = ObjectListing(tuple(row(number, 400) for number in range(12_345)), NOW)
    plan = plan_pruning(listing, {f"{number:064x}" for number in range(0, 12_345, 5)}, 365)
    removed = remove_objects(Batches(Path()), plan.removable, RetryPolicy(CancellationToken()))
    assert [each.row for each in removed] == [*plan.removable]
    assert sizes == [BATCH_OBJECTS] * 9 + [876]


def test_nothing_more_is_removed_once_the_lease_is_lost() -> None:
    stop = CancellationToken()

    class Losing(PrunableDirectory):
        def remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
            stop.request("another attempt has taken the lease over")
            return [Removal(each, "removed") for each in rows]

    rows = [row(number, 400) for number in range(BATCH_OBJECTS + 1)]
    with pytest.raises(InterruptedRunError, match=r"over; removed before that: 1000$"):
        remove_objects(Losing(Path()), rows, RetryPolicy(stop))


@pytest.mark.parametrize(
    ("error", "left"),
    [(RepositoryError("S3 refuses it"), BATCH_OBJECTS), (FatalError("no credentials"), None)],
)
def test_what_the_store_refuses_is_the_reason_of_what_stays(
    error: BackupError, left: int | None
) -> None:
    class Failing(PrunableDirectory):
        def remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
            if rows[0].bytes == BATCH_OBJECTS:
                raise error
            return [Removal(each, "removed") for each in rows]

    rows = [row(number, 400) for number in range(3 * BATCH_OBJECTS)]
    found = remove_objects(Failing(Path()), rows, RetryPolicy(CancellationToken()))
    assert [each.row for each in found] == rows
    refused = [each for each in found if each.state == "refused"]
    assert len(refused) == (left or 2 * BATCH_OBJECTS)
    assert {each.reason for each in refused} == {str(error)}


def written(root: Path, number: int, days: float) -> Path:
    path = root / layout.content(f"{number:064x}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * number)
    moment = datetime.now(UTC).timestamp() - days * 86400
    os.utime(path, (moment, moment))
    return path


def test_a_folder_tells_its_objects_and_removes_them_for_good(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 400)
    (path.parent / ".incoming-x").write_bytes(b"")
    (tmp_path / "objects/other").write_bytes(b"")
    store = PrunableDirectory(tmp_path)
    (found,) = store.binaries().rows
    assert (found.sha256, found.bytes) == (f"{3:064x}", 3)
    assert 399 < (store.binaries().now - found.modified_at).days <= 400
    assert store.remove([found]) == [Removal(found, "removed")]
    assert not path.exists()
    assert store.remove([found]) == [Removal(found, "changed", "it no longer exists")]
    assert PrunableDirectory(tmp_path / "none").binaries().rows == ()


def test_what_was_written_again_since_it_was_listed_stays(tmp_path: Path) -> None:
    """A put that races with the removal, of a program that respects no lease."""
    path = written(tmp_path, 3, 400)
    store = PrunableDirectory(tmp_path)
    (found,) = store.binaries().rows
    written(tmp_path, 3, 0)
    assert store.remove([found]) == [
        Removal(found, "changed", "it was written again in the meantime")
    ]
    assert path.exists()


def test_what_a_folder_does_not_let_go_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, 3, 400)
    store = PrunableDirectory(tmp_path)
    rows = store.binaries().rows

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert store.remove(rows) == [Removal(rows[0], "refused", "Permission denied")]


@pytest.mark.parametrize("seconds", [2.0**45, -(10.0**11)])
def test_a_file_whose_date_is_in_no_calendar_is_never_old(tmp_path: Path, seconds: float) -> None:
    sha256 = "ab" * 32
    place = tmp_path / layout.content(sha256)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x")
    os.utime(place, (seconds, seconds))
    listing = PrunableDirectory(tmp_path).binaries()
    assert [each.sha256 for each in plan_pruning(listing, (), 1).young] == [sha256]
