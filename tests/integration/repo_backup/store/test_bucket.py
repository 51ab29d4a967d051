"""A bucket as destination: few requests, whole objects, checksums, older versions."""

import base64
import random
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, init_repository
from repo_backup.cli.main import main
from repo_backup.runtime.errors import NotFoundError
from repo_backup.store import s3 as s3_module
from tests.integration.repo_backup.conftest import Bucket, refs

Upstream = Callable[[str], Path]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The S3 operations that the program calls, in order."""
    made: list[str] = []
    true = s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> s3_module.S3Store:
        store = true(*arguments, **named)
        store._client.meta.events.register(
            "before-call.s3", lambda model, **_: made.append(model.name)
        )
        return store

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    return made


def test_the_version_and_s3s_checksum_of_every_archive_are_in_the_manifest(s3: Bucket) -> None:
    assert s3.backup() == 0
    archive = s3.entry("hello")["archive"]
    head = s3.client.head_object(Bucket=s3.name, Key=archive["key"], ChecksumMode="ENABLED")
    body = s3.client.get_object(Bucket=s3.name, Key=archive["key"])["Body"].read()
    crc32 = base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()
    assert archive["version_id"] == head["VersionId"]
    assert archive["checksum"] == {"algorithm": "CRC32", "type": "FULL_OBJECT", "value": crc32}
    assert head.get("ChecksumCRC32", crc32) == crc32


def test_an_archive_costs_one_request_and_an_unchanged_one_none(
    s3: Bucket, calls: list[str]
) -> None:
    s3.backup("--no-drill")
    archives = [key for key in s3.keys if key.endswith(".zip")]
    # Two for the lease, one for the manifest and one for the marker.
    assert calls.count("PutObject") == len(archives) + 4
    calls.clear()
    s3.backup("--no-drill", run_id="r2")
    # Where the minute has a marker already: whose it is, the next free minute, and one more.
    assert calls.count("PutObject") in (4, 5)
    # One asks who was launched for a run that has no manifest yet.
    assert len(calls) <= (11 if calls.count("PutObject") == 4 else 14)
    assert s3.entry("hello", "r2")["state"] == "unchanged"


def test_a_large_archive_goes_in_parts_and_comes_back(
    s3: Bucket, large: str, upstream: Upstream, calls: list[str], tmp_path: Path
) -> None:
    assert s3.backup("--only", "large", "--no-drill") == 0
    assert [calls.count(name) for name in ("CreateMultipartUpload", "UploadPart")] == [1, 2]
    arguments = ["restore", "octo/large", "--source", s3.location, "--into", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert refs(tmp_path / "out/large.git") == refs(upstream("large"))


def test_a_prefix_holds_a_backup_of_its_own(s3: Bucket, tmp_path: Path) -> None:
    fixed = ["--owner", "octo", "--only", "hello", "--run-id", "r1"]
    assert main(["backup", "--no-data", *fixed, "--destination", f"{s3.location}/some/where"]) == 0
    assert all(key.startswith("some/where/") for key in s3.keys)
    source = ["--source", f"{s3.location}/some/where", "--into", str(tmp_path)]
    assert main(["restore", "octo/hello", *source]) == 0


def test_a_replaced_version_can_be_restored(
    s3: Bucket, upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = refs(upstream("hello"))
    s3.backup()
    commit_files(upstream("hello"), {"new": "x"}, message="New")
    s3.backup("--full", run_id="r2")
    source = ["--source", s3.location]
    out = ["--into", str(tmp_path / "old"), "--run-id", "r1"]
    assert main(["restore", "octo/hello", *source, *out]) == 0
    assert refs(tmp_path / "old/hello.git") == before
    capsys.readouterr()
    assert main(["list", *source, "--versions", "octo/hello"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_archive_whose_version_is_gone_is_made_again(s3: Bucket) -> None:
    s3.backup()
    archive = s3.entry("hello")["archive"]
    s3.client.delete_object(Bucket=s3.name, Key=archive["key"], VersionId=archive["version_id"])
    assert s3.backup(run_id="r2") == 0
    assert s3.entry("hello", "r2")["state"] == "backed-up"


def test_an_archive_that_something_else_replaced_is_made_again(s3: Bucket) -> None:
    s3.backup()
    archive = s3.entry("hello")["archive"]
    s3.client.put_object(Bucket=s3.name, Key=archive["key"], Body=b"x" * archive["bytes"])
    assert s3.backup(run_id="r2") == 0
    assert s3.entry("hello", "r2")["state"] == "backed-up"


def test_one_key_that_s3_denies_costs_one_repository(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> Any:
        store = true(*arguments, **named)

        def deny(params: Any, **_: object) -> None:
            if params.get("Key", "").endswith("hello.zip"):
                answer: Any = {
                    "Error": {"Code": "AccessDenied"},
                    "ResponseMetadata": {"HTTPStatusCode": 403},
                }
                raise ClientError(answer, "PutObject")

        store._client.meta.events.register("provide-client-params.s3.PutObject", deny)
        return store

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    assert s3.backup() == 3
    assert s3.entry("hello")["state"] == "failed"
    assert "AccessDenied" in s3.entry("hello")["reason"]
    assert s3.entry("unicode")["state"] == "backed-up"


def test_a_bucket_that_is_not_there_is_fatal(
    s3: Bucket, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["backup", "--owner", "octo", "--destination", "s3://no-such-bucket"]
    assert main(arguments) == 1
    assert "there is no bucket no-such-bucket (NoSuchBucket: " in capsys.readouterr().err


def test_the_drill_finds_an_archive_that_is_not_what_it_was(
    s3: Bucket, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> Any:
        store = true(*arguments, **named)
        put = store.put_archive

        def put_archive(key: str, archive: Any) -> Any:
            stored = put(key, archive)
            store.write(key, b"rotten")
            return s3_versionless(stored)

        monkeypatch.setattr(store, "put_archive", put_archive)
        return store

    def s3_versionless(stored: Any) -> Any:
        return replace(stored, version_id=None)

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    assert s3.backup("--only", "hello", "--no-wikis") == 3
    drill = s3.manifest()["drill"]
    assert drill["ok"] is False
    assert "SHA-256 differs" in drill["checked"][0]["reason"]


class _Breaking:
    """A body that breaks off in the middle, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, parsed: Any, **_: object) -> None:
        if self.left and "Body" in parsed and int(parsed.get("ContentLength", 0)) > 100_000:
            self.left -= 1
            whole = parsed["Body"]
            parsed["Body"] = StreamingBody(BytesIO(whole.read()[:1000]), parsed["ContentLength"])


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> _Breaking:
    """Lets so many reads of large objects break off."""
    fault, true = _Breaking(0), s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> Any:
        store = true(*arguments, **named)
        store._client.meta.events.register("after-call.s3.GetObject", fault)
        return store

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    return fault


def test_a_read_that_breaks_off_is_begun_again(s3: Bucket, breaking: _Breaking) -> None:
    breaking.left = 2
    assert s3.backup("--only", "unicode") == 0
    assert breaking.left == 0
    assert s3.manifest()["drill"]["ok"] is True


def test_a_read_that_always_breaks_off_is_no_good_drill(s3: Bucket, breaking: _Breaking) -> None:
    breaking.left = 1000
    assert s3.backup("--only", "unicode") == 3
    reason = s3.manifest()["drill"]["checked"][0]["reason"]
    assert "from 127.0.0.1 broke: 1000 read, but total bytes expected is" in reason


def test_a_version_is_restored_by_its_id(
    s3: Bucket, upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = refs(upstream("hello"))
    s3.backup("--only", "hello", "--no-wikis")
    version = s3.entry("hello")["archive"]["version_id"]
    commit_files(upstream("hello"), {"new": "x"}, message="New")
    s3.backup("--only", "hello", "--no-wikis", "--full", run_id="r2")
    fixed = ["restore", "octo/hello", "--source", s3.location, "--version-id"]
    assert main([*fixed, version, "--into", str(tmp_path / "old")]) == 0
    assert refs(tmp_path / "old/hello.git") == before
    # Nor does it need a manifest.
    for run_id in ("r1", "r2"):
        s3.client.delete_object(Bucket=s3.name, Key=f"runs/{run_id}/manifest.json")
    assert main([*fixed, version, "--into", str(tmp_path / "bare")]) == 0
    assert refs(tmp_path / "bare/hello.git") == before
    assert main([*fixed, "no-such-version", "--into", str(tmp_path / "none")]) == 1
    assert "version no-such-version, at this destination" in capsys.readouterr().err


def test_a_bucket_that_was_copied_still_restores(
    s3: Bucket, upstream: Upstream, tmp_path: Path
) -> None:
    s3.backup("--only", "hello")
    for key in s3.keys:
        body = s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read()
        version = s3.client.head_object(Bucket=s3.name, Key=key)["VersionId"]
        s3.client.put_object(Bucket=s3.name, Key=key, Body=body)
        s3.client.delete_object(Bucket=s3.name, Key=key, VersionId=version)
    source = ["--source", s3.location]
    assert main(["restore", "octo/hello", *source, "--into", str(tmp_path)]) == 0
    assert refs(tmp_path / "hello.git") == refs(upstream("hello"))
    assert main(["verify", "--all", *source]) == 0


def test_the_parts_of_a_large_archive_go_at_the_same_time(
    s3: Bucket,
    hub: GitHubStandIn,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(s3_module.S3Store, "part_bytes", 5 << 20)
    together = threading.Barrier(3)
    true = s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> Any:
        store = true(*arguments, **named)

        def wait(**_: object) -> None:
            # One after the other they would never come to an end.
            together.wait(30)

        store._client.meta.events.register("before-call.s3.UploadPart", wait)
        return store

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    noise = random.Random(7).randbytes(11 << 20)
    commit_files(init_repository(upstream("large")), {"noise": noise})
    hub.catalogue.add(Repository(88, "octo", "large"))
    assert s3.backup("--only", "large") == 0
    assert s3.manifest()["drill"]["ok"] is True


def test_a_part_that_s3_refuses_leaves_no_upload_behind(
    s3: Bucket, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = s3_module.open_bucket

    def open_bucket(*arguments: Any, **named: Any) -> Any:
        store = true(*arguments, **named)

        def deny(params: Any, **_: object) -> None:
            if params["PartNumber"] == 2:
                answer: Any = {"Error": {"Code": "AccessDenied"}}
                raise ClientError(answer, "UploadPart")

        store._client.meta.events.register("provide-client-params.s3.UploadPart", deny)
        return store

    monkeypatch.setattr("repo_backup.store.s3.open_bucket", open_bucket)
    assert s3.backup("--only", "large") == 3
    assert "AccessDenied" in s3.entry("large")["reason"]
    assert large not in s3.keys
    assert not s3.client.list_multipart_uploads(Bucket=s3.name).get("Uploads")


def test_a_part_of_any_version_is_read_alone(s3: Bucket) -> None:
    store = s3_module.open_bucket(f"{s3.name}/below", connections=4)
    store.write("runs/x", b"0123456789")
    (first,) = store.versions("runs/x")
    store.write("runs/x", b"abcdefghij")
    assert store.read_range("runs/x", 3, 4) == b"defg"
    assert store.read_range("runs/x", 8, 100) == b"ij"
    assert store.read_range("runs/x", 3, 4, first.id) == b"3456"
    with pytest.raises(NotFoundError):
        store.read_range("runs/y", 0, 1)
