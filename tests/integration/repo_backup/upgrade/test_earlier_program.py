"""An upgrade can be rolled back: program 97d46b3 and this one read what the other wrote.

97d46b3 is the last commit before the documents had a codec; its reader takes no unknown field in
an archive. It is taken from this repository's own history, so that a shallow clone has it not.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, chain_of
from backup_contract.documents.lease import LeaseRecord
from backup_contract.documents.manifest import Manifest
from backup_contract.kinds import GIT
from local_cloud.github import CORPUS_TOKEN, Edit, Gists, GitHubStandIn
from local_cloud.github.corpus import commit_files
from local_cloud.github.data.maker import Size, fill
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.by_hand import by_hand, lines
from tests.integration.repo_backup.chain import KEY, Chain, mirror_tips
from tests.integration.repo_backup.conftest import Destination, refs

EARLIER = "97d46b3afdfe2e1258ddef12bef2954ac7ea31c5"
ONLY = ("--include", "hello", "--no-wikis", "--no-drill")
FIXTURE = Path(__file__).parents[3] / "fixtures" / "bucket-97d46b3"


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the program of 97d46b3, as its commit has it."""
    archive = subprocess.run(
        ["git", "archive", EARLIER, "instance_scripts"],
        cwd=Path(__file__).parent.parents[3],
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        pytest.skip("the history of this clone does not reach back to 97d46b3")
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder / "instance_scripts"


def run_earlier(program: Path, hub: GitHubStandIn, *arguments: str, code: int = 0) -> str:
    """What a command of the earlier program prints on standard output; it must end with a code."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(program),
        "GITHUB_API_URL": hub.api_url,
        "GITHUB_TOKEN": CORPUS_TOKEN,
    }
    done = subprocess.run(
        [sys.executable, "-m", "repo_backup", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "left out" not in done.stderr
    return done.stdout


def test_the_earlier_program_goes_on_where_this_one_stopped_and_the_other_way_round(
    destination: Destination, hub: GitHubStandIn, earlier: Path, tmp_path: Path
) -> None:
    source = str(destination.root)
    destination.backup(run_id="2026-11-06T17-00-00Z")
    commit_files(hub.root / "octo/hello.git", {"second.txt": "2"})
    destination.backup("--full", run_id="2026-11-13T17-00-00Z")

    assert json.loads(run_earlier(earlier, hub, "status", "--source", source, "--json"))["good"]
    listed = json.loads(run_earlier(earlier, hub, "list", "--source", source, "--json"))
    # It names none of the kinds that came later.
    known = [each for each in listed["archives"] if "~" not in each["key"]]
    assert {each["state"] for each in known} <= {"backed-up", "unchanged"}
    verified = run_earlier(earlier, hub, "verify", "--source", source, "--all", code=3)
    # It takes the list of LFS objects, which its manifest does not name, for a mirror.
    assert "10 of 11 archives are good" in verified
    into = ["--into", str(tmp_path / "earlier")]
    run_earlier(earlier, hub, "restore", "octo/hello", "--source", source, *into)
    mirror = tmp_path / "earlier/hello.git"
    assert refs(mirror) == refs(hub.root / "octo/hello.git")

    commit_files(hub.root / "octo/hello.git", {"third.txt": "3"})
    fixed = ["--owner", "octo", "--destination", source, "--run-id", "2026-11-20T17-00-00Z"]
    run_earlier(earlier, hub, "backup", *fixed)
    states = destination.states("2026-11-20T17-00-00Z")
    assert (states["hello"], states["secret"]) == ("backed-up", "unchanged")

    assert destination.backup(run_id="2026-11-27T17-00-00Z") == 0
    assert set(destination.states("2026-11-27T17-00-00Z").values()) <= {
        *("unchanged", "empty", "absent")
    }
    for command in (["status"], ["list"], ["verify", "--all"]):
        assert main([*command, "--source", source]) == 0
    destination.restored("hello", tmp_path / "again")


def with_overlay(destination: Destination, hub: GitHubStandIn, run_id: str) -> None:
    """A run of a program that writes overlays, after ``hello`` has another commit."""
    (earlier,) = (destination.root / "runs").glob("*/manifest.json")
    manifest = Manifest.from_json(earlier.read_bytes())
    entry = next(each for each in manifest.entries.values() if each.name == "hello")
    assert entry.git.archive
    store, folder = DirectoryStore(destination.root), hub.root / "octo"
    document = ChainDocument(KEY, layout.chain_id(entry.git.archive.sha256))
    chain = Chain(store, folder, document=document)
    before = mirror_tips(chain.upstream)
    commit_files(chain.upstream, {"second.txt": "2"})
    data = chain.overlay([f"^{oid}" for oid in before.values()])
    link = chain.put_overlay(data, mirror_tips(chain.upstream), run_id)
    document = document.with_link(link)
    store.write(document.key, document.to_bytes())
    result = replace(
        entry.git,
        chain=chain_of(document, entry.git.refs_digest, entry.git.refs),
        refs_digest=link.refs_digest,
        refs=link.refs,
    )
    manifest.entries[entry.identity] = entry.having(GIT, result)
    began = manifest.finished_at or manifest.started_at
    later = replace(manifest, run_id=run_id, started_at=began, finished_at=began)
    store.write(layout.manifest(run_id), later.to_json())


def test_the_earlier_program_sees_the_base_of_a_chain_and_replaces_it_whole(
    destination: Destination, hub: GitHubStandIn, earlier: Path, tmp_path: Path
) -> None:
    source = ["--source", str(destination.root)]
    destination.backup(*ONLY, run_id="2026-11-06T17-00-00Z")
    before = mirror_tips(hub.root / "octo/hello.git")
    with_overlay(destination, hub, "2026-11-13T17-00-00Z")

    assert json.loads(run_earlier(earlier, hub, "status", *source, "--json"))["good"]
    run_earlier(earlier, hub, "list", *source)
    run_earlier(earlier, hub, "verify", *source, "--all", "--run-id", "2026-11-13T17-00-00Z")
    run_earlier(earlier, hub, "restore", "octo/hello", *source, "--into", str(tmp_path / "base"))
    assert mirror_tips(tmp_path / "base/hello.git") == before
    now = mirror_tips(hub.root / "octo/hello.git")
    assert mirror_tips(destination.restored("hello", tmp_path / "chain")) == now != before

    # This program finds the refs upstream that the chain gives: nothing is to be done.
    assert destination.backup(*ONLY, run_id="2026-11-20T17-00-00Z") == 0
    assert destination.states("2026-11-20T17-00-00Z")["hello"] == "unchanged"
    fixed = ["--owner", "octo", "--destination", str(destination.root), *ONLY]
    run_earlier(earlier, hub, "backup", *fixed, "--run-id", "2026-11-27T17-00-00Z")
    assert destination.states("2026-11-27T17-00-00Z")["hello"] == "backed-up"
    # By hand its archive is restored, and no overlay of the former one is laid over it.
    shutil.copytree(destination.root / "github_backups/octo", tmp_path / "copy")
    assert [*(tmp_path / "copy").glob("hello+*.0001.zip")]
    assert by_hand("bash", lines()[1], tmp_path / "copy") == now

    assert destination.backup(*ONLY, run_id="2026-12-04T17-00-00Z") == 0
    assert destination.states("2026-12-04T17-00-00Z")["hello"] == "unchanged"
    assert "chain" not in destination.entry("hello", "2026-12-04T17-00-00Z")
    assert mirror_tips(destination.restored("hello", tmp_path / "whole")) == now
    for command in (["status", "--max-age", "400"], ["verify", "--all"]):
        assert main([*command, *source]) == 0


def test_the_earlier_program_overlooks_project_data_and_this_one_finds_it_again(
    destination: Destination, hub: GitHubStandIn, earlier: Path, tmp_path: Path
) -> None:
    only = ("--include", "hello", "--include", "no-wiki", "--no-wikis", "--no-drill")
    ids = [hub.catalogue.repositories[f"octo/{name}"].id for name in ("hello", "no-wiki")]
    editor, _ = (fill(hub.data, each, Size(issues=2)) for each in ids)
    destination.backup(*only, run_id="2026-11-06T17-00-00Z", data=True)
    editor.delete_issue(1)
    Edit("delete", "octo/no-wiki").apply(hub.catalogue)
    destination.backup(*only, run_id="2026-11-13T17-00-00Z", data=True)
    (kept,) = destination.manifest("2026-11-13T17-00-00Z")["kept_further"]
    assert kept["key"] == "github_backups/octo/no-wiki~data.zip"

    source = ["--source", str(destination.root)]
    assert json.loads(run_earlier(earlier, hub, "status", *source, "--json"))["good"]
    run_earlier(earlier, hub, "list", *source)
    # Without a run it reads whatever zip there is, also what is no mirror.
    run_earlier(earlier, hub, "verify", *source, "--all", "--run-id", "2026-11-13T17-00-00Z")
    fixed = ["--owner", "octo", "--destination", str(destination.root), *only]
    run_earlier(earlier, hub, "backup", *fixed, "--run-id", "2026-11-20T17-00-00Z")
    assert "data" not in destination.entry("hello", "2026-11-20T17-00-00Z")

    assert destination.backup(*only, run_id="2026-11-27T17-00-00Z", data=True) == 0
    found = destination.entry("hello", "2026-11-27T17-00-00Z")["data"]
    assert found["archive"]["run_id"] == "2026-11-06T17-00-00Z"
    (kept,) = destination.manifest("2026-11-27T17-00-00Z")["kept_further"]
    assert kept["archive"]["run_id"] == "2026-11-06T17-00-00Z"
    destination.restored("hello", tmp_path)
    assert (tmp_path / "hello.data/issues/1.json").exists()
    assert main(["verify", "--all", *source]) == 0


def test_a_bucket_that_the_earlier_program_wrote_is_read_restored_and_continued(
    destination: Destination,
    hub: GitHubStandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(FIXTURE, destination.root, dirs_exist_ok=True)
    # The store's clock: a checkout is as new as the clone, and its lease would look as if held.
    lease = LeaseRecord.from_json((FIXTURE / "runs/lock.json").read_bytes())
    os.utime(destination.root / "runs/lock.json", (lease.expires_at.timestamp(),) * 2)
    (written,) = (FIXTURE / "runs").glob("*/manifest.json")
    manifest = Manifest.from_json(written.read_bytes())
    assert manifest.complete
    source = ["--source", str(destination.root)]
    assert main(["list", "--runs", "--json", *source]) == 0
    assert [run["good"] for run in json.loads(capsys.readouterr().out)["runs"]] == [True]
    assert main(["verify", "--all", *source]) == 0
    restored = destination.restored("hello", tmp_path / "restored")
    assert refs(restored) == refs(hub.root / "octo/hello.git")
    assert destination.backup("--only", "hello", run_id="2026-11-27T17-00-00Z") == 0
    assert destination.states("2026-11-27T17-00-00Z")["hello"] == "unchanged"
    # Its archive is the base of what comes: nothing is fetched anew.
    before = destination.entry("hello", "2026-11-27T17-00-00Z")["archive"]
    commit_files(hub.root / "octo/hello.git", {"new.txt": "new"})
    assert destination.backup("--only", "hello", run_id="2026-12-04T17-00-00Z") == 0
    entry = destination.entry("hello", "2026-12-04T17-00-00Z")
    assert (entry["archive"]["sha256"], entry["chain"]["links"]) == (before["sha256"], 1)
    assert main(["verify", "--all", *source]) == 0
    restored = destination.restored("hello", tmp_path / "grown")
    assert refs(restored) == refs(hub.root / "octo/hello.git")


def test_the_earlier_program_passes_gists_over_and_this_one_finds_them_again(
    destination: Destination, hub: GitHubStandIn, earlier: Path
) -> None:
    gist = Gists(hub.root, hub.data).create({"a.txt": "a\n"})
    destination.backup(*ONLY, run_id="2026-11-06T17-00-00Z")
    there = ("--owner", "octo", "--destination", str(destination.root), "--include", "hello")
    run_earlier(
        *(earlier, hub, "backup", *there, "--no-wikis", "--no-drill"),
        *("--run-id", "2026-11-13T17-00-00Z"),
    )
    assert "gists" not in destination.manifest("2026-11-13T17-00-00Z")
    listed = run_earlier(earlier, hub, "list", "--source", str(destination.root))
    assert f"octo/{gist.id}~gist.zip" in listed
    assert destination.backup(*ONLY, run_id="2026-11-20T17-00-00Z") == 0
    (found,) = destination.manifest("2026-11-20T17-00-00Z")["gists"]
    assert (found["state"], found["id"]) == ("unchanged", gist.id)
