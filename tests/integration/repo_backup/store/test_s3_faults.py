"""A bad day of S3 passes, for manifest, lease and marker as for archives, or is named."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.retries import standard

from local_cloud.github.corpus import commit_files
from repo_backup.cli.main import main
from repo_backup.store import s3 as s3_module
from tests.integration.repo_backup.conftest import Bucket
from tests.integration.repo_backup.store.s3_faults import HTML, LOST, Fault, inject
from tests.surplus import slow_but

FAST = ("--only", "hello", "--no-wikis", "--no-drill")
LARGE = ("--only", "large", "--no-drill")
LOCK, MANIFEST, MARKER, ARCHIVE = "/lock.json", "/manifest.json", ".txt", "hello.zip"
BEYOND_THE_SDK = 6
"""The SDK asks five times."""

Suffer = Callable[..., list[Fault]]


@pytest.fixture
def suffer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Suffer]:
    """Has the program meet faults, which must all have been met in the end."""
    faults: list[Fault] = []
    true = s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> s3_module.S3Store:
        store = true(*arguments, **named)
        inject(store._client, faults)
        return store

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    monkeypatch.setattr(standard.ExponentialBackoff, "delay_amount", lambda *_: 0)

    def add(*more: Fault) -> list[Fault]:
        faults.extend(more)
        return faults

    yield add
    assert all(fault.met for fault in faults)


def markers(s3: Bucket) -> list[str]:
    return [key for key in s3.keys if key.endswith(".txt")]


def versions(s3: Bucket, key: str) -> int:
    listed = s3.client.list_object_versions(Bucket=s3.name, Prefix=key)
    return len(listed.get("Versions", []))


@pytest.mark.parametrize(
    "fault",
    slow_but(
        {0, 2, 4, 7},
        [
            {"status": 409, "code": "OperationAborted", "times": 2},
            {"status": 409, "code": "ConditionalRequestConflict", "times": 2},
            {"status": 503, "code": "SlowDown", "times": BEYOND_THE_SDK},
            {"status": 500, "code": "InternalError", "times": BEYOND_THE_SDK},
            {"status": 400, "code": "BadDigest"},
            {"body": HTML, "times": 2},
            {"body": b"<Error><Code>InternalError</Code></Error>"},
            {"status": LOST},
        ],
    ),
    ids=lambda fault: str(fault.get("code") or fault.get("body") or "lost")[:26],
)
def test_each_put_of_a_run_that_fails_is_made_again(
    s3: Bucket, suffer: Suffer, fault: dict[str, Any]
) -> None:
    suffer(*(Fault("PutObject", key, **fault) for key in (LOCK, MANIFEST, MARKER, ARCHIVE)))
    assert s3.backup(*FAST) == 0
    assert s3.entry("hello")["state"] == "backed-up"
    assert s3.manifest()["complete"] is True
    assert len(markers(s3)) == 1


@pytest.mark.parametrize(
    "fault",
    slow_but(
        {2, 3},
        [
            {"status": 409, "code": "OperationAborted"},
            {"status": 503, "code": "SlowDown", "times": BEYOND_THE_SDK},
            {"body": HTML},
            {"cut": 100},
        ],
    ),
    ids=["409", "503", "html", "cut"],
)
def test_each_document_that_does_not_come_whole_is_read_again(
    s3: Bucket, suffer: Suffer, fault: dict[str, Any]
) -> None:
    assert s3.backup(*FAST) == 0
    suffer(*(Fault("GetObject", key, **fault) for key in (LOCK, MANIFEST)))
    assert s3.backup(*FAST, run_id="r2") == 0
    assert s3.entry("hello", "r2")["state"] == "unchanged"


@pytest.mark.parametrize(
    "fault",
    slow_but({0, 1}, [{"body": HTML}, {"cut": 200}, {"status": 503, "code": "SlowDown"}]),
    ids=str,
)
def test_a_listing_that_is_none_of_s3s_is_not_an_empty_bucket(
    s3: Bucket, suffer: Suffer, fault: dict[str, Any]
) -> None:
    assert s3.backup(*FAST) == 0
    suffer(Fault("ListObjectsV2", times=2, **fault))
    assert s3.backup(*FAST, run_id="r2") == 0
    assert s3.entry("hello", "r2")["state"] == "unchanged"


def test_a_proxys_page_in_the_place_of_a_bucket_is_told(
    s3: Bucket, suffer: Suffer, capsys: pytest.CaptureFixture[str]
) -> None:
    suffer(Fault("ListObjectsV2", body=HTML, times=99))
    assert main(["list", "--source", s3.location]) == 1
    output = capsys.readouterr().err
    assert "from 127.0.0.1 is not S3's: the response has no IsTruncated" in output


def test_a_lease_that_another_run_took_at_that_moment_is_not_taken_again(
    s3: Bucket, suffer: Suffer, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = {"schema": 1, "run_id": "r2", "attempt": 1, "holder": "other"}
    lock["expires_at"] = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()

    def other() -> None:
        s3.client.put_object(Bucket=s3.name, Key="runs/lock.json", Body=json.dumps(lock).encode())

    suffer(Fault("PutObject", LOCK, 409, "ConditionalRequestConflict", before=other))
    assert s3.backup(*FAST) == 1
    assert "another run has just begun" in capsys.readouterr().err


def test_a_completed_upload_whose_answer_got_lost_is_done(
    s3: Bucket, suffer: Suffer, large: str
) -> None:
    suffer(
        Fault("CompleteMultipartUpload", "large.zip", LOST),
        # The emulator would complete it twice.
        Fault("CompleteMultipartUpload", "large.zip", 404, "NoSuchUpload"),
    )
    assert s3.backup(*LARGE) == 0
    archive = s3.entry("large")["archive"]
    head = s3.client.head_object(Bucket=s3.name, Key=large, ChecksumMode="ENABLED")
    assert archive["checksum"]["value"] == head["ChecksumCRC32"]
    assert archive["version_id"] == head["VersionId"]
    assert versions(s3, large) == 1


@pytest.mark.parametrize(
    "fault",
    slow_but(
        {0, 2},
        [
            {"status": 404, "code": "NoSuchUpload"},
            {"status": 400, "code": "InvalidPart"},
            {"body": b"<Error><Code>InternalError</Code></Error>", "times": BEYOND_THE_SDK},
            {"body": HTML},
        ],
    ),
    ids=["NoSuchUpload", "InvalidPart", "200 with an error", "html"],
)
def test_an_upload_that_was_not_completed_is_sent_again(
    s3: Bucket, suffer: Suffer, large: str, fault: dict[str, Any]
) -> None:
    suffer(Fault("CompleteMultipartUpload", "large.zip", **fault))
    assert s3.backup(*LARGE) == 0
    head = s3.client.head_object(Bucket=s3.name, Key=large)
    assert s3.entry("large")["archive"]["version_id"] == head["VersionId"]
    assert not s3.client.list_multipart_uploads(Bucket=s3.name).get("Uploads")


def test_an_older_archive_is_not_taken_for_the_one_that_was_sent(
    s3: Bucket, suffer: Suffer, large: str, upstream: Callable[[str], Path]
) -> None:
    assert s3.backup(*LARGE) == 0
    commit_files(upstream("large"), {"more": b"x"}, message="More")
    suffer(Fault("CompleteMultipartUpload", "large.zip", 404, "NoSuchUpload"))
    assert s3.backup(*LARGE, "--full", run_id="r2") == 0
    assert versions(s3, large) == 2


def test_a_clock_that_is_wrong_is_named_and_asked_for_once(
    s3: Bucket, suffer: Suffer, capsys: pytest.CaptureFixture[str]
) -> None:
    times = (
        b"<RequestTime>20261129T170000Z</RequestTime><ServerTime>2026-11-27T17:00:00Z</ServerTime>"
    )
    body = b"<Error><Code>RequestTimeTooSkewed</Code>" + times + b"</Error>"
    (fault,) = suffer(Fault("GetObject", LOCK, 403, body=body, times=99))
    assert s3.backup(*FAST) == 1
    assert fault.met == 1
    assert "this machine's clock is 2 days 0 h ahead of S3's: set it" in capsys.readouterr().err


def _left_open(s3: Bucket, key: str) -> str:
    upload = s3.client.create_multipart_upload(Bucket=s3.name, Key=key)
    s3.client.upload_part(
        Bucket=s3.name, Key=key, UploadId=upload["UploadId"], PartNumber=1, Body=b"part"
    )
    return upload["UploadId"]


def test_uploads_that_a_killed_run_left_open_are_aborted_and_those_of_others_are_not(
    s3: Bucket,
) -> None:
    _left_open(s3, "github_backups/octo/hello.zip")
    other = _left_open(s3, "somebody/elses.zip")
    assert s3.backup(*FAST) == 0
    (left,) = s3.client.list_multipart_uploads(Bucket=s3.name)["Uploads"]
    assert left["UploadId"] == other


def test_an_upload_that_may_still_be_going_on_is_left_alone(s3: Bucket, suffer: Suffer) -> None:
    upload = _left_open(s3, "github_backups/octo/hello.zip")
    begun = datetime.now(UTC) - timedelta(minutes=9)
    body = (
        f"<ListMultipartUploadsResult><Upload><Key>github_backups/octo/hello.zip</Key><UploadId>"
        f"{upload}</UploadId><Initiated>{begun.isoformat()}</Initiated></Upload>"
        "</ListMultipartUploadsResult>"
    )
    suffer(Fault("ListMultipartUploads", body=body.encode()))
    assert s3.backup(*FAST) == 0
    assert s3.client.list_multipart_uploads(Bucket=s3.name)["Uploads"]


@pytest.mark.parametrize("operation", ["ListMultipartUploads", "AbortMultipartUpload"])
def test_whoever_may_not_abort_uploads_backs_up_all_the_same(
    s3: Bucket, suffer: Suffer, operation: str
) -> None:
    _left_open(s3, "github_backups/octo/hello.zip")
    suffer(Fault(operation, "", 403, "AccessDenied"))
    assert s3.backup(*FAST) == 0
