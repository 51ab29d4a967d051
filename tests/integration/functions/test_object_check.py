"""Each large file that an archive refers to is seen to be right: by one question ever."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backup_contract import object_keys as layout
from reporter.judge.archive_state import Checked
from reporter.observe import object_check, object_lists
from reporter.observe.bucket import Bucket
from reporter.observe.object_check import check_objects
from tests.integration.functions.chains import SavedRepository, run
from tests.integration.functions.large_files import SavedAssets, SavedFiles, put_object
from tests.integration.functions.world import World


@pytest.fixture
def saved(s3: Any, asked: Counter[str]) -> SavedFiles:
    """Three large files of one repository."""
    found = SavedFiles.put(s3, b"one", b"two", b"three")
    asked.clear()
    return found


@pytest.fixture
def assets(s3: Any, asked: Counter[str]) -> SavedAssets:
    """Two files of a repository's releases."""
    found = SavedAssets.put(s3, b"one", b"other")
    asked.clear()
    return found


def checked(saved: SavedFiles | SavedAssets) -> Checked:
    return check_objects(Bucket(saved.s3, "backups"), [saved.item])


def some(saved: SavedFiles | SavedAssets) -> tuple[str, str]:
    """The SHA-256 of one of them, and its key."""
    sha256 = next(iter(saved.contents))
    return sha256, layout.content(sha256)


def test_each_version_is_asked_for_once_and_then_a_listing_is_enough(
    saved: SavedFiles, asked: Counter[str]
) -> None:
    assert checked(saved) == Checked()
    assert (asked["HeadObject"], asked["PutObject"]) == (3, 1)
    asked.clear()
    assert checked(saved) == Checked()
    assert asked == {"GetObject": 2, "ListObjectVersions": 1}


def test_where_no_archive_refers_to_any_nothing_is_asked(s3: Any, asked: Counter[str]) -> None:
    git = SavedRepository.put(s3)
    asked.clear()
    assert check_objects(Bucket(s3, "backups"), [git.item()]) == Checked()
    assert not asked


def _deleted(saved: SavedFiles | SavedAssets, sha256: str) -> str:
    saved.s3.delete_object(Bucket="backups", Key=layout.content(sha256))
    return "is not in the bucket"


def _replaced(saved: SavedFiles | SavedAssets, sha256: str) -> str:
    put_object(saved.s3, sha256, b"x" * len(saved.contents[sha256]))
    return "does not match the SHA-256 in its key"


def _cut(saved: SavedFiles | SavedAssets, sha256: str) -> str:
    put_object(saved.s3, sha256, b"x")
    return "has 1 bytes, not 3"


def _unproven(saved: SavedFiles | SavedAssets, sha256: str) -> str:
    put_object(saved.s3, sha256, saved.contents[sha256], "CRC32")
    return "has no SHA-256 of S3"


@pytest.mark.parametrize("damage", [_deleted, _replaced, _cut, _unproven])
def test_an_object_that_is_missing_or_false_is_named_and_its_list_is_to_be_made_anew(
    saved: SavedFiles, damage: Callable[[SavedFiles, str], str]
) -> None:
    """Intrusion: also where the reporter had found it right before."""
    sha256, key = some(saved)
    assert checked(saved) == Checked()
    answer = damage(saved, sha256)
    found = checked(saved)
    assert found.object_problems.objects == (f"{key} {answer}",)
    archive = saved.archive
    document = layout.chain_document(archive.key, layout.chain_id(archive.sha256))
    assert found.damaged_chains == (document,)
    assert found.problems == ()
    put_object(saved.s3, sha256, saved.contents[sha256])
    assert checked(saved) == Checked()


def test_a_list_that_cannot_be_read_is_named(saved: SavedFiles) -> None:
    saved.s3.put_object(Bucket="backups", Key=saved.archive.key, Body=b"no zip")
    (line,) = checked(saved).object_problems.lists
    assert line.startswith(f"octo/hello~lfs: {saved.archive.key}: this is not a complete zip")


def test_what_the_time_does_not_suffice_for_is_told_and_done_next_time(
    saved: SavedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(object_check, "monotonic", iter(range(0, 10**6, 1000)).__next__)
        found = checked(saved)
    assert found.object_problems.unchecked == ("3 of 3 large files were not checked: time ran out",)
    assert found.damaged_chains == ()
    assert checked(saved) == Checked()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"schema": 1, "versions": 5}', b'{"schema": 9}'])
def test_a_document_that_is_damaged_is_made_anew(saved: SavedFiles, data: bytes) -> None:
    saved.s3.put_object(Bucket="backups", Key=layout.CHECKED_OBJECTS, Body=data)
    assert checked(saved) == Checked()
    assert checked(saved) == Checked()


def test_a_run_is_partial_while_a_large_file_is_false_and_the_mail_names_it(
    world: World, saved: SavedFiles
) -> None:
    run(world, 0, [saved.entry])
    sha256, key = some(saved)
    _replaced(saved, sha256)
    run(world, 1, [saved.entry], "partial")
    mail = world.mails[-1].body
    assert "1 large file is not in the bucket as saved" in mail
    assert f"{key} does not match the SHA-256 in its key" in mail


def test_files_of_releases_are_asked_for_once_by_the_list_beside_their_archive(
    assets: SavedAssets, asked: Counter[str]
) -> None:
    assert checked(assets) == Checked()
    assert (asked["HeadObject"], asked["PutObject"]) == (2, 1)
    asked.clear()
    assert checked(assets) == Checked()
    assert asked == {"GetObject": 2, "ListObjectVersions": 1}


@pytest.mark.parametrize("damage", [_deleted, _replaced, _cut, _unproven])
def test_a_file_of_a_release_that_is_missing_or_false_is_named_and_its_list_is_doubted(
    assets: SavedAssets, damage: Callable[[SavedAssets, str], str]
) -> None:
    """The archive itself is good, so that no run need make it anew."""
    sha256, key = some(assets)
    answer = damage(assets, sha256)
    found = checked(assets)
    assert found.object_problems.objects == (f"{key} {answer}",)
    assert found.damaged_chains == (assets.key,)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "it is not in the bucket"),
        (b"", "it is not in the bucket"),
        (b"x" * 500, "it is not what the manifest records"),
        (b"x", "it is not what the manifest records"),
    ],
)
def test_a_list_of_files_that_is_missing_or_damaged_is_named(
    assets: SavedAssets, data: bytes | None, reason: str
) -> None:
    if data is None:
        assets.s3.delete_object(Bucket="backups", Key=assets.key)
    else:
        assets.s3.put_object(Bucket="backups", Key=assets.key, Body=data)
    found = checked(assets)
    assert found.object_problems.lists == (f"octo/hello.data: {assets.key}: {reason}",)
    assert found.damaged_chains == (assets.key,)


def test_lines_that_a_later_run_added_are_not_this_runs(assets: SavedAssets) -> None:
    body = assets.s3.get_object(Bucket="backups", Key=assets.key)["Body"].read()
    assets.s3.put_object(Bucket="backups", Key=assets.key, Body=body + b"added later")
    assert checked(assets) == Checked()


def test_an_archive_of_an_earlier_version_has_no_list_and_nothing_is_asked(
    assets: SavedAssets, asked: Counter[str]
) -> None:
    item = assets.item
    older = replace(item, result=replace(item.result, object_list=None))
    assert check_objects(Bucket(assets.s3, "backups"), [older]) == Checked()
    assert not asked


def test_lists_that_are_too_long_together_are_not_all_read(
    assets: SavedAssets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intrusion: an instance may name any list, and must not use up the reporter's memory."""
    monkeypatch.setattr(object_lists, "MOST_LIST_BYTES", assets.ref.length)
    bucket = Bucket(assets.s3, "backups")
    found = check_objects(bucket, [assets.item, assets.item])
    assert found.object_problems.unchecked == (
        "1 of the lists of objects were not read: together they are too long",
    )


def test_a_run_is_partial_while_a_file_of_a_release_is_missing_and_the_manifest_names_its_list(
    world: World, assets: SavedAssets
) -> None:
    run(world, 0, [assets.entry])
    _, key = some(assets)
    assets.s3.delete_object(Bucket="backups", Key=key)
    run(world, 1, [assets.entry], "partial")
    assert f"{key} is not in the bucket" in world.mails[-1].body
    assert "1 large file is not in the bucket as saved" in world.mails[-1].body
    published = world.object(layout.manifest("2026-12-04T17-00-00Z"))
    assert published["damaged_chains"] == [assets.key]


def test_a_run_is_partial_while_a_list_of_large_files_is_damaged_and_the_mail_says_so(
    world: World, assets: SavedAssets
) -> None:
    assets.s3.put_object(Bucket="backups", Key=assets.key, Body=b"damaged")
    run(world, 0, [assets.entry], "partial")
    mail = " ".join(world.mails[-1].body.split())
    assert "1 list of large files is missing or damaged; all repositories are in the" in mail
    assert f"octo/hello, project data: {assets.key}: it is not what the manifest records" in mail
    assert "writes their lists again; to run now, invoke stack-launcher with {}." in mail
