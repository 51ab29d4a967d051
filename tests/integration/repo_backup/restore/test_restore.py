"""The way back."""

import json
import os
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import git, init_repository
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, refs
from tests.surplus import slow_but

Upstream = Callable[[str], Path]


def test_a_version_that_does_not_exist_is_not_taken_for_a_wrong_name(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello", "--no-drill")
    source = ["--source", str(destination.root), "--into", str(tmp_path / "out")]
    assert main(["restore", "octo/hello", *source, "--version-id", "nope"]) == 1
    shown = capsys.readouterr().err
    assert "there is no archive of octo/hello, version nope" in shown
    assert "`list --versions` names the versions that there are" in shown
    assert "did you mean" not in shown


def test_pushing_to_a_host_other_than_github_restores_every_ref(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup("--only", "hello")
    target = init_repository(tmp_path / "target.git")
    url = target.as_uri()
    source = ["--source", str(destination.root)]
    assert main(["restore", "octo/hello", *source, "--push-to", url]) == 0
    assert refs(target) == refs(upstream("hello"))


def test_pushing_to_a_relative_directory_is_where_the_person_stands(
    destination: Destination,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    destination.backup("--only", "hello")
    target = init_repository(tmp_path / "target.git")
    monkeypatch.chdir(tmp_path)
    source = ["--source", str(destination.root)]
    assert main(["restore", "octo/hello", *source, "--push-to", "./target.git"]) == 0
    assert refs(target) == refs(upstream("hello"))
    assert main(["restore", "octo/hello", *source, "--push-to", "typo.git"]) == 2
    assert (
        f"there is no {tmp_path / 'typo.git'}; create it with git init" in capsys.readouterr().err
    )


def test_what_git_says_of_a_target_that_is_no_repository_is_shown_whole(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    capsys.readouterr()
    (tmp_path / "none").mkdir()
    source = ["--source", str(destination.root), "--push-to", str(tmp_path / "none")]
    assert main(["restore", "octo/hello", *source]) == 1
    output = capsys.readouterr().err
    assert output.startswith(
        "repo-backup: --push-to: the host refuses to list its refs:\n  fatal: '"
    )
    assert "does not appear to be a git repository\n  fatal: Could not read from remote" in output
    assert "the correct access rights\n  and the repository exists.\n" in output


def test_the_command_to_clone_can_be_pasted_whatever_the_directory_is_called(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    capsys.readouterr()
    destination.restored("hello", tmp_path / "x y")
    words = shlex.split(capsys.readouterr().out)
    assert words[-3:] == ["git", "clone", str(tmp_path / "x y" / "hello.git")]


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
    output = capsys.readouterr().out
    assert "BAD:  github_backups/octo/unicode.zip" in output
    assert "10 of 11 archives are good" in output


def test_without_any_manifest_the_archive_itself_is_restored(
    destination: Destination, upstream: Upstream, tmp_path: Path
) -> None:
    destination.backup()
    for manifest in destination.root.glob("runs/*/manifest.json"):
        manifest.unlink()
    mirror = destination.restored("unicode", tmp_path / "out")
    assert refs(mirror) == refs(upstream("unicode"))


@pytest.fixture
def grown(destination: Destination, upstream: Upstream) -> Destination:
    """Three weekly runs of free names; ``hello`` grew before each but the first."""
    for week, run_id in enumerate(("first", "weekly", "another")):
        if week:
            commit(upstream("hello"), run_id)
        assert destination.backup("--only", "hello", "--no-drill", run_id=run_id) == 0
        path = destination.root / "runs" / run_id / "manifest.json"
        began_at = f"2026-09-{1 + 7 * week:02}T17:00:00Z"
        path.write_text(json.dumps({**destination.manifest(run_id), "started_at": began_at}))
    return destination


def commit(repository: Path, word: str) -> None:
    """A commit on the default branch of a bare repository."""
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    oid = git(repository, "commit-tree", "-p", "HEAD", "-m", word, tree)
    git(repository, "update-ref", "HEAD", oid)


def copied(source: Path, target: Path, newest: str) -> list[str]:
    """A copy whose files have the time of the copying, ``newest``'s manifest last; its source."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for manifest in target.glob("runs/*/manifest.json"):
        moment = 2_000_000_000 + (manifest.parent.name == newest)
        os.utime(manifest, (moment, moment))
    return ["--source", str(target)]


@pytest.mark.parametrize("newest", slow_but({0, 2}, ["first", "weekly", "another"]))
def test_a_copy_in_any_order_is_restored_verified_and_listed_as_the_original(
    grown: Destination,
    upstream: Upstream,
    tmp_path: Path,
    newest: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = copied(grown.root, tmp_path / "copy", newest)
    assert main(["restore", "octo/hello", *source, "--into", str(tmp_path / "out")]) == 0
    assert refs(tmp_path / "out/hello.git") == refs(upstream("hello"))
    assert main(["verify", *source, "--all"]) == 0
    capsys.readouterr()
    assert main(["list", *source]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[-1] for row in rows if row[0].endswith("/hello.zip")] == ["another"]
    main(["status", *source, "--runs", "1"])
    assert capsys.readouterr().out.splitlines()[1].startswith("another ")
    there = Destination(tmp_path / "copy", grown.environment)
    assert there.backup("--only", "hello", "--no-drill", run_id="next") == 0
    assert there.states("next")["hello"] == "unchanged"


def test_an_older_archive_in_the_newest_ones_place_is_restored_and_named_as_what_it_is(
    grown: Destination, upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a copy that began before the newest run and was ended after it."""
    archive = grown.root / "github_backups/octo/hello.zip"
    whole = ("--only", "hello", "--no-drill", "--full", "--force")
    assert grown.backup(*whole, run_id="whole") == 0
    earlier = archive.read_bytes()
    commit(upstream("hello"), "more")
    assert grown.backup(*whole, run_id="last") == 0
    archive.write_bytes(earlier)
    capsys.readouterr()
    mirror = grown.restored("hello", tmp_path / "out")
    assert git(mirror, "log", "-1", "--format=%s") == "another"
    output = "does not match the manifest (SHA-256 differs): it is the archive that run whole"
    assert output in capsys.readouterr().out
    source = ["--source", str(grown.root)]
    assert main(["verify", *source, "--all"]) == 3
    assert output in capsys.readouterr().out
    into = ["--into", str(tmp_path / "exact"), "--run-id", "last"]
    assert main(["restore", "octo/hello", *source, *into]) == 1
    assert output in capsys.readouterr().err


def test_where_all_manifests_are_lost_the_archives_are_listed_and_verified_all_the_same(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup("--no-drill") == 0
    shutil.rmtree(destination.root / "runs")
    capsys.readouterr()
    source = ["--source", str(destination.root)]
    assert main(["list", *source]) == 0
    listed = capsys.readouterr().out
    assert "github_backups/octo/secret.wiki.zip" in listed
    assert listed.count("no manifest names it") == 11
    assert main(["list", *source, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["archives"]
    assert ("octo/secret", True, None) in [(r["repository"], r["wiki"], r["run_id"]) for r in rows]
    assert main(["verify", *source, "--all"]) == 0
    output = capsys.readouterr().out
    assert "good: github_backups/octo/hello.zip; no manifest names it" in output
    assert "11 of 11 archives are good" in output
    damaged = destination.root / "github_backups/octo/unicode.zip"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert main(["verify", *source, "--all"]) == 3
    assert "BAD:  github_backups/octo/unicode.zip" in capsys.readouterr().out


def test_an_archive_that_is_gone_is_listed_as_missing_and_is_no_good_one(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup("--only", "hello", "--no-drill") == 0
    (destination.root / "github_backups/octo/hello.zip").unlink()
    capsys.readouterr()
    source = ["--source", str(destination.root)]
    for which in ([], ["--run-id", "r1"]):
        assert main(["list", *source, *which, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["archives"]
        assert {row["key"].rpartition("/")[2]: row["state"] for row in rows} == {
            "hello.zip": "missing",
            "hello.wiki.zip": "backed-up",
        }
    assert main(["verify", *source, "--all"]) == 3
    assert "BAD:  github_backups/octo/hello.zip: there is no github_b" in capsys.readouterr().out


def test_an_empty_folder_is_no_backup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["list"], ["verify", "--all"]):
        assert main([*command, "--source", str(tmp_path)]) == 1
        assert "there is no backup at this destination" in capsys.readouterr().err


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
    assert "the manifest of run r2 is unreadable: it is not JSON" in capsys.readouterr().err
    assert main(["status", *source]) == 3
    assert "the newest run, r2, has an unreadable manifest" in capsys.readouterr().out


@pytest.mark.parametrize("manifests", [True, False], ids=["", "without manifests"])
@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("octo/helo", "octo/hello"),
        ("octo/hello.git", "octo/hello"),
        ("octo/hello.wiki", "octo/hello --wiki"),
        ("nobody/xyz", None),
    ],
)
def test_an_unknown_repository_is_named_with_what_was_probably_meant(
    destination: Destination,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    asked: str,
    meant: str | None,
    manifests: bool,
) -> None:
    destination.backup("--only", "hello", "--no-wikis", "--no-drill")
    if not manifests:
        shutil.rmtree(destination.root / "runs")
    source = ["--source", str(destination.root)]
    capsys.readouterr()
    hint = f"\n  did you mean {meant}?" if meant else ""
    for command in (["restore", asked, "--into", str(tmp_path)], ["list", "--versions", asked]):
        assert main([*command, *source]) == 1
        output = capsys.readouterr().err
        assert f"there is no archive of {asked}" in output
        assert output.endswith(f"{hint}\n")


def test_an_unknown_run_is_named_with_the_one_that_was_probably_meant(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello", "--no-drill", run_id="2026-11-27T17-00-00Z")
    source = ["--source", str(destination.root)]
    assert main(["list", *source, "--run-id", "2026-11-27T17-00-01Z"]) == 1
    assert "did you mean 2026-11-27T17-00-00Z?" in capsys.readouterr().err


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
    assert "r1   incomplete (narrowed)" in capsys.readouterr().out


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
    monkeypatch.setattr(
        "repo_backup.restore.archive_reader.available_memory_bytes", lambda: 16 << 20
    )
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
