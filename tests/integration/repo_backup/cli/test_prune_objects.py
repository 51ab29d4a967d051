"""``prune-objects`` on a real bucket and a folder: what goes, what stays, and what stops it."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from backup_contract import object_keys as layout
from backup_contract.documents.output.pruning import PruneDocument, PrunedRow
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.data import Editor
from local_cloud.github.data.model import Asset
from repo_backup.cli.main import main
from repo_backup.run.lease import Lease
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.store import s3 as s3_module
from repo_backup.store.objects import HashedBody
from repo_backup.store.open_prunable import open_prunable
from repo_backup.store.prunable import PrunableStore
from tests.integration.repo_backup.conftest import Bucket, Destination
from tests.integration.repo_backup.store.s3_faults import Fault, inject

NEEDED, STRAY = b"a file of a release", b"of a repository that somebody removed"
KEYS = {data: layout.content(hashlib.sha256(data).hexdigest()) for data in (NEEDED, STRAY)}


@pytest.fixture
def release(hub: GitHubStandIn) -> None:
    """octo/hello has a release with one file."""
    editor = Editor(hub.data, hub.data.of(hub.catalogue.repositories["octo/hello"].id))
    digest = f"sha256:{hashlib.sha256(NEEDED).hexdigest()}"
    made = editor.create_release("v1.0", "The first one.")
    made.assets.append(
        Asset(hub.data.new_id(), "hello.bin", NEEDED, "octo", hub.data.now(), digest)
    )


def stray(store: PrunableStore) -> None:
    """An object that no archive refers to."""
    sha256 = hashlib.sha256(STRAY).hexdigest()
    store.put_object(KEYS[STRAY], HashedBody(BytesIO(STRAY), sha256, len(STRAY)), replace=True)


def backed_up(location: str, run_id: str = "r1", *more: str) -> int:
    os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
    fixed = ("--owner", "octo", "--destination", location, "--run-id", run_id, "--no-drill")
    return main(["backup", *fixed, "--include", "hello", "--kinds", "data", *more])


@pytest.fixture
def bucket(s3: Bucket, release: None) -> Bucket:
    """A bucket with a needed object and a stray one, both 400 days old."""
    assert backed_up(s3.location) == 0
    stray(open_prunable(s3.location, connections=2))
    aged(s3.name)
    return s3


def aged(name: str, days: int = 400) -> None:
    """The emulator's clock is the machine's."""
    moment = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=days)
    for _, versions in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[name].keys.lists():
        for version in versions:
            version.last_modified = moment


def rule(bucket: Bucket, **more: Any) -> None:
    """The lifecycle rule of a stack's bucket."""
    found = {
        "ID": "expire",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
        **more,
    }
    configuration: Any = {"Rules": [found]}
    bucket.client.put_bucket_lifecycle_configuration(
        Bucket=bucket.name, LifecycleConfiguration=configuration
    )


Pruned = Callable[..., Any]


@pytest.fixture
def pruned(capsys: pytest.CaptureFixture[str]) -> Pruned:
    """What the command prints with ``--json``."""

    def run(location: str, *arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main(["prune-objects", "--source", location, "--json", *arguments]) == code
        return json.loads(capsys.readouterr().out)

    return run


def test_only_with_yes_is_a_stray_object_hidden_and_its_version_stays(
    bucket: Bucket, pruned: Pruned
) -> None:
    rule(bucket)
    document = pruned(bucket.location)
    assert set(document) == set(get_type_hints(PruneDocument))
    (row,) = document["objects"]
    assert set(row) == set(get_type_hints(PrunedRow))
    assert (row["key"], row["bytes"], row["state"]) == (KEYS[STRAY], len(STRAY), "removable")
    assert (document["older_than_days"], document["keeps_versions"]) == (365, True)
    assert (document["needed"], document["needed_bytes"]) == (1, len(NEEDED))
    assert KEYS[STRAY] in bucket.keys

    (row,) = pruned(bucket.location, "--yes")["objects"]
    assert (row["state"], row["reason"], row["locked_until"]) == ("hidden", None, None)
    assert KEYS[STRAY] not in bucket.keys
    assert KEYS[NEEDED] in bucket.keys
    found = bucket.client.list_object_versions(Bucket=bucket.name, Prefix=KEYS[STRAY])
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (1, 1)
    assert pruned(bucket.location, "--yes")["objects"] == []
    assert backed_up(bucket.location, "r2") == 0


def test_what_was_removed_is_saved_again_by_a_run_that_needs_it(
    bucket: Bucket, pruned: Pruned
) -> None:
    bucket.client.delete_object(Bucket=bucket.name, Key=KEYS[NEEDED])
    assert backed_up(bucket.location, "r2", "--full") == 0
    assert KEYS[NEEDED] in bucket.keys


@pytest.mark.parametrize(
    "rules",
    [
        {"Status": "Disabled"},
        {"Filter": {"Prefix": "github_backups/"}},
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 365}, "Filter": {"Prefix": "x"}},
        {},
    ],
)
def test_how_old_objects_must_be_is_never_guessed(
    s3: Bucket, rules: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    if rules:
        rule(s3, **rules)
    assert main(["prune-objects", "--source", s3.location, "--yes"]) == 2
    assert "--older-than-days is required: no lifecycle rule" in capsys.readouterr().err
    assert s3.keys == []


def test_what_is_not_old_enough_stays(bucket: Bucket, pruned: Pruned) -> None:
    document = pruned(bucket.location, "--older-than-days", "401", "--yes")
    assert (document["objects"], document["young"], document["young_bytes"]) == ([], 1, len(STRAY))
    assert KEYS[STRAY] in bucket.keys


def test_nothing_is_removed_while_a_run_is_under_way(
    bucket: Bucket, pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its objects are put before anything refers to them."""
    stop = CancellationToken()
    lease = Lease(open_prunable(bucket.location, connections=2), "r9", 1, stop)
    command = ["prune-objects", "--source", bucket.location, "--older-than-days", "365"]
    with lease.hold():
        assert main([*command, "--yes"]) == 1
        assert "run r9 is writing to this destination" in capsys.readouterr().err
        assert len(pruned(*command[2:])["objects"]) == 1
    assert KEYS[STRAY] in bucket.keys
    assert main([*command, "--yes"]) == 0
    assert KEYS[STRAY] not in bucket.keys


def test_no_run_begins_while_objects_are_removed(
    bucket: Bucket, pruned: Pruned, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = []

    def looked(*_: Any) -> Any:
        codes.append(backed_up(bucket.location, "r2"))
        raise KeyboardInterrupt

    monkeypatch.setattr("repo_backup.cli.commands.prune_command.find_references", looked)
    command = ["prune-objects", "--source", bucket.location, "--older-than-days", "365", "--yes"]
    assert main(command) == 75
    assert codes == [1]
    assert backed_up(bucket.location, "r2") == 0


def test_an_object_that_is_put_again_while_the_list_is_read_stays(
    bucket: Bucket, pruned: Pruned
) -> None:
    """By a program that respects no lease."""
    store = open_prunable(bucket.location, connections=2)
    rows = [each for each in store.binaries().rows if layout.content(each.sha256) == KEYS[STRAY]]
    stray(store)
    (removal,) = store.remove(rows)
    assert (removal.state, removal.reason) == ("changed", "it was written again in the meantime")
    bucket.client.delete_object(Bucket=bucket.name, Key=KEYS[STRAY])
    (removal,) = store.remove(rows)
    assert (removal.state, removal.reason) == ("changed", "it no longer exists")


def test_a_list_that_is_lost_stops_everything(
    bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    (key,) = (each for each in bucket.keys if layout.object_list_key(each))
    found = bucket.client.list_object_versions(Bucket=bucket.name, Prefix=key)
    for each in found["Versions"]:
        bucket.client.delete_object(Bucket=bucket.name, Key=key, VersionId=each["VersionId"])
    command = ["prune-objects", "--source", bucket.location, "--older-than-days", "365", "--yes"]
    assert main(command) == 1
    error = capsys.readouterr().err
    assert f"{key} cannot be read: it is missing" in error
    assert "The next backup writes a missing list again" in error
    assert KEYS[STRAY] in bucket.keys
    assert backed_up(bucket.location, "r2") == 0
    assert key in bucket.keys
    assert main(command) == 0


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Fault]]:
    """What S3 answers instead, once."""
    faults: list[Fault] = []
    true = s3_module.open_bucket_as

    def opened(*arguments: Any, **named: Any) -> Any:
        store: Any = true(*arguments, **named)
        inject(store._client, faults)
        return store

    monkeypatch.setattr(s3_module, "open_bucket_as", opened)
    yield faults
    assert all(each.met for each in faults)


def test_an_object_that_s3_does_not_let_go_is_named_with_its_reason(
    bucket: Bucket, pruned: Pruned, refused: list[Fault]
) -> None:
    body = (
        f"<DeleteResult><Error><Key>{KEYS[STRAY]}</Key><Code>AccessDenied</Code>"
        "<Message>Access Denied</Message></Error></DeleteResult>"
    )
    refused.append(Fault("DeleteObjects", body=body.encode()))
    (row,) = pruned(bucket.location, "--older-than-days", "9", "--yes", code=3)["objects"]
    assert (row["state"], row["reason"]) == ("refused", "AccessDenied: Access Denied")


def test_rules_that_a_person_may_not_read_are_not_guessed(
    bucket: Bucket, refused: list[Fault], capsys: pytest.CaptureFixture[str]
) -> None:
    refused.append(Fault("GetBucketLifecycleConfiguration", status=403, code="AccessDenied"))
    assert main(["prune-objects", "--source", bucket.location]) == 2
    message = capsys.readouterr().err
    assert "--older-than-days is required: the bucket's lifecycle rules are not readable" in message
    assert "AccessDenied" in message


def test_settings_that_a_person_may_not_read_are_no_obstacle(
    bucket: Bucket, pruned: Pruned, refused: list[Fault]
) -> None:
    for operation in ("GetBucketVersioning", "GetObjectLockConfiguration"):
        refused.append(Fault(operation, status=403, code="AccessDenied"))
    document = pruned(bucket.location, "--older-than-days", "9")
    assert document["keeps_versions"] is None
    assert [each["state"] for each in document["objects"]] == ["removable"]


def test_what_object_lock_keeps_is_told_with_its_date(
    s3: Bucket, pruned: Pruned, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{s3.name}-locked"
    s3.client.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        ObjectLockEnabledForBucket=True,
    )
    locked: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime(2099, 1, 2, tzinfo=UTC)}
    stray(open_prunable(f"s3://{name}", connections=2))
    s3.client.put_object_retention(Bucket=name, Key=KEYS[STRAY], Retention=locked)
    aged(name)
    (row,) = pruned(f"s3://{name}", "--older-than-days", "365")["objects"]
    assert row["locked_until"] == "2099-01-02T00:00:00Z"
    assert main(["prune-objects", "--source", f"s3://{name}", "--older-than-days", "365"]) == 0
    output = capsys.readouterr().out
    assert "locked until 2099-01-02T00:00:00Z" in output
    assert "Object Lock keeps the bytes of 1 object" in output


def test_a_folder_loses_them_for_good_and_needs_to_be_told_when(
    destination: Destination, release: None, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(destination.root)
    assert backed_up(root) == 0
    stray(open_prunable(root, connections=2))
    moment = datetime.now(UTC).timestamp() - 400 * 86400
    for key in KEYS.values():
        os.utime(destination.root / key, (moment, moment))
    command = ["prune-objects", "--source", root]
    assert main(command) == 2
    assert "--older-than-days is required" in capsys.readouterr().err
    command += ["--older-than-days", "365"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"removable: {KEYS[STRAY]}, 37 B, of 20")
    assert lines[1].startswith("1 object (19 B) needed; 1 object (37 B) not needed and older than")
    assert "--yes removes the objects permanently: this destination keeps" in lines[2]
    assert main([*command, "--yes"]) == 0
    assert "Removed: 1 object (37 B), permanently" in capsys.readouterr().out
    assert not (destination.root / KEYS[STRAY]).exists()
    assert (destination.root / KEYS[NEEDED]).exists()
    assert main(command) == 0
    assert "There is nothing to remove." in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("--older-than-days", "0"), ("--older-than-days", "x")])
def test_a_wrong_number_of_days_is_named_before_anything_is_read(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prune-objects", "--source", str(tmp_path), *arguments])
    assert ended.value.code == 2
    assert "--older-than-days" in capsys.readouterr().err
