"""The lines of docs/restore.md restore a repository with common tools alone, in every shell."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.aws_commands import remove_archive
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.s3 import open_bucket
from tests.integration.repo_backup.by_hand import DOCS, SHELLS, by_hand, lines
from tests.integration.repo_backup.chain import KEY, Chain, mirror_tips
from tests.integration.repo_backup.conftest import Bucket, Destination


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A base with two overlays, and one that a killed run left, which no manifest names."""
    folder = tmp_path_factory.mktemp("by-hand")
    chain = Chain(DirectoryStore(folder / "store"), folder)
    chain.base()
    shutil.copytree(folder / "store/github_backups/octo", folder / "base")
    chain.grow()
    chain.grow({})
    before = mirror_tips(chain.upstream)
    commit_files(chain.upstream, {"killed": "before it wrote that down"})
    left = chain.overlay([f"^{oid}" for oid in before.values()])
    shutil.copytree(folder / "store/github_backups/octo", folder / "chain")
    chain.put_overlay(left, mirror_tips(chain.upstream), "2026-09-25T17-00-00Z")
    shutil.copytree(folder / "store/github_backups/octo", folder / "killed")
    chain.refs["killed"] = mirror_tips(chain.upstream)
    chain.base()
    shutil.copytree(folder / "store/github_backups/octo", folder / "new-base")
    return chain


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("state", "run"), [("base", 0), ("chain", 2), ("killed", None), ("new-base", 3)]
)
def test_a_copy_of_the_folder_is_restored_by_the_lines_of_the_page(
    made: Chain, tmp_path: Path, shell: str, state: str, run: int | None
) -> None:
    shutil.copytree(made.folder / state, tmp_path / "copy")
    tips = by_hand(shell, lines()[1], tmp_path / "copy")
    assert tips == made.refs["killed" if run is None else made.runs[run]]


def test_a_damaged_overlay_stops_the_lines_at_the_state_before_it(
    made: Chain, tmp_path: Path
) -> None:
    shutil.copytree(made.folder / "chain", tmp_path / "copy")
    first = sorted((tmp_path / "copy").glob("hello+*.0001.zip"))[0]
    first.write_bytes(first.read_bytes()[:100])
    assert by_hand("bash", lines()[1], tmp_path / "copy") == made.refs[made.runs[0]]


def test_each_run_of_the_program_is_restored_by_it_and_the_newest_by_hand(
    destination: Destination, upstream: Callable[[str], Path], tmp_path: Path
) -> None:
    tips = {}
    for run_id in ("first", "commit", "branch"):
        if run_id == "commit":
            commit_files(upstream("hello"), {"new": "file"})
        elif run_id == "branch":
            git(upstream("hello"), "update-ref", "refs/heads/old", "refs/heads/main~1")
        assert destination.backup("--include", "hello", "--no-wikis", run_id=run_id) == 0
        assert destination.manifest(run_id)["drill"]["ok"]
        tips[run_id] = mirror_tips(upstream("hello"))
    assert destination.entry("hello", "branch")["chain"]["links"] == 2
    for run_id, expected in tips.items():
        restored = destination.restored("hello", tmp_path / run_id, "--at", run_id)
        assert mirror_tips(restored) == expected
    source = ["--source", str(destination.root)]
    for command in (["verify", "--all"], ["status"], ["list", "--at", "commit"]):
        assert main([*command, *source]) == 0
    shutil.copytree(destination.root / "github_backups/octo", tmp_path / "copy")
    assert by_hand("dash", lines()[1], tmp_path / "copy") == tips["branch"]


def test_the_readme_has_the_same_lines() -> None:
    readme = (DOCS.parents[1] / "README.md").read_text().replace("REPO", "hello")
    fetch, unpack = lines()
    wanted = [*fetch.splitlines(), *unpack.splitlines()]
    wanted = [line.replace("/octo/", "/OWNER/") for line in wanted if "fsck" not in line]
    assert "\n".join(wanted) in readme


@pytest.mark.slow
def test_a_chain_is_fetched_from_a_bucket_and_removed_by_the_printed_commands(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(open_bucket(s3.name, connections=2), tmp_path)
    chain.base()
    chain.grow()
    others = ["github_backups/octo/hello-world.zip", "github_backups/octo/hello.wiki.zip"]
    others.append(layout.overlay(others[1], "0" * 12, 1))
    for key in others:
        s3.client.put_object(Bucket=s3.name, Key=key, Body=b"another's")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    fetch, unpack = lines()
    (tmp_path / "copy").mkdir()
    commands = fetch.replace("BUCKET", s3.name) + unpack
    assert by_hand("bash", commands, tmp_path / "copy") == chain.refs[chain.runs[-1]]
    fetched = {each.name for each in (tmp_path / "copy").glob("*.zip")}
    assert fetched == {Path(KEY).name, Path(chain.document.links[0].key).name}

    command = remove_archive(s3.location, KEY)
    assert command
    subprocess.run(["bash", "-ec", command], check=True, capture_output=True)
    assert [key for key in s3.keys if not key.startswith("runs/")] == sorted(others)
