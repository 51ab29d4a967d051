"""A repository that changed is stored as an overlay: what goes over the wire, what lies there."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.store.s3 import S3Store
from tests.integration.repo_backup.conftest import Bucket, Destination, refs
from tests.integration.repo_backup.run.overlay_runs import (
    RUN_IDS,
    STEPS,
    backup,
    by_hand,
    killed_behind,
    posts,
    zips,
)


def test_a_changed_repository_becomes_an_overlay_and_every_day_can_be_restored(
    destination: Destination, hub: GitHubStandIn, hello: Path, tmp_path: Path
) -> None:
    assert backup(destination, 0) == 0
    days = [refs(hello)]
    base = destination.entry("hello", RUN_IDS[0])["archive"]
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    posts(hub)
    assert backup(destination, 1) == 0
    assert posts(hub) == 1
    days.append(refs(hello))
    git(hello, "update-ref", "-d", "refs/tags/v0.1")
    assert backup(destination, 2) == 0
    assert posts(hub) == 0
    days.append(refs(hello))
    assert backup(destination, 3) == 0
    entry = destination.entry("hello", RUN_IDS[3])
    assert entry["state"] == "unchanged"
    assert entry["archive"]["sha256"] == base["sha256"]
    assert entry["chain"]["links"] == 2
    assert zips(destination) == ["hello.0001.zip", "hello.0002.zip", "hello.zip"]
    assert by_hand(destination.root, tmp_path / "hand") == days[-1]
    for number, day in enumerate(days):
        into = tmp_path / f"day-{number}"
        assert refs(destination.restored("hello", into, "--at", RUN_IDS[number])) == day


def test_a_wiki_grows_as_well(
    destination: Destination, upstream: Callable[[str], Path], tmp_path: Path
) -> None:
    wiki = upstream("hello.wiki")
    fixed = ("--only", "hello", "--no-drill")
    destination.backup(*fixed, run_id=RUN_IDS[0])
    commit_files(wiki, {"New.md": "new\n"}, branch=git(wiki, "symbolic-ref", "--short", "HEAD"))
    assert destination.backup(*fixed, run_id=RUN_IDS[1]) == 0
    assert destination.entry("hello", RUN_IDS[1])["wiki"]["chain"]["links"] == 1
    assert refs(destination.restored("hello", tmp_path / "wiki", "--wiki")) == refs(wiki)


def test_a_full_run_in_a_folder_names_the_runs_that_it_would_give_up(
    destination: Destination, hello: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        assert backup(destination, number, "--full") == 0
    assert backup(destination, 2) == 0
    assert destination.entry("hello", RUN_IDS[2]).get("chain") is None
    commit_files(hello, {"new.txt": "newer\n"}, message="Newer")
    assert backup(destination, 3) == 0
    before = zips(destination)
    assert backup(destination, 4, "--full") == 2
    assert (
        f"{RUN_IDS[2]}, {RUN_IDS[1]}, {RUN_IDS[0]} could no longer be restored"
        in capsys.readouterr().err
    )
    assert zips(destination) == before


def test_a_bucket_goes_through_the_same_and_keeps_what_a_full_run_replaces(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    def run(number: int, *arguments: str) -> int:
        only = ("--only", "hello", "--no-drill", "--no-wikis")
        return s3.backup(*only, *arguments, run_id=RUN_IDS[number])

    def copied(name: str) -> Path:
        for key in s3.keys:
            path = tmp_path / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.client.download_file(s3.name, key, str(path))
        return tmp_path / name

    days = {}
    for number, step in enumerate(["", *STEPS.values(), ""]):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        if step:
            killed_behind(partial(run, number), S3Store, *step)
            commit_files(hello, {"newer.txt": f"{number}\n"}, message="Newer")
        assert run(number + 4) == 0
        days[RUN_IDS[number + 4]] = refs(hello)
    entry = s3.entry("hello", RUN_IDS[7])
    assert entry["chain"]["links"] == 5
    assert by_hand(copied("copy"), tmp_path / "hand") == refs(hello)
    assert run(9, "--full") == 0
    assert s3.entry("hello", RUN_IDS[9]).get("chain") is None
    for run_id, day in days.items():
        into = tmp_path / run_id
        fixed = ["restore", "octo/hello", "--source", s3.location, "--into", str(into)]
        assert main([*fixed, "--at", run_id]) == 0
        assert refs(next(into.glob("*.git"))) == day


def test_a_later_attempt_of_a_run_takes_its_own_overlay_for_what_it_has_done(
    destination: Destination, hub: GitHubStandIn, hello: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    assert backup(destination, 1) == 0
    posts(hub)
    assert backup(destination, 1, "--attempt", "2") == 0
    assert posts(hub) == 0
    entry = destination.entry("hello", RUN_IDS[1])
    assert (entry["state"], entry["chain"]["links"]) == ("backed-up", 1)
    totals = destination.manifest(RUN_IDS[1])["totals"]
    assert totals["bytes_uploaded"] == entry["chain"]["bytes"]


def test_a_renamed_repository_begins_anew_and_its_former_chain_is_kept(
    destination: Destination, hub: GitHubStandIn, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    before = refs(hello)
    old = hub.catalogue.repositories.pop("octo/hello")
    hub.catalogue.add(Repository(old.id, "octo", "hello-again"))
    hello.rename(hello.with_name("hello-again.git"))
    only = ("--only", "hello-again", "--no-drill", "--no-wikis")
    assert destination.backup(*only, run_id=RUN_IDS[2]) == 0
    entry = destination.entry("hello-again", RUN_IDS[2])
    assert entry["archive"]["key"] == "github_backups/octo/hello-again.zip"
    (kept,) = (
        each for each in destination.manifest(RUN_IDS[2])["kept"] if "wiki" not in each["key"]
    )
    assert kept["chain"]["links"] == 1
    assert by_hand(destination.root, tmp_path / "hand") == before


def test_overlays_that_a_manifest_of_an_earlier_program_lacks_are_followed_by_one_of_today(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    """After a roll-back a run may find what the base holds, and names the base alone."""
    backup(destination, 0)
    main_was = git(hello, "rev-parse", "main")
    for number in (1, 2):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
    git(hello, "update-ref", "refs/heads/main", main_was)
    written = destination.root / "runs" / RUN_IDS[2] / "manifest.json"
    document = json.loads(written.read_text())
    for entry in document["repositories"]:
        entry.pop("chain", None)
    written.write_text(json.dumps(document))
    assert backup(destination, 3) == 0
    assert destination.entry("hello", RUN_IDS[3])["chain"]["links"] == 3
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


def test_a_bucket_that_was_copied_goes_on_without_fetching_anything_whole(
    s3: Bucket, hub: GitHubStandIn, hello: Path
) -> None:
    only = ("--only", "hello", "--no-drill", "--no-wikis")
    s3.backup(*only, run_id=RUN_IDS[0])
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    s3.backup(*only, run_id=RUN_IDS[1])
    before = {key: s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read() for key in s3.keys}
    copy = replace(s3, name=f"{s3.name}-copy")
    region = s3.client.meta.region_name
    s3.client.create_bucket(
        Bucket=copy.name,
        CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
    )
    versioned: Any = {"Status": "Enabled"}
    s3.client.put_bucket_versioning(Bucket=copy.name, VersioningConfiguration=versioned)
    for key, body in before.items():
        s3.client.put_object(Bucket=copy.name, Key=key, Body=body)
    posts(hub)
    assert copy.backup(*only, run_id=RUN_IDS[2]) == 0
    assert copy.entry("hello", RUN_IDS[2])["state"] == "unchanged"
    assert posts(hub) == 0
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert copy.backup(*only, run_id=RUN_IDS[3]) == 0
    assert copy.entry("hello", RUN_IDS[3])["chain"]["links"] == 2
    assert posts(hub) == 1
    assert main(["verify", "--source", copy.location, "--all"]) == 0
