"""What refers to a binary is found in every version that can be restored, or nothing is removed."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.lfs_list import LfsList
from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.documents.object_list import object_lines
from backup_contract.kinds import LFS
from repo_backup.archive.zip_writer import TextsArchive
from repo_backup.prune.references import References, find_references
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import FatalError, StoreRefusedError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.prunable_directory import PrunableDirectory
from tests.unit.repo_backup.kinds.data.host import KEY, Runs
from tests.unit.repo_backup.prune.versions import (
    Versions,
    publish_release,
    runs_of,
    write_manifest,
)

ONE, OTHER = (hashlib.sha256(data).hexdigest() for data in (b"one", b"other"))
LFS_KEY = layout.archive("octo", "hello", LFS)


@pytest.fixture(params=[Versions, PrunableDirectory])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PrunableDirectory:
    """One that keeps what is replaced, and one that does not."""
    found: PrunableDirectory = request.param(tmp_path / "store")
    return found


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "store")


def found(store: PrunableDirectory) -> References:
    return find_references(store, RetryPolicy(CancellationToken(), attempts=1))


def list_key(result: ItemResult) -> str:
    assert result.archive
    return layout.object_list(result.archive.key, layout.chain_id(result.archive.sha256))


def saved(store: PrunableDirectory, scratch: Path, *files: bytes) -> tuple[Runs, ItemResult]:
    """The first run of a repository with these files, its manifest included."""
    runs = runs_of(store, scratch, *files)
    result = runs.back_up()
    write_manifest(store, "r1", result)
    return runs, result


def lfs_zip(*saved: str) -> TextsArchive:
    return TextsArchive(LfsList(dict.fromkeys(saved, 3), frozenset(saved)).texts("hello.git"), 64)


def lfs_result(archive: TextsArchive, version_id: str | None) -> ItemResult:
    data = b"".join(archive.blocks())
    listed = Archive(
        LFS_KEY, len(data), hashlib.sha256(data).hexdigest(), "r1", version_id=version_id
    )
    return ItemResult("backed-up", archive=listed)


def test_the_list_of_a_chain_tells_all_and_no_archive_is_read(
    versions: Versions, tmp_path: Path
) -> None:
    runs, first = saved(versions, tmp_path / "a", b"one")
    publish_release(runs, b"one", b"other")
    write_manifest(versions, "r2", runs.back_up())
    versions.opened.clear()
    assert found(versions).sha256s == {ONE, OTHER}
    assert {*versions.opened} <= {
        list_key(first),
        *(layout.manifest(each) for each in ("r1", "r2")),
    }


def test_what_only_an_earlier_version_of_an_archive_refers_to_is_needed(
    versions: Versions, tmp_path: Path
) -> None:
    """A run of the past, which ``restore --at`` names."""
    _, first = saved(versions, tmp_path / "a", b"one")
    write_manifest(versions, "r2", runs_of(versions, tmp_path / "b", b"other").back_up())
    assert found(versions).sha256s == {ONE, OTHER}
    versions.expire(KEY)
    assert (versions._root / list_key(first)).exists()
    assert found(versions).sha256s == {OTHER}


def test_an_archive_that_was_removed_needs_its_objects_until_its_versions_are_gone(
    versions: Versions, tmp_path: Path
) -> None:
    _, first = saved(versions, tmp_path / "a", b"one")
    for key in (KEY, list_key(first)):
        versions.hide(key)
    assert found(versions).sha256s == {ONE}
    for key in (KEY, list_key(first)):
        versions.expire(key)
    assert found(versions).sha256s == set()


def test_what_github_does_not_list_any_more_needs_its_objects(
    store: PrunableDirectory, tmp_path: Path
) -> None:
    result = runs_of(store, tmp_path / "a", b"one").back_up()
    write_manifest(store, "r1", replace(result, state="kept"), kept=True)
    assert found(store) == References(frozenset({ONE}), 1)


def test_archives_of_an_earlier_version_are_read_themselves(
    store: PrunableDirectory, tmp_path: Path
) -> None:
    runs, first = saved(store, tmp_path / "a", b"one")
    publish_release(runs, b"one", b"other")
    second = runs.back_up()
    assert second.chain
    (store._root / list_key(first)).unlink()
    if isinstance(store, Versions):
        store.expire(list_key(first))
    write_manifest(store, "r1", replace(first, object_list=None))
    write_manifest(store, "r2", replace(second, object_list=None))
    assert found(store) == References(frozenset({ONE, OTHER}), 2)


def test_an_overlay_that_no_manifest_names_is_read(
    store: PrunableDirectory, tmp_path: Path
) -> None:
    """A run was killed before it could list what it had put."""
    runs, first = saved(store, tmp_path / "a", b"one")
    listed = (store._root / list_key(first)).read_bytes()
    publish_release(runs, b"one", b"other")
    runs.back_up()
    store.write(list_key(first), listed)
    if isinstance(store, Versions):
        store.expire(list_key(first))
    assert found(store).sha256s == {ONE, OTHER}


def test_where_all_manifests_are_lost_the_archives_tell(
    store: PrunableDirectory, tmp_path: Path
) -> None:
    runs = runs_of(store, tmp_path / "a", b"one")
    runs.back_up()
    publish_release(runs, b"one", b"other")
    runs.back_up()
    assert found(store).sha256s == {ONE, OTHER}


def test_an_archive_that_a_killed_run_left_in_place_of_another_is_read(
    store: PrunableDirectory, tmp_path: Path
) -> None:
    """Without versions only its size shows that it is not what the newest manifest names."""
    saved(store, tmp_path / "a", b"one")
    left = runs_of(store, tmp_path / "b", b"other", b"more").back_up()
    (store._root / list_key(left)).unlink()
    assert found(store).sha256s >= {OTHER}


def test_without_versions_every_list_counts(tmp_path: Path) -> None:
    store = PrunableDirectory(tmp_path / "store")
    saved(store, tmp_path / "a", b"one")
    key = layout.object_list(KEY, "0" * 12)
    store.write(key, object_lines({OTHER: 5}))
    assert found(store).sha256s == {ONE, OTHER}


@pytest.mark.parametrize("damage", [None, b"junk", object_lines({OTHER: 5})])
def test_a_list_that_is_lost_or_replaced_stops_everything_and_is_named(
    store: PrunableDirectory, tmp_path: Path, damage: bytes | None
) -> None:
    _, first = saved(store, tmp_path / "a", b"one")
    key = list_key(first)
    if damage is None:
        (store._root / key).unlink()
    else:
        store.write(key, damage)
    if isinstance(store, Versions):
        assert found(store).sha256s >= {ONE}  # the version before is as good
        store.expire(key)
    with pytest.raises(
        FatalError, match=r"objects\.json cannot be read: it is missing, or does not"
    ):
        found(store)


def test_what_somebody_added_to_a_list_does_not_hide_what_it_says(
    store: PrunableDirectory, tmp_path: Path
) -> None:
    _, first = saved(store, tmp_path / "a", b"one")
    path = store._root / list_key(first)
    store.write(list_key(first), path.read_bytes() + b"junk\n" + object_lines({OTHER: 5}))
    assert found(store).sha256s == {ONE, OTHER}


@pytest.mark.parametrize("named", [True, False])
def test_an_archive_that_cannot_be_read_stops_everything_where_there_is_no_other(
    store: PrunableDirectory, tmp_path: Path, named: bool
) -> None:
    result = runs_of(store, tmp_path / "a", b"one").back_up()
    if named:
        write_manifest(store, "r1", replace(result, object_list=None))
    path = store._root / KEY
    data = path.read_bytes().replace(b"PK\3\4", b"PK\0\0")
    path.write_bytes(data)
    if isinstance(store, Versions):
        store.known[KEY] = dict.fromkeys(store.known[KEY], data)
    with pytest.raises(FatalError, match=r"nothing was removed") as error:
        found(store)
    assert KEY in str(error.value)


def test_junk_that_somebody_put_over_a_good_version_stops_nothing(
    versions: Versions, tmp_path: Path
) -> None:
    """Intrusion: an instance may write any version, and could forbid to prune for a year."""
    _, first = saved(versions, tmp_path / "a", b"one")
    versions.write(KEY, b"junk")
    assert found(versions) == References(frozenset({ONE}), 2, (KEY,))
    versions.hide(list_key(first))
    assert found(versions).sha256s == {ONE}


def test_beside_a_damaged_version_no_list_is_out_of_date(
    versions: Versions, tmp_path: Path
) -> None:
    saved(versions, tmp_path / "a", b"one")
    runs_of(versions, tmp_path / "b", b"other").back_up()
    newest = [*versions.known[KEY]][-1]
    versions.known[KEY][newest] = b"junk"
    assert found(versions) == References(frozenset({ONE, OTHER}), 3, (KEY,))


def test_a_false_manifest_does_not_hide_what_an_archive_refers_to(
    versions: Versions, tmp_path: Path
) -> None:
    """Intrusion: an instance may write what it likes into the evidence of its own attempt."""
    _, first = saved(versions, tmp_path / "a", b"one")
    assert first.archive
    lie = replace(first.archive, sha256="0" * 64)
    write_manifest(versions, "r2", replace(first, archive=lie, objects=None, object_list=None))
    assert found(versions).sha256s == {ONE}


def test_every_version_of_a_list_of_git_lfs_counts(versions: Versions) -> None:
    for number, each in enumerate((ONE, OTHER), 1):
        stored = versions.put_archive(LFS_KEY, lfs_zip(each))
        write_manifest(versions, f"r{number}", lfs_result(lfs_zip(each), stored.version_id), LFS)
    assert found(versions) == References(frozenset({ONE, OTHER}), 2)
    versions.write(LFS_KEY, b"junk")
    assert found(versions).ignored == (LFS_KEY,)


def test_a_list_of_git_lfs_that_cannot_be_read_stops_everything(store: PrunableDirectory) -> None:
    store.write(LFS_KEY, b"junk")
    with pytest.raises(
        FatalError, match=r"hello~lfs\.zip.* cannot be read: this is not a complete zip"
    ):
        found(store)


def test_archives_of_git_and_wikis_are_not_read(store: PrunableDirectory) -> None:
    for key in ("octo/hello.zip", "octo/hello~7.zip", "octo/hello.wiki.zip", "octo/hello+x.json"):
        store.write(f"{layout.ARCHIVES}{key}", b"junk")
    assert found(store) == References(frozenset())


def test_an_archive_of_a_later_version_stops_everything(store: PrunableDirectory) -> None:
    store.write(f"{layout.ARCHIVES}octo/hello~gists.zip", b"")
    with pytest.raises(FatalError, match=r"octo/hello~gists\.zip is of a kind that this version"):
        found(store)


@pytest.mark.parametrize("of_list", [True, False])
def test_what_the_store_does_not_hand_out_is_no_junk(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_list: bool
) -> None:
    _, first = saved(versions, tmp_path / "a", b"one")
    versions.write(KEY, b"junk")
    closed, whole = list_key(first) if of_list else KEY, versions.open

    def refuse(key: str, version_id: str | None = None) -> AbstractContextManager[IO[bytes]]:
        if key == closed:
            raise StoreRefusedError("S3 refuses it: AccessDenied")
        return whole(key, version_id)

    monkeypatch.setattr(versions, "open", refuse)
    with pytest.raises(FatalError, match="cannot be read: S3 refuses it") as error:
        found(versions)
    assert closed in str(error.value)


def test_without_the_right_to_list_versions_nothing_is_known(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(prefix: str) -> dict[str, set[str]]:
        raise StoreRefusedError("S3 refuses it: AccessDenied")

    monkeypatch.setattr(versions, "version_ids", refuse)
    with pytest.raises(FatalError, match=r"must be listed \(s3:ListBucketVersions\)"):
        found(versions)
