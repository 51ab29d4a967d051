"""Git LFS: announced unless asked for, each object fetched once ever, and every trouble named."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from local_cloud.github import Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from local_cloud.github.storage.lfs import add_object, object_path, pointer
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Bucket, Destination

ATTRIBUTES = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}
ONLY = ("--only", "lfs", "--no-drill")
SAVE = (*ONLY, "--lfs")
STORAGE = "/lfs-storage/*"
BATCH = "*/info/lfs/objects/batch"
LOGO_BYTES = 123_456

Upstream = Callable[[str], Path]


@pytest.fixture
def repository(upstream: Upstream) -> Path:
    """The corpus' repository that has one object."""
    return upstream("lfs")


@pytest.fixture
def logo(repository: Path) -> str:
    """The SHA-256 of that object."""
    (path,) = (repository / "lfs").rglob("*/*/*/*")
    return path.name


def lfs(destination: Destination | Bucket, run_id: str = "r1", name: str = "lfs") -> Any:
    return destination.entry(name, run_id)["lfs-objects"]


def stored(destination: Destination, sha256: str) -> bytes | None:
    path = destination.root / layout.content(sha256)
    return path.read_bytes() if path.is_file() else None


def add(repository: Path, *contents: bytes) -> list[str]:
    """Commit files that are kept in Git LFS; their SHA-256."""
    hashes = [hashlib.sha256(data).hexdigest() for data in contents]
    names = {
        f"{oid[:8]}.bin": add_object(repository, data)
        for oid, data in zip(hashes, contents, strict=True)
    }
    commit_files(repository, {**ATTRIBUTES, **names}, message="Add large files")
    return hashes


def test_objects_are_announced_and_saved_only_on_request(
    destination: Destination,
    hub: GitHubStandIn,
    logo: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert destination.backup(*ONLY) == 0
    found = lfs(destination)
    assert found["objects"] == {"count": 1, "bytes": LOGO_BYTES, "saved": 0, "saved_bytes": 0}
    assert "1 LFS object (123.5 kB) is not saved: the option --lfs" in found["warnings"][0]
    assert not hub.lfs.batches
    assert f"octo/lfs: {found['warnings'][0]}" in capsys.readouterr().out
    assert "objects_put" not in destination.manifest()
    assert destination.backup(*SAVE, run_id="r2") == 0
    reported = capsys.readouterr().out
    assert "not saved" not in reported
    assert "1 large file uploaded, 123.5 kB" in reported
    assert destination.manifest("r2")["objects_put"] == {"count": 1, "bytes": LOGO_BYTES}
    found = lfs(destination, "r2")
    assert found["objects"]["saved_bytes"] == LOGO_BYTES
    assert (found["state"], found.get("warnings")) == ("backed-up", None)
    data = stored(destination, logo)
    assert hashlib.sha256(data or b"").hexdigest() == logo


def test_an_unchanged_repository_costs_no_request_and_no_byte(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(*SAVE)
    before = {path: path.stat().st_mtime_ns for path in destination.root.rglob("*/octo/*")}
    hub.lfs.batches.clear()
    assert destination.backup(*SAVE, run_id="r2") == 0
    assert lfs(destination, "r2")["state"] == "unchanged"
    assert not hub.lfs.batches
    assert before == {path: path.stat().st_mtime_ns for path in destination.root.rglob("*/octo/*")}
    assert "objects_put" not in destination.manifest("r2")
    capsys.readouterr()
    main(["status", "--source", str(destination.root)])
    assert "large files: 1 LFS object saved, 123.5 kB\n" in capsys.readouterr().out


def test_only_what_a_change_adds_is_looked_through_and_fetched(
    destination: Destination, hub: GitHubStandIn, repository: Path, logo: str
) -> None:
    destination.backup(*SAVE)
    (new,) = add(repository, b"new" * 1000)
    assert destination.backup(*SAVE, run_id="r2") == 0
    assert hub.lfs.sent == [logo, new]
    assert lfs(destination, "r2")["objects"]["saved"] == 2
    assert stored(destination, new) == b"new" * 1000


def test_objects_that_only_an_old_version_of_a_file_points_to_are_saved(
    destination: Destination, repository: Path
) -> None:
    (old,) = add(repository, b"old" * 1000)
    git(repository, "update-ref", "refs/heads/main", "refs/heads/main~1")
    git(repository, "tag", "kept", "HEAD")
    (new,) = add(repository, b"now" * 1000)
    commit_files(repository, {f"{new[:8]}.bin": pointer(old, 3000)}, message="Go back")
    assert destination.backup(*SAVE) == 0
    assert stored(destination, new)
    assert stored(destination, old)


def test_repositories_that_share_objects_share_them_at_the_destination(
    destination: Destination, hub: GitHubStandIn
) -> None:
    contents = [b"%d" % number * 500 for number in range(200)]
    for number in range(3):
        path = init_repository(hub.root / "octo" / f"copy{number}.git")
        add(path, *contents)
        hub.catalogue.add(Repository(100 + number, "octo", f"copy{number}"))
    assert destination.backup("--only", "copy*", "--no-drill", "--lfs") == 0
    assert len(hub.lfs.sent) == len(set(hub.lfs.sent)) == 200
    assert max(hub.lfs.batches) == 100
    files = [path for path in (destination.root / "objects").rglob("*") if path.is_file()]
    unique = sum(map(len, contents))
    assert sum(path.stat().st_size for path in files) == unique
    for number in range(3):
        assert lfs(destination, name=f"copy{number}")["objects"]["saved"] == 200


def test_the_token_goes_to_the_repositorys_host_alone(
    destination: Destination, hub: GitHubStandIn, repository: Path, logo: str
) -> None:
    """Not where a ``.lfsconfig`` points, not to the storage, not where that redirects."""
    commit_files(repository, {".lfsconfig": "[lfs]\n\turl = http://localhost:9/evil\n"})
    hub.lfs.redirects = True
    assert destination.backup(*SAVE) == 0
    assert stored(destination, logo)
    asked = {(each.path, each.authorization) for each in hub.requests if "lfs" in each.path}
    storage = f"/lfs-storage/octo/lfs/{logo}"
    assert (storage, None) in asked
    assert {found for path, found in asked if path == storage} == {None}
    assert {found for path, found in asked if path.endswith("/batch")} == {"Basic"}


@pytest.mark.parametrize("ranges", [True, False], ids=["resumed", "begun again"])
@pytest.mark.parametrize("action", ["reset", "truncate"])
def test_bytes_that_break_off_go_on_where_they_were(
    destination: Destination, hub: GitHubStandIn, logo: str, action: Any, ranges: bool
) -> None:
    hub.lfs.ranges = ranges
    hub.faults.add(Fault(STORAGE, action, after_bytes=70_000, times=1))
    hub.faults.add(Fault(STORAGE, action, after_bytes=20_000, times=1))
    assert destination.backup(*SAVE) == 0
    assert stored(destination, logo)
    assert len(hub.lfs.sent) == 3


def test_an_address_that_has_expired_is_asked_for_again(
    destination: Destination, hub: GitHubStandIn, logo: str
) -> None:
    hub.faults.add(Fault(STORAGE, status=403, times=1))
    assert destination.backup(*SAVE) == 0
    assert stored(destination, logo)
    assert hub.lfs.batches == [1, 1]


@pytest.mark.parametrize(
    ("arrange", "answer"),
    [
        (lambda hub, oid: hub.lfs.refused.update({oid: (410, "removed")}), r"removed \(410\)"),
        (lambda hub, oid: hub.lfs.refused.update({oid: (422, "odd")}), r"odd \(422\)"),
        (lambda hub, _: hub.faults.add(Fault(STORAGE, status=404)), "answered 404"),
        (lambda hub, _: hub.faults.add(Fault(STORAGE, status=500)), "answered 500"),
        (lambda hub, _: hub.faults.add(Fault(BATCH, status=404)), "has nothing at"),
        (
            lambda hub, _: hub.faults.add(Fault(BATCH, status=200)),
            "does not follow the Git LFS protocol",
        ),
        (
            lambda hub, _: hub.faults.add(Fault(STORAGE, "corrupt", after_bytes=1000)),
            "its bytes have the SHA-256",
        ),
    ],
    ids=["410", "422", "404", "500", "no LFS", "no answer", "wrong"],
)
def test_what_cannot_be_saved_is_named_and_tried_again_next_time(
    destination: Destination,
    hub: GitHubStandIn,
    repository: Path,
    logo: str,
    arrange: Callable[[GitHubStandIn, str], object],
    answer: str,
) -> None:
    arrange(hub, logo)
    assert destination.backup(*SAVE) == 3
    found = lfs(destination)
    assert found["state"] == "failed"
    assert found["reason"].startswith("1 LFS object")
    assert " could not be saved: " in found["reason"]
    assert re.search(answer, found["reason"])
    assert found["objects"]["saved"] == 0
    assert destination.entry("lfs")["state"] == "backed-up"
    assert stored(destination, logo) is None
    hub.lfs.refused.clear()
    hub.faults.clear()
    assert destination.backup(*SAVE, run_id="r2") == 0
    assert stored(destination, logo)
    assert lfs(destination, "r2")["state"] == "backed-up"


def test_one_object_that_is_gone_costs_no_other(
    destination: Destination, hub: GitHubStandIn, repository: Path, logo: str
) -> None:
    there, gone = add(repository, b"there" * 100, b"gone" * 100)
    object_path(repository, gone).unlink()
    assert destination.backup(*SAVE) == 3
    assert stored(destination, there)
    assert stored(destination, logo)
    found = lfs(destination)
    assert f"{gone[:12]}: Object does not exist on the server (404)" in found["reason"]
    assert found["objects"]["saved"] == 2
    archive = found["archive"]
    assert destination.backup(*SAVE, run_id="r2") == 3
    assert lfs(destination, "r2")["archive"] == archive
    assert hub.lfs.sent.count(there) == 1


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def test_what_an_empty_pointer_names_never_counts_as_saved_by_its_size(
    destination: Destination, repository: Path, logo: str
) -> None:
    content = b"there" * 100
    sha256 = hashlib.sha256(content).hexdigest()
    add_object(repository, content)
    commit_files(repository, {"assets/lie.psd": POINTER.format(sha256, 0)})
    assert destination.backup(*SAVE) == 3
    found = lfs(destination)
    assert "is not that of an empty file, which its size says" in found["reason"]
    assert found["objects"]["saved"] == 1
    assert stored(destination, sha256) is None
    assert stored(destination, logo)


def test_of_pointers_that_disagree_on_a_size_the_right_one_saves_the_object(
    destination: Destination, repository: Path
) -> None:
    content = b"there" * 100
    sha256 = hashlib.sha256(content).hexdigest()
    add_object(repository, content)
    sizes = (7, len(content), 10**17)
    commit_files(repository, {f"assets/{n}.psd": POINTER.format(sha256, n) for n in sizes})
    destination.backup("--only", "lfs", "--no-drill")
    assert destination.backup(*SAVE, run_id="r2") == 0
    assert stored(destination, sha256) == content
    assert lfs(destination, "r2")["objects"]["saved"] == 2
    assert destination.backup(*SAVE, run_id="r3") == 0
    assert lfs(destination, "r3")["state"] == "unchanged"


def test_a_runs_allowance_leaves_a_named_rest_to_later_runs(
    destination: Destination, hub: GitHubStandIn, repository: Path, logo: str
) -> None:
    add(repository, b"a" * 60_000, b"b" * 61_000)
    assert destination.backup(*SAVE, "--max-lfs", "100K") == 0
    found = lfs(destination)
    assert found["objects"]["saved"] == 1
    assert "2 LFS objects (184.5 kB) left to later runs" in found["warnings"][0]
    assert destination.backup(*SAVE, "--max-lfs", "100K", run_id="r2") == 0
    assert lfs(destination, "r2")["objects"]["saved"] == 2
    assert destination.backup(*SAVE, "--max-lfs", "130K", run_id="r3") == 0
    assert lfs(destination, "r3")["objects"]["saved"] == 3
    assert destination.backup(*SAVE, run_id="r4") == 0
    found = lfs(destination, "r4")
    assert (found["state"], found.get("warnings")) == ("unchanged", None)


def test_a_run_counts_what_all_its_attempts_stored(
    destination: Destination, repository: Path
) -> None:
    add(repository, b"a" * 60_000)
    assert destination.backup(*SAVE, "--max-lfs", "100K") == 0
    assert destination.manifest()["objects_put"] == {"count": 1, "bytes": 60_000}
    assert destination.backup(*SAVE) == 0
    assert destination.manifest()["objects_put"] == {"count": 2, "bytes": 60_000 + LOGO_BYTES}


def test_an_object_that_is_larger_than_any_runs_allowance_is_told_of_and_costs_later_runs_nothing(
    destination: Destination,
) -> None:
    assert destination.backup(*SAVE, "--max-lfs", "100K") == 0
    assert destination.backup(*SAVE, "--max-lfs", "100K", run_id="r2") == 0
    before, found = lfs(destination), lfs(destination, "r2")
    assert (found["state"], found["warnings"]) == ("unchanged", before["warnings"])
    assert destination.backup(*SAVE, "--max-lfs", "130K", run_id="r3") == 0
    assert lfs(destination, "r3")["objects"]["saved"] == 1
    (answer,) = lfs(destination)["warnings"]
    assert answer.endswith("--max-lfs allows 102.4 kB in each, and 1 of them never fits")


def test_a_false_object_in_the_bucket_is_named_and_replaced_by_a_new_version(
    s3: Bucket, logo: str
) -> None:
    """Intrusion: whoever took over an instance may put anything below ``objects/``."""
    key = layout.content(logo)
    s3.client.put_object(Bucket=s3.name, Key=key, Body=b"x" * LOGO_BYTES)
    assert s3.backup(*SAVE) == 3
    assert lfs(s3)["reason"] == f"{key} did not match its key and was replaced"
    body = s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == logo
    assert s3.backup(*SAVE, run_id="r2") == 0
    assert len(s3.client.list_object_versions(Bucket=s3.name, Prefix=key)["Versions"]) == 2


def lock(bucket: Bucket, key: str, version_id: str) -> None:
    """Forbid to delete a version."""
    until = datetime.now(UTC) + timedelta(days=30)
    bucket.client.put_object_retention(
        Bucket=bucket.name,
        Key=key,
        VersionId=version_id,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until},
    )


def test_a_false_object_under_a_lock_is_replaced_by_a_version_that_counts(
    s3: Bucket, logo: str, tmp_path: Path
) -> None:
    """A lock forbids to delete a version, not to put a newer one: neither is the false one in the
    way, nor does the good one go while it is locked."""
    locked = f"{s3.name}-locked"
    s3.client.create_bucket(
        Bucket=locked,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    bucket, key = Bucket(s3.client, s3.endpoint, locked), layout.content(logo)
    false = s3.client.put_object(Bucket=locked, Key=key, Body=b"x" * LOGO_BYTES)["VersionId"]
    # As a default retention would: with one, moto refuses checksums that S3 accepts.
    lock(bucket, key, false)
    assert bucket.backup(*SAVE) == 3
    assert bucket.backup(*SAVE, run_id="r2") == 0
    versions = s3.client.list_object_versions(Bucket=locked, Prefix=key)["Versions"]
    assert [each["IsLatest"] for each in versions] == [True, False]
    assert versions[1]["VersionId"] == false
    lock(bucket, key, versions[0]["VersionId"])
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.client.delete_object(Bucket=locked, Key=key, VersionId=versions[0]["VersionId"])
    source = ("--source", bucket.location)
    assert main(["verify", "--all", *source]) == 0
    into = ("--into", str(tmp_path / "out"))
    assert main(["restore", "octo/lfs", *source, *into]) == 0
    place = object_path(tmp_path / "out/lfs.git", logo)
    assert hashlib.sha256(place.read_bytes()).hexdigest() == logo


def test_history_that_was_archived_before_is_looked_through_when_lfs_is_switched_on(
    destination: Destination, hub: GitHubStandIn, repository: Path, logo: str
) -> None:
    assert destination.backup(*ONLY, "--no-lfs") == 0
    assert "lfs-objects" not in destination.entry("lfs")
    (new,) = add(repository, b"overlay" * 100)
    assert destination.backup(*ONLY, "--no-lfs", run_id="r2") == 0
    assert destination.entry("lfs", "r2")["chain"]["links"] == 1
    assert destination.backup(*SAVE, run_id="r3") == 0
    assert destination.entry("lfs", "r3")["state"] == "unchanged"
    assert {*hub.lfs.sent} == {logo, new}


def test_a_repository_that_does_not_use_lfs_is_not_told_of(destination: Destination) -> None:
    assert destination.backup("--only", "hello", "--no-drill", "--lfs") == 0
    assert "lfs-objects" not in destination.entry("hello")


def test_what_is_saved_of_a_repository_that_is_gone_is_kept(
    destination: Destination, hub: GitHubStandIn, logo: str
) -> None:
    destination.backup(*SAVE, "--allow-shrink")
    del hub.catalogue.repositories["octo/lfs"]
    for run_id in ("r2", "r3"):
        assert destination.backup("--only", "hello", "--no-drill", run_id=run_id) == 0
    kept = {each["key"]: each for each in destination.manifest("r3")["kept_further"]}
    found = kept["github_backups/octo/lfs~lfs.zip"]
    assert (found["kind"], found["objects"]["saved"]) == ("lfs-objects", 1)
    assert stored(destination, logo)
