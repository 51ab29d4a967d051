"""Files of releases come back with whatever restores their repository, of any run, by any means."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.data import Editor
from local_cloud.github.data.model import Asset, Attachment, Release
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Bucket, Destination

DOCS = Path(__file__).parents[4] / "docs/project-data.md"
FIRST, SECOND = b"the first bytes" * 1000, b"the second ones" * 1100
_AWS = """#!/bin/sh
test "$1 $2" = "s3 cp"
mkdir -p "$(dirname "$4")" && cp "$ROOT/${3#s3://BUCKET/}" "$4"
"""


def asset(hub: GitHubStandIn, contents: bytes) -> Asset:
    digest = f"sha256:{hashlib.sha256(contents).hexdigest()}"
    return Asset(hub.data.new_id(), "a b.bin", contents, "octo", hub.data.now(), digest)


@pytest.fixture
def release(hub: GitHubStandIn) -> Release:
    """A release of octo/hello with one file, whose name has a blank."""
    editor = Editor(hub.data, hub.data.of(hub.catalogue.repositories["octo/hello"].id))
    made = editor.create_release("v1.0", "The first one.")
    made.assets.append(asset(hub, FIRST))
    return made


def backup(destination: Destination, run_id: str, *more: str) -> None:
    fixed = ("--include", "hello", "--no-drill", "--no-wikis")
    assert destination.backup(*fixed, *more, data=True, run_id=run_id) == 0


def restore(source: str, into: Path, *arguments: str) -> dict[str, bytes]:
    """The files of octo/hello's release in the folder that was restored."""
    assert main(["restore", *arguments, "--source", source, "--into", str(into)]) == 0
    (folder,) = into.rglob("releases/v1.0")
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_many_repositories_come_with_their_large_files(
    destination: Destination,
    hub: GitHubStandIn,
    release: Release,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = hub.catalogue.repositories
    for name in [each for each in known if each not in ("octo/hello", "octo/lfs")]:
        del known[name]
    backup(destination, "r1", "--include", "lfs", "--lfs")
    source = str(destination.root)
    room = shutil.disk_usage(tmp_path)._replace(free=130_000)
    with monkeypatch.context() as small_disk:
        small_disk.setattr(shutil, "disk_usage", lambda _: room)
        arguments = ["restore", "--all", "--source", source, "--into", str(tmp_path / "small")]
        assert main(arguments) == 1
    assert "the archives and their large files have" in capsys.readouterr().err
    for number, chosen in enumerate((("--all",), ("octo/*",))):
        into = tmp_path / str(number)
        assert restore(source, into, *chosen) == {"a b.bin": FIRST}
        (logo,) = (into / "octo/lfs.git/lfs/objects").rglob("*/*/*")
        assert hashlib.sha256(logo.read_bytes()).hexdigest() == logo.name


def test_an_earlier_run_has_the_files_of_its_day(
    destination: Destination, hub: GitHubStandIn, release: Release, tmp_path: Path
) -> None:
    backup(destination, "r1")
    release.assets[:] = [asset(hub, SECOND)]
    release.updated_at = hub.data.now()
    backup(destination, "r2")
    source, one = str(destination.root), ("octo/hello", "--data")
    assert restore(source, tmp_path / "r1", *one, "--at", "r1") == {"a b.bin": FIRST}
    kept = f"a b.bin~{hashlib.sha256(FIRST).hexdigest()[:12]}"
    assert restore(source, tmp_path / "r2", *one) == {"a b.bin": SECOND, kept: FIRST}


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_the_lines_in_the_documentation_bring_them_back_without_this_program(
    destination: Destination, hub: GitHubStandIn, release: Release, tmp_path: Path
) -> None:
    place = "/user-attachments/files/7/report.pdf"
    hub.data.attachments[place] = Attachment(hub.data.new_id(), place, SECOND)
    number = hub.catalogue.repositories["octo/hello"].id
    editor = Editor(hub.data, hub.data.of(number))
    issue = editor.create_issue("With a file", f"{hub.api_url}{place}")
    backup(destination, "r1")
    section = DOCS.read_text().partition("## Restore it")[2]
    lines = [each for each in section.split("```sh\n") if "for " in each]
    unpack, fetch, attached = (each.partition("```")[0] for each in lines)
    chain = "c=$(sha256sum 'REPO~data.zip' | cut -c1-12)"
    assert chain in section
    folder, tools = tmp_path / "by-hand", tmp_path / "bin"
    shutil.copytree(destination.root / "github_backups/octo", folder)
    tools.mkdir()
    (tools / "aws").write_text(_AWS)
    (tools / "aws").chmod(0o755)
    commands = f"{unpack}\n{fetch}\n{attached}"
    commands = commands if chain in unpack else f"{chain}\n{commands}"
    path = f"{tools}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ROOT": str(destination.root)}
    for shell in filter(shutil.which, ("bash", "dash", "zsh")):
        script = (shell, "-ec", commands.replace("REPO", "hello"))
        subprocess.run(script, cwd=folder, env=environment, check=True, capture_output=True)
        assert (folder / "hello.data/releases/v1.0/a b.bin").read_bytes() == FIRST
        restored = folder / f"hello.data/attachments/issues~{issue.number}/report.pdf"
        assert restored.read_bytes() == SECOND
        shutil.rmtree(folder / "hello.data")


def bucket_backup(s3: Bucket, run_id: str) -> int:
    # The program takes the token out of its environment.
    os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
    fixed = ("--owner", "octo", "--destination", s3.location, "--run-id", run_id)
    return main(["backup", *fixed, "--kinds", "data", "--include", "hello", "--no-drill"])


@pytest.mark.parametrize("digest", [True, False])
def test_a_bucket_has_each_file_once_with_a_checksum_of_its_own(
    s3: Bucket, release: Release, tmp_path: Path, digest: bool
) -> None:
    release.assets[0].digest = release.assets[0].digest if digest else None
    assert bucket_backup(s3, "r1") == bucket_backup(s3, "r2") == 0
    key = layout.content(hashlib.sha256(FIRST).hexdigest())
    (version,) = s3.client.list_object_versions(Bucket=s3.name, Prefix="objects/")["Versions"]
    assert version["Key"] == key
    found = s3.client.head_object(Bucket=s3.name, Key=key, ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"]
    assert restore(s3.location, tmp_path / "out", "octo/hello", "--data") == {"a b.bin": FIRST}
