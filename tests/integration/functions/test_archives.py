"""Each archive is held against what the backup says it wrote: there, size, version, checksum."""

from dataclasses import replace
from hashlib import md5, sha256
from typing import Any

import pytest

from backup_contract.documents.manifest import Archive, Entry, Item, ItemResult, State
from backup_contract.kinds import GIT
from reporter.observe.archive_check import check
from reporter.observe.bucket import Bucket
from tests.integration.functions.world import World

KEY = "github_backups/octo/hello.zip"
OTHER = {"algorithm": "CRC32", "value": "AAAAAA=="}


@pytest.fixture
def written(world: World) -> Archive:
    """An archive that is in the bucket, as its manifest has it."""
    stored = world.aws.client("s3").put_object(
        Bucket="backups", Key=KEY, Body=b"archive", ChecksumAlgorithm="CRC32"
    )
    checksum = {"algorithm": "CRC32", "value": stored["ChecksumCRC32"]}
    digest = sha256(b"archive").hexdigest()
    return Archive(KEY, 7, digest, "r1", checksum, stored["VersionId"])


def output(world: World, archive: Archive, state: State = "backed-up") -> tuple[str, ...]:
    """The reporter's objections."""
    result = ItemResult(state, archive=archive)
    entry = Entry(1, "octo", "hello", False, False, False, {GIT: result})
    return check(Bucket(world.aws.client("s3"), "backups"), [Item(entry, GIT, result)]).problems


def test_what_the_backup_wrote_is_not_objected_to(world: World, written: Archive) -> None:
    assert output(world, written) == ()


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"key": "github_backups/octo/lost.zip"}, "is not in the bucket"),
        ({"bytes": 8}, "has 7 bytes, not 8"),
        (
            {"version_id": "another", "sha256": "0" * 64},
            "was replaced after the backup wrote version another",
        ),
        (
            {"checksum": {"algorithm": "CRC32", "value": "AAAAAA=="}},
            "has another CRC32 than the backup wrote",
        ),
        (
            {"version_id": None, "checksum": {"algorithm": "CRC64NVME", "value": "AAAAAAAAAAA="}},
            "has no CRC64NVME to compare",
        ),
    ],
)
def test_anything_else_is(
    world: World, written: Archive, changes: dict[str, Any], objection: str
) -> None:
    (line,) = output(world, replace(written, **changes))
    assert objection in line


def test_what_is_kept_may_be_another_version_in_a_bucket_that_was_copied(
    world: World, written: Archive
) -> None:
    assert output(world, replace(written, version_id="of the first bucket"), "kept") == ()
    other = replace(written, version_id="of the first bucket", sha256="0" * 64)
    assert "was replaced after" in output(world, other, "kept")[0]
    by_etag = replace(other, etag=f'"{md5(b"archive").hexdigest()}"')
    assert output(world, by_etag, "kept") == ()
    assert "has another CRC32" in output(world, replace(by_etag, checksum=OTHER), "kept")[0]
    assert "is not in the bucket" in output(world, replace(written, key="gone"), "kept")[0]
