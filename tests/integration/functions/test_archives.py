"""Each archive is held against what the backup says it wrote: there, size, version, checksum."""

from dataclasses import replace

import pytest

from reporter.judge.manifest import Archive, Entry
from reporter.observe.bucket import Bucket
from tests.integration.functions.world import World

KEY = "github_backups/octo/hello.zip"


@pytest.fixture
def written(world: World) -> Archive:
    """An archive that is in the bucket, as its manifest has it."""
    stored = world.aws.client("s3").put_object(
        Bucket="backups", Key=KEY, Body=b"archive", ChecksumAlgorithm="CRC32"
    )
    checksum = ("CRC32", stored["ChecksumCRC32"])
    return Archive(KEY, 7, "0" * 64, stored["VersionId"], checksum)


def said(world: World, archive: Archive, state: str = "backed-up") -> list[str]:
    """The reporter's objections."""
    entry = Entry(1, "octo/hello", state, "", (), archive, False)
    return Bucket(world.aws.client("s3"), "backups").check([entry])


def test_what_the_backup_wrote_is_not_objected_to(world: World, written: Archive) -> None:
    assert said(world, written) == []


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"key": "github_backups/octo/lost.zip"}, "is not in the bucket"),
        ({"bytes": 8}, "has 7 bytes, not 8"),
        ({"version_id": "another"}, "was replaced after the backup wrote version another"),
        ({"checksum": ("CRC32", "AAAAAA==")}, "has another CRC32 than the backup wrote"),
        (
            {"version_id": None, "checksum": ("CRC64NVME", "AAAAAAAAAAA=")},
            "has no CRC64NVME to compare",
        ),
    ],
)
def test_anything_else_is(
    world: World, written: Archive, changes: dict[str, str], objection: str
) -> None:
    (line,) = said(world, replace(written, **changes))  # type: ignore[arg-type]
    assert objection in line


def test_what_is_kept_may_be_another_version_in_a_bucket_that_was_copied(
    world: World, written: Archive
) -> None:
    assert said(world, replace(written, version_id="of the first bucket"), "kept") == []
    other = replace(written, version_id="of the first bucket", checksum=("CRC32", "AAAAAA=="))
    assert "has another CRC32" in said(world, other, "kept")[0]
    assert "is not in the bucket" in said(world, replace(written, key="gone"), "kept")[0]
