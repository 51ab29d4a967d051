"""Each large file that an archive refers to is seen to be right: by one question ever."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backup_contract import object_keys as layout
from reporter.judge.archive_state import Checked
from reporter.observe import object_check
from reporter.observe.bucket import Bucket
from reporter.observe.object_check import check_objects
from tests.integration.functions.chains import SavedRepository, run
from tests.integration.functions.large_files import SavedFiles, put_object
from tests.integration.functions.world import World


@pytest.fixture
def s3(world: World) -> Any:
    """A client of the account."""
    return world.aws.client("s3")


@pytest.fixture
def asked(s3: Any) -> Iterator[Counter[str]]:
    """The operations that were called, by name."""
    called: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        called[model.name] += 1

    s3.meta.events.register("before-call.s3", count)
    yield called
    s3.meta.events.unregister("before-call.s3", count)


@pytest.fixture
def saved(s3: Any, asked: Counter[str]) -> SavedFiles:
    """Three large files of one repository."""
    found = SavedFiles.put(s3, b"one", b"two", b"three")
    asked.clear()
    return found


def checked(saved: SavedFiles) -> Checked:
    return check_objects(Bucket(saved.s3, "backups"), [saved.item])


def some(saved: SavedFiles) -> tuple[str, str]:
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


def _deleted(saved: SavedFiles, sha256: str) -> str:
    saved.s3.delete_object(Bucket="backups", Key=layout.content(sha256))
    return "is not in the bucket"


def _replaced(saved: SavedFiles, sha256: str) -> str:
    put_object(saved.s3, sha256, b"x" * len(saved.contents[sha256]))
    return "is not what its key says"


def _cut(saved: SavedFiles, sha256: str) -> str:
    put_object(saved.s3, sha256, b"x")
    return "has 1 bytes, not 3"


def _unproven(saved: SavedFiles, sha256: str) -> str:
    put_object(saved.s3, sha256, saved.contents[sha256], "CRC32")
    return "has no SHA-256 of S3"


@pytest.mark.parametrize("damage", [_deleted, _replaced, _cut, _unproven])
def test_an_object_that_is_missing_or_false_is_named_and_its_list_is_to_be_made_anew(
    saved: SavedFiles, damage: Callable[[SavedFiles, str], str]
) -> None:
    """Intrusion: also where the reporter had found it right before."""
    sha256, key = some(saved)
    assert checked(saved) == Checked()
    told = damage(saved, sha256)
    found = checked(saved)
    assert found.object_problems == (f"{key} {told}",)
    archive = saved.archive
    document = layout.chain_document(archive.key, layout.chain_id(archive.sha256))
    assert found.damaged_chains == (document,)
    assert found.problems == ()
    put_object(saved.s3, sha256, saved.contents[sha256])
    assert checked(saved) == Checked()


def test_a_list_that_cannot_be_read_is_named(saved: SavedFiles) -> None:
    saved.s3.put_object(Bucket="backups", Key=saved.archive.key, Body=b"no zip")
    (line,) = checked(saved).object_problems
    assert line.startswith(f"octo/hello~lfs: {saved.archive.key}: this is no whole zip")


def test_what_the_time_does_not_suffice_for_is_told_and_done_next_time(
    saved: SavedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(object_check, "monotonic", iter(range(0, 10**6, 1000)).__next__)
        found = checked(saved)
    assert found.object_problems == ("3 of 3 large files were not looked at: time was up",)
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
    assert f"{key} is not what its key says" in mail
