"""The way back."""

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
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


@pytest.mark.parametrize("into", [".", "below/here"])
def test_a_relative_directory_is_where_the_person_stands(
    destination: Destination, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, into: str
) -> None:
    destination.backup("--only", "hello")
    monkeypatch.chdir(tmp_path)
    source = ["--source", str(destination.root)]
    assert main(["restore", "octo/hello", *source, "--into", into]) == 0
    assert (tmp_path / into / "hello.git" / "HEAD").is_file()


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


def test_a_manifest_that_is_damaged_costs_its_own_run_only(
    destination: Destination, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    destination.backup("--include", "hello")
    destination.backup("--include", "hello", run_id="r2")
    damaged = destination.root / "runs/r2/manifest.json"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    destination.restored("hello", tmp_path / "out")
    source = ["--source", str(destination.root)]
    assert main(["verify", *source, "--all"]) == 0
    into = ["--into", str(tmp_path / "other")]
    assert main(["restore", "octo/hello", *source, *into, "--run-id", "r2"]) == 1
    assert "the manifest of run r2 is unreadable" in capsys.readouterr().err
    assert main(["status", *source]) == 3
    assert "the newest run, r2, ended incomplete" in capsys.readouterr().out


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


def test_names_that_differ_in_case_only_are_told_apart(
    destination: Destination, hub: GitHubStandIn, upstream: Upstream, tmp_path: Path
) -> None:
    hub.catalogue.add(Repository(60, "octo", "HELLO"))
    shutil.copytree(hub.root / "octo/unicode.git", hub.root / "octo/HELLO.git")
    destination.backup("--only", "hello")
    assert refs(destination.restored("hello", tmp_path / "a")) == refs(upstream("hello"))
    assert refs(destination.restored("HELLO", tmp_path / "b")) == refs(upstream("unicode"))
    mirror = destination.restored("Hello", tmp_path / "c")
    assert mirror.name in ("hello.git", "HELLO.git")


@pytest.fixture
def unnamed(destination: Destination) -> Path:
    """The archive of ``unicode``, which no manifest vouches for."""
    destination.backup("--only", "unicode", "--no-drill")
    for manifest in destination.root.glob("runs/*/manifest.json"):
        manifest.unlink()
    return destination.root / "github_backups/octo/unicode.zip"


def _repacked(archive: Path, mirror: Path) -> None:
    """Put a mirror in the place of an archive."""
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(mirror.rglob("*")):
            opened.write(path, f"{mirror.name}/{path.relative_to(mirror)}")


def test_an_object_that_is_damaged_is_found_without_any_manifest(
    destination: Destination,
    unnamed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mirror = destination.restored("unicode", tmp_path / "out")
    (pack,) = mirror.glob("objects/pack/*.pack")
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 0xFF
    pack.chmod(0o644)
    pack.write_bytes(data)
    _repacked(unnamed, mirror)
    source = ["--source", str(destination.root), "--into", str(tmp_path / "bad")]
    assert main(["restore", "octo/unicode", *source]) == 1
    assert "git index-pack" in capsys.readouterr().err


@pytest.mark.parametrize("lost", ["main^{tree}", "main"], ids=["a link", "a tip"])
def test_an_object_that_is_missing_is_found_without_any_manifest(
    destination: Destination,
    unnamed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lost: str,
) -> None:
    mirror = destination.restored("unicode", tmp_path / "out")
    oid = git(mirror, "rev-parse", lost)
    (pack,) = mirror.glob("objects/pack/*.pack")
    data = pack.read_bytes()
    for path in (mirror / "objects/pack").iterdir():
        path.unlink()
    subprocess.run(["git", "unpack-objects", "-q"], cwd=mirror, input=data, check=True)
    (mirror / "objects" / oid[:2] / oid[2:]).unlink()
    listed = [path.parent.name + path.name for path in mirror.glob("objects/??/*")]
    git_pack = ["git", "pack-objects", "-q", str(mirror / "objects/pack/pack")]
    subprocess.run(git_pack, cwd=mirror, input="\n".join(listed), text=True, check=True)
    for path in mirror.glob("objects/??"):
        shutil.rmtree(path)
    _repacked(unnamed, mirror)
    source = ["--source", str(destination.root), "--into", str(tmp_path / "bad")]
    assert main(["restore", "octo/unicode", *source]) == 1
    assert "git fsck" in capsys.readouterr().err


def test_where_memory_is_short_a_restore_says_what_was_not_checked(
    destination: Destination,
    upstream: Upstream,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    destination.backup("--only", "unicode")
    monkeypatch.setattr("repo_backup.places.available_memory_bytes", lambda: 16 << 20)
    capsys.readouterr()
    assert refs(destination.restored("unicode", tmp_path / "out")) == refs(upstream("unicode"))
    assert "links between its 6 objects were not checked" in capsys.readouterr().out


def test_a_default_branch_of_any_bytes_comes_back(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    path = upstream("hello")
    branch = b"refs/heads/caf\xe9"
    main_oid = git(path, "rev-parse", "main").encode()
    subprocess.run([b"git", b"update-ref", branch, main_oid], cwd=path, check=True)
    subprocess.run([b"git", b"symbolic-ref", b"HEAD", branch], cwd=path, check=True)
    assert destination.backup("--only", "hello") == 0
    assert destination.manifest()["drill"]["ok"] is True
    mirror = destination.restored("hello", tmp_path / "out")
    assert (mirror / "HEAD").read_bytes() == b"ref: " + branch + b"\n"
    assert branch in (mirror / "packed-refs").read_bytes()
