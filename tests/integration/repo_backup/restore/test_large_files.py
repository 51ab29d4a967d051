"""A restored repository has its large files where Git LFS looks for them, without GitHub."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, init_repository
from local_cloud.github.storage.lfs import add_object
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Bucket, Destination

SAVE = ("--only", "lfs", "--lfs", "--no-drill")


@pytest.fixture
def logo(hub: GitHubStandIn) -> str:
    """The SHA-256 of the corpus' only large file."""
    (path,) = (hub.root / "octo/lfs.git/lfs").rglob("*/*/*/*")
    return path.name


def place(mirror: Path, sha256: str) -> Path:
    return mirror / "lfs/objects" / sha256[:2] / sha256[2:4] / sha256


def restore(destination: Destination | Bucket, into: Path, *arguments: str) -> int:
    source = destination.location if isinstance(destination, Bucket) else str(destination.root)
    return main(["restore", "octo/lfs", "--source", source, "--into", str(into), *arguments])


def test_a_restored_mirror_has_its_large_files(
    destination: Destination, tmp_path: Path, logo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(*SAVE)
    assert restore(destination, tmp_path / "out") == 0
    found = place(tmp_path / "out/lfs.git", logo)
    assert hashlib.sha256(found.read_bytes()).hexdigest() == logo
    reported = capsys.readouterr()
    assert "1 object (123.5 kB) in place" in reported.out + reported.err


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="Git LFS is not installed")
def test_git_lfs_itself_finds_them_in_a_clone_without_any_network(
    destination: Destination, tmp_path: Path, logo: str
) -> None:
    destination.backup(*SAVE)
    assert restore(destination, tmp_path / "out") == 0
    mirror, clone = tmp_path / "out/lfs.git", tmp_path / "clone"
    # A configuration of its own: Git LFS writes it anew, and /dev/null is no place for that.
    configuration = {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "HOME": str(tmp_path)}
    environment = {**os.environ, **configuration, "GIT_ALLOW_PROTOCOL": "file"}
    for command in (
        ("git", "lfs", "install", "--skip-repo"),
        ("git", "clone", "-q", str(mirror), str(clone)),
        ("git", "-C", str(clone), "lfs", "fetch", "--all"),
        ("git", "-C", str(clone), "lfs", "fsck"),
    ):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    content = (clone / "assets/logo.psd").read_bytes()
    assert hashlib.sha256(content).hexdigest() == logo


def test_the_large_files_alone_go_beside_a_mirror_that_is_there(
    destination: Destination, tmp_path: Path, logo: str
) -> None:
    destination.backup("--only", "lfs", "--no-drill")
    assert restore(destination, tmp_path / "out") == 0
    assert not place(tmp_path / "out/lfs.git", logo).exists()
    shutil.rmtree(tmp_path / "out/lfs.git/lfs")
    destination.backup(*SAVE, run_id="r2")
    assert restore(destination, tmp_path / "out", "--lfs") == 0
    assert place(tmp_path / "out/lfs.git", logo).is_file()


def test_the_large_files_alone_never_take_the_place_of_a_mirror(
    destination: Destination, tmp_path: Path, logo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(*SAVE)
    assert restore(destination, tmp_path / "out", "--lfs") == 1
    assert "out/lfs.git is not a restored mirror: restore" in capsys.readouterr().err
    assert restore(destination, tmp_path / "out") == 0
    assert place(tmp_path / "out/lfs.git", logo).is_file()


def test_an_object_is_restored_whatever_size_its_pointer_claims(
    destination: Destination, hub: GitHubStandIn, tmp_path: Path, logo: str
) -> None:
    """Another repository has a right pointer to it, so that it is saved."""
    false = f"version https://git-lfs.github.com/spec/v1\noid sha256:{logo}\nsize 7\n"
    attributes = {".gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n"}
    commit_files(init_repository(hub.root / "octo/copy.git"), {**attributes, "a.psd": false})
    hub.catalogue.add(Repository(991, "octo", "copy"))
    destination.backup(*SAVE)
    assert destination.backup("--only", "copy", "--lfs", "--no-drill", run_id="r2") == 0
    source = ["--source", str(destination.root), "--into", str(tmp_path / "out")]
    assert main(["restore", "octo/copy", *source]) == 0
    found = place(tmp_path / "out/copy.git", logo)
    assert hashlib.sha256(found.read_bytes()).hexdigest() == logo


def test_a_missing_object_costs_no_other_and_is_named(
    destination: Destination,
    hub: GitHubStandIn,
    tmp_path: Path,
    logo: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    upstream = hub.root / "octo/lfs.git"
    commit_files(upstream, {"assets/b.psd": add_object(upstream, b"another" * 100)})
    destination.backup(*SAVE)
    (destination.root / layout.content(logo)).unlink()
    capsys.readouterr()
    assert restore(destination, tmp_path / "out", "--json") == 3
    answer = json.loads(capsys.readouterr().out)
    assert any(f"could not be restored: {layout.content(logo)}" in x for x in answer["remarks"])
    other = hashlib.sha256(b"another" * 100).hexdigest()
    assert place(tmp_path / "out/lfs.git", other).is_file()
    assert (tmp_path / "out/lfs.git/HEAD").is_file()


def test_what_somebody_put_in_an_objects_place_is_passed_over_for_the_version_before(
    s3: Bucket, tmp_path: Path, logo: str
) -> None:
    s3.backup(*SAVE)
    s3.client.put_object(Bucket=s3.name, Key=layout.content(logo), Body=b"x" * 123_456)
    assert restore(s3, tmp_path / "out") == 0
    found = place(tmp_path / "out/lfs.git", logo)
    assert hashlib.sha256(found.read_bytes()).hexdigest() == logo


_AWS = """#!/bin/sh
test "$1 $2" = "s3 cp"
mkdir -p "$(dirname "$4")" && cp "$ROOT/${3#s3://BUCKET/}" "$4"
"""


def test_the_lines_in_the_documentation_bring_them_back_without_this_program(
    destination: Destination, tmp_path: Path, logo: str
) -> None:
    destination.backup(*SAVE)
    text = (Path(__file__).parents[4] / "docs/lfs.md").read_text()
    lines = text.partition("Without this program")[2].split("```")[1]
    folder, tools = tmp_path / "by-hand", tmp_path / "bin"
    shutil.copytree(destination.root / "github_backups/octo", folder)
    tools.mkdir()
    (tools / "aws").write_text(_AWS)
    (tools / "aws").chmod(0o755)
    named = lines.replace("REPO", "lfs")
    for shell in filter(shutil.which, ("bash", "dash", "zsh")):
        path = f"{tools}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "ROOT": str(destination.root)}
        subprocess.run((shell, "-c", named), cwd=folder, env=environment, check=True)
        content = place(folder / "lfs.git", logo).read_bytes()
        assert hashlib.sha256(content).hexdigest() == logo
        shutil.rmtree(folder / "lfs.git")


@pytest.mark.parametrize("damage", ["missing", "false"])
def test_verify_names_an_object_that_is_not_right_and_the_next_run_mends_it(
    destination: Destination, logo: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(*SAVE)
    path = destination.root / layout.content(logo)
    good = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(b"x" * len(good))
    assert main(["verify", "--all", "--source", str(destination.root)]) == 3
    reported = capsys.readouterr()
    assert f"1 object missing, or other than the key says: {layout.content(logo)}" in (
        reported.out + reported.err
    )
    assert destination.backup(*SAVE, run_id="r2") == (3 if damage == "false" else 0)
    assert path.read_bytes() == good
    assert destination.backup(*SAVE, run_id="r3") == 0
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0


def test_the_drill_finds_an_object_that_is_gone(destination: Destination, logo: str) -> None:
    only, save = ("--only", "lfs"), ("--only", "lfs", "--lfs")
    assert destination.backup(*save) == 0
    (destination.root / layout.content(logo)).unlink()
    assert destination.backup(*only, "--lfs", run_id="r2") == 3
    drilled = destination.manifest("r2")["drill"]["checked"]
    (bad,) = [each for each in drilled if each["ok"] is False]
    assert bad["key"] == "github_backups/octo/lfs~lfs.zip"
    assert destination.backup(*save, run_id="r3") == 0
    assert (destination.root / layout.content(logo)).is_file()
