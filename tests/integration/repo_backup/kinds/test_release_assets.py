"""Releases' files by the real program: from GitHub's storage to a restored folder."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Manifest
from backup_contract.kinds import DATA
from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn
from local_cloud.github.data import Editor
from local_cloud.github.data.model import Asset, Release
from repo_backup.cli.main import main
from reporter.judge.archive_state import Checked
from reporter.observe.bucket import Bucket as ReporterBucket
from reporter.observe.object_check import check_objects
from reporter.publish.manifest import published
from tests.integration.repo_backup.conftest import Bucket, Destination

ONLY = ("--include", "hello", "--kinds", "data")
API, STORAGE = "/repos/octo/hello/releases/assets/*", "/release-files/*"
NOISE = bytes(range(256)) * 1200
SHA256 = hashlib.sha256(NOISE).hexdigest()


@pytest.fixture
def release(hub: GitHubStandIn) -> Release:
    """A release of octo/hello with one file."""
    editor = Editor(hub.data, hub.data.of(hub.catalogue.repositories["octo/hello"].id))
    made = editor.create_release("v1.0", "The first one.")
    made.assets.append(
        Asset(hub.data.new_id(), "hello.bin", NOISE, "octo", hub.data.now(), f"sha256:{SHA256}")
    )
    return made


def data_of(destination: Destination, run_id: str = "r1") -> Any:
    return destination.entry("hello", run_id)["data"]


def stored(destination: Destination) -> bytes | None:
    path = destination.root / layout.content(SHA256)
    return path.read_bytes() if path.is_file() else None


@pytest.mark.parametrize("digest", [f"sha256:{SHA256}", None])
def test_files_are_saved_drilled_verified_and_restored_by_release(
    destination: Destination,
    release: Release,
    digest: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    release.assets[0].digest = digest
    assert destination.backup(*ONLY, data=True) == 0
    size = len(NOISE)
    expected = {"count": 1, "bytes": size, "saved": 1, "saved_bytes": size}
    assert data_of(destination)["objects"] == expected
    assert stored(destination) == NOISE
    source = ("--source", str(destination.root))
    assert main(["verify", "--all", *source]) == 0
    fixed = ("restore", "octo/hello", "--data", *source, "--into", str(tmp_path / "out"))
    assert main([*fixed]) == 0
    assert (tmp_path / "out/hello.data/releases/v1.0/hello.bin").read_bytes() == NOISE
    listed = json.loads((tmp_path / "out/hello.data/assets/v1.0.json").read_bytes())
    assert [(each["name"], each["sha256"]) for each in listed["assets"]] == [("hello.bin", SHA256)]

    (destination.root / layout.content(SHA256)).unlink()
    assert main(["verify", "--all", *source]) != 0
    answer = capsys.readouterr()
    assert layout.content(SHA256) in answer.out + answer.err


def test_verify_and_the_drill_name_a_damaged_list_of_files_and_the_next_run_writes_it_again(
    destination: Destination, release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup(*ONLY, "--no-drill", data=True) == 0
    (listed,) = destination.root.rglob("*.objects.json")
    before, key = listed.read_bytes(), listed.relative_to(destination.root).as_posix()
    verify = ("verify", "--all", "--source", str(destination.root))
    listed.write_bytes(before.replace(b"0", b"1"))
    assert main([*verify]) == 3
    assert f"{key} does not match the manifest (SHA-256 differs)" in capsys.readouterr().out
    listed.unlink()
    assert main([*verify]) == 3
    assert f"BAD:  {layout.archive('octo', 'hello', DATA)}: {key} is missing" in (
        capsys.readouterr().out
    )
    assert destination.backup(*ONLY, run_id="r2", data=True) == 0
    (listed,) = destination.root.rglob("*.objects.json")
    assert listed.read_bytes() == before
    assert main([*verify]) == 0
    listed.write_bytes(before.replace(b"0", b"1"))
    assert destination.backup(*ONLY, run_id="r3", data=True) == 3
    (drilled,) = destination.manifest("r3")["drill"]["checked"]
    assert ".objects.json does not match the manifest" in drilled["reason"]
    assert drilled["large_files"]
    assert destination.backup(*ONLY, run_id="r4", data=True) == 0


def test_the_token_goes_to_the_api_and_not_to_the_storage(
    destination: Destination, hub: GitHubStandIn, release: Release
) -> None:
    assert destination.backup(*ONLY, "--no-drill", data=True) == 0
    asked = [(e.status, e.authorization) for e in hub.requests if "/assets/" in e.path]
    assert asked == [(302, "Bearer")]
    asked = [(e.status, e.authorization) for e in hub.requests if "/release-files/" in e.path]
    assert asked == [(200, None)]


def test_a_redirect_within_the_api_to_a_storage_takes_the_token_nowhere_either(
    destination: Destination, hub: GitHubStandIn, release: Release
) -> None:
    """An Enterprise server may have its storage at its own address."""
    there = f"{hub.api_url}/release-files/{release.assets[0].id}?sig=of-this-file"
    hub.faults.add(Fault(API, status=302, headers={"Location": there}))
    assert destination.backup(*ONLY, "--no-drill", data=True) == 0
    assert stored(destination) == NOISE


def test_a_renamed_repository_is_asked_under_its_new_address_with_the_token(
    destination: Destination, hub: GitHubStandIn, release: Release
) -> None:
    number = hub.catalogue.repositories["octo/hello"].id
    there = f"{hub.api_url}/repositories/{number}/releases/assets/{release.assets[0].id}"
    hub.faults.add(Fault(API, status=301, headers={"Location": there}))
    assert destination.backup(*ONLY, "--no-drill", data=True) == 0
    assert stored(destination) == NOISE


def test_bytes_that_break_off_are_resumed(
    destination: Destination, hub: GitHubStandIn, release: Release
) -> None:
    hub.faults.add(Fault(STORAGE, "reset", after_bytes=100_000, times=2))
    assert destination.backup(*ONLY, "--no-drill", data=True) == 0
    assert stored(destination) == NOISE


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(STORAGE, status=404), "localhost answered 404 for /release-files/"),
        (Fault(API, status=404), "releases/assets"),
        (Fault(STORAGE, "corrupt", after_bytes=1000), "its bytes have the SHA-256"),
    ],
    ids=["lost", "deleted", "wrong"],
)
def test_what_cannot_be_had_is_named_and_tried_again_by_the_next_run(
    destination: Destination, hub: GitHubStandIn, release: Release, fault: Fault, reason: str
) -> None:
    hub.faults.add(fault)
    assert destination.backup(*ONLY, "--no-drill", data=True) == 3
    found = data_of(destination)
    assert "1 release asset could not be saved: v1.0/hello.bin: " in found["reason"]
    assert reason in found["reason"]
    assert found["archive"]
    assert stored(destination) is None
    hub.faults.clear()
    assert destination.backup(*ONLY, "--no-drill", run_id="r2", data=True) == 0
    assert stored(destination) == NOISE


def test_the_options_bound_and_switch_it(
    destination: Destination, hub: GitHubStandIn, release: Release
) -> None:
    assert destination.backup(*ONLY, "--no-drill", "--no-assets", data=True) == 0
    more = ("--no-drill", "--max-assets", "100K")
    assert destination.backup(*ONLY, *more, run_id="r2", data=True) == 0
    (warning,) = data_of(destination, "r2")["warnings"]
    assert "--max-assets allows 102.4 kB in each; 1 of them never fits" in warning
    assert not any(each.path.startswith("/release-files/") for each in hub.requests)


def test_what_the_reporter_misses_in_the_list_of_a_run_the_next_run_brings_back(
    s3: Bucket, release: Release
) -> None:
    """Between the two there is only the manifest that the reporter publishes."""

    def backup(run_id: str) -> Manifest:
        os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
        fixed = ("--owner", "octo", "--destination", s3.location, "--run-id", run_id, "--no-drill")
        assert main(["backup", *fixed, *ONLY]) == 0
        return Manifest.from_json(s3.text(layout.manifest(run_id)).encode())

    bucket, manifest = ReporterBucket(s3.client, s3.name), backup("r1")
    assert check_objects(bucket, manifest.archived) == Checked()
    s3.client.delete_object(Bucket=s3.name, Key=layout.content(SHA256))
    found = check_objects(bucket, manifest.archived)
    assert found.object_problems.objects == (f"{layout.content(SHA256)} is not in the bucket",)
    key = layout.manifest("r1")
    data = published(s3.text(key).encode(), "partial", "e", "0" * 64, found.damaged_chains, [])
    s3.client.put_object(Bucket=s3.name, Key=key, Body=data)
    manifest = backup("r2")
    (item,) = (each for each in manifest.archived if each.kind == DATA)
    assert item.state == "unchanged"
    assert check_objects(bucket, manifest.archived) == Checked()
    assert layout.content(SHA256) in s3.keys


def test_the_estimate_counts_them_and_their_storage(
    hub: GitHubStandIn, release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    for excluded, counted in (([], [1, len(NOISE), 0]), (["--no-assets"], [None, None, None])):
        # The program takes the token out of its environment.
        os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
        assert main(["estimate", "--owner", "octo", "--json", *excluded]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [found[name] for name in ("assets", "bytes_assets", "assets_uncounted")] == counted
