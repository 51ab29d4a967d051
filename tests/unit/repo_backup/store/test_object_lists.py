"""The list of binaries beside a chain grows at its end, and is written anew where it is wrong."""

from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.documents.object_list import ObjectListRef, object_lines
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import ConflictError, RepositoryError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.object_lists import WrittenList, check_object_list, write_object_list

ARCHIVE = Archive("github_backups/octo/.github~data.zip", 1, "0123456789ab" + "0" * 52, "r1")
KEY = layout.object_list(ARCHIVE.key, "0123456789ab")
OLD, NEW = {"b" * 64: 2}, {"a" * 64: 1, "b" * 64: 2}


class Counting(DirectoryStore):
    """Counts writes; ``lost`` answers are raised as conflicts after the write."""

    writes = 0
    lost = False

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """Write it, and lose the answer."""
        self.writes += 1
        found = super().write_if(key, data, tag, content_type)
        if self.lost:
            raise ConflictError("written by another process")
        return found


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    return Counting(tmp_path)


def written(
    store: DirectoryStore, sizes: dict[str, int], earlier: ObjectListRef | None = None
) -> WrittenList:
    return write_object_list(store, RetryPolicy(CancellationToken()), KEY, sizes, earlier)


def test_new_objects_are_added_at_the_end_and_the_same_ones_write_nothing(store: Counting) -> None:
    first = written(store, OLD)
    assert written(store, OLD, first.ref) == first
    assert store.writes == 1
    second = written(store, NEW, first.ref)
    data = store.read(KEY)
    assert data == object_lines(OLD) + object_lines({"a" * 64: 1})
    assert first.ref.confirms(data)
    assert (second.ref, second.warning) == (ObjectListRef.of(data), None)
    assert KEY in store.objects(layout.ARCHIVES)


def test_what_a_killed_run_added_stays(store: Counting) -> None:
    first = written(store, OLD)
    written(store, {**OLD, "c" * 64: 3}, first.ref)
    written(store, NEW, first.ref)
    assert store.read(KEY) == b"".join(
        object_lines(each) for each in (OLD, {"c" * 64: 3}, {"a" * 64: 1})
    )


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (None, "was missing"),
        (b"", "differed from what the previous run wrote"),
        (b"junk", "was damaged"),
        (object_lines({"c" * 64: 3}), "differed from what the previous run wrote"),
        (object_lines(OLD) + object_lines({"a" * 64: 9}), "named wrong sizes"),
    ],
)
def test_a_list_that_is_lost_or_wrong_is_named_and_written_anew(
    store: Counting, data: bytes | None, fault: str
) -> None:
    ref = written(store, OLD).ref
    if data is None:
        (store._root / KEY).unlink()
    else:
        store.write(KEY, data)
    found = written(store, NEW, ref)
    assert found.warning == f"{KEY} {fault}: it is written again"
    assert store.read(KEY) == object_lines(NEW)


def test_junk_where_no_run_wrote_a_list_is_replaced(store: Counting) -> None:
    store.write(KEY, b"junk")
    assert written(store, OLD).warning
    assert store.read(KEY) == object_lines(OLD)


def test_an_answer_that_got_lost_is_no_conflict(store: Counting) -> None:
    store.lost = True
    assert written(store, OLD).ref == ObjectListRef.of(object_lines(OLD))


def test_a_list_that_somebody_else_writes_meanwhile_is_an_error_of_the_item(
    store: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "read_tagged", lambda key: None)
    store.write(KEY, object_lines(NEW))
    with pytest.raises(RepositoryError, match="written by another process"):
        written(store, OLD)


def check(store: DirectoryStore, ref: ObjectListRef, *, newest: bool = True) -> str:
    """What is wrong with the list of an archive that refers to ``NEW``."""
    result = ItemResult("backed-up", archive=ARCHIVE, object_list=ref)
    try:
        check_object_list(store, result, NEW, newest=newest)
    except RepositoryError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("data", "fault", "of_an_earlier_run"),
    [
        (None, "is missing", "is missing"),
        (b"junk", "does not match the manifest (SHA-256 differs)", "is damaged: line 1: it has "),
        (object_lines(OLD), "does not match the manifest (SHA", "lacks 1 of the 2 objects of "),
        (object_lines({**NEW, "0" * 64: 1}), "does not match the manifest (SHA-256 differs)", ""),
    ],
)
def test_a_list_that_is_missing_or_other_than_the_manifest_says_is_named(
    store: Counting, data: bytes | None, fault: str, of_an_earlier_run: str
) -> None:
    """A later run may have written the list of an earlier one anew: then it names all objects."""
    ref = written(store, NEW).ref
    assert check(store, ref) == check(store, ref, newest=False) == ""
    (store._root / KEY).unlink()
    if data is not None:
        store.write(KEY, data)
    assert check(store, ref).startswith(f"{KEY} {fault}")
    found = check(store, ref, newest=False)
    assert found.startswith(f"{KEY} {of_an_earlier_run}") if of_an_earlier_run else not found


def test_a_list_that_names_not_all_objects_of_its_archive_is_wrong_though_a_manifest_confirms_it(
    store: Counting,
) -> None:
    ref = written(store, OLD).ref
    assert check(store, ref) == f"{KEY} lacks 1 of the 2 objects of its archive"
