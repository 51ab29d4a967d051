"""The way back."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github.corpus import git, init_repository
from repo_backup.cli import main
from tests.integration.backup.conftest import Destination, refs

Upstream = Callable[[str], Path]


def test_pushing_restores_branches_and_tags(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup("--only", "hello")
    target = init_repository(tmp_path / "target.git")
    url = target.as_uri()
    source = ["--source", str(destination.root)]
    assert main(["restore", "octo/hello", *source, "--push-to", url]) == 0
    wanted = [line for line in refs(upstream("hello")) if "refs/pull" not in line]
    assert refs(target) == wanted


def test_a_damaged_archive_is_refused(
    destination: Destination, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    destination.backup()
    archive = destination.root / "github_backups/octo/unicode.zip"
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    source = ["--source", str(destination.root)]
    assert main(["restore", "octo/unicode", *source, "--into", str(tmp_path / "out")]) == 1
    assert "SHA-256 differs" in capsys.readouterr().err
    assert main(["verify", *source, "--all"]) == 3
    said = capsys.readouterr().out
    assert "BAD:  github_backups/octo/unicode.zip" in said
    assert "9 of 10 archives are good" in said


def test_without_any_manifest_the_archive_itself_is_restored(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup()
    for manifest in destination.root.glob("runs/*/manifest.json"):
        manifest.unlink()
    mirror = destination.restored("unicode", tmp_path / "out")
    assert refs(mirror) == refs(upstream("unicode"))


def test_an_unknown_repository_is_named(
    destination: Destination, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    destination.backup("--only", "hello")
    source = ["--source", str(destination.root), "--into", str(tmp_path)]
    assert main(["restore", "octo/helo", *source]) == 1
    assert "there is no archive of octo/helo" in capsys.readouterr().err


def test_what_exists_is_not_overwritten(
    destination: Destination, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    destination.backup("--only", "hello")
    destination.restored("hello", tmp_path / "out")
    source = ["--source", str(destination.root), "--into", str(tmp_path / "out")]
    assert main(["restore", "octo/hello", *source]) == 1
    assert "exists already" in capsys.readouterr().err


def test_a_zip_that_would_leave_its_directory_is_refused(
    destination: Destination, tmp_path: Path
) -> None:
    archive = destination.root / "github_backups/octo/evil.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("evil.git/HEAD", "ref: refs/heads/main\n")
        opened.writestr("../outside", "x")
    source = ["--source", str(destination.root), "--into", str(tmp_path / "in" / "out")]
    assert main(["restore", "octo/evil", *source]) == 1
    assert not (tmp_path / "in" / "outside").exists()


def test_restoring_needs_nothing_but_unzip_and_git(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup("--only", "unicode")
    archive = destination.root / "github_backups/octo/unicode.zip"
    subprocess.run(["unzip", "-q", str(archive), "-d", str(tmp_path / "out")], check=True)
    assert refs(tmp_path / "out/unicode.git") == refs(upstream("unicode"))
    git(tmp_path / "out/unicode.git", "fsck", "--full")


def test_runs_and_archives_are_listed(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    capsys.readouterr()
    assert main(["list", "--source", str(destination.root)]) == 0
    assert "github_backups/octo/hello.zip" in capsys.readouterr().out
    assert main(["list", "--runs", "--source", str(destination.root)]) == 0
    assert "r1   complete" in capsys.readouterr().out
