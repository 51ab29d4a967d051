"""Whatever upstream has become, what a folder holds of it is never replaced by less."""

import shutil
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import Destination, refs

RUNS = [f"2026-11-{day:02}T17-00-00Z" for day in range(1, 20)]


def backup(destination: Destination, number: int, *arguments: str, name: str = "hello") -> int:
    """The run of a day, of one repository."""
    only = ("--only", name, "--no-drill", "--no-wikis")
    return destination.backup(*only, *arguments, run_id=RUNS[number])


def cut(hello: Path, oid: str) -> None:
    """Upstream becomes shallow, and has this commit without its parents."""
    for name in git(hello, "for-each-ref", "--format=%(refname)").split():
        if name != "refs/heads/main":
            git(hello, "update-ref", "-d", name)
    (hello / "shallow").write_text(f"{oid}\n")
    git(hello, "repack", "-adq")
    git(hello, "prune", "--expire=now")


def restored(destination: Destination, into: Path, *arguments: str) -> Path:
    """The mirror, of which git finds every object."""
    mirror = destination.restored("hello", into, *arguments)
    git(mirror, "fsck", "--full", "--strict", "--no-dangling")
    return mirror


def history(mirror: Path, tip: str) -> list[str]:
    """All commits behind a tip."""
    return git(mirror, "rev-list", tip).split()


def test_an_upstream_that_becomes_shallow_leaves_the_whole_history_in_its_archive(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    assert backup(destination, 0) == 0
    before, tip = refs(hello), git(hello, "rev-parse", "main")
    known = history(hello, tip)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    cut(hello, tip)
    assert backup(destination, 1) == 0
    entry = destination.entry("hello", RUNS[1])
    assert entry["chain"]["links"] == 1
    assert any("goes on holding the whole history" in each for each in entry["warnings"])
    mirror = restored(destination, tmp_path / "now")
    assert history(mirror, "main")[1:] == known
    assert not (mirror / "shallow").exists()
    assert refs(destination.restored("hello", tmp_path / "then", "--at", RUNS[0])) == before
    assert backup(destination, 2) == 0
    assert destination.entry("hello", RUNS[2])["state"] == "unchanged"


def test_a_shallow_history_that_rests_on_nothing_archived_is_joined_with_what_is(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    assert backup(destination, 0) == 0
    old = dict(line.split() for line in refs(hello)[1:])
    known = history(hello, "main")
    for number in range(3):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
    cut(hello, git(hello, "rev-parse", "main"))
    for number in (1, 2):
        assert backup(destination, number) == 0
        mirror = restored(destination, tmp_path / str(number))
        assert history(mirror, "main") == history(hello, "main")
        pins = git(mirror, "for-each-ref", "--format=%(refname) %(objectname)", "refs/kept")
        pinned = dict(line.split() for line in pins.splitlines())
        assert history(mirror, pinned[f"refs/kept/{RUNS[0]}/heads/main"]) == known
        lost = {name for name in old if name != "refs/heads/main"}
        assert {f"refs/{name.partition('Z/')[2]}" for name in pinned} <= lost | {"refs/heads/main"}
        commit_files(hello, {"newer.txt": f"{number}\n"}, message="Newer")
    (hello / "shallow").unlink()
    assert destination.entry("hello", RUNS[2]).get("chain") is None


def test_a_repository_that_takes_its_former_name_again_grows_what_lies_there(
    destination: Destination, hub: GitHubStandIn, hello: Path, tmp_path: Path
) -> None:
    def rename(old: str, new: str) -> None:
        known = hub.catalogue.repositories.pop(f"octo/{old}")
        hub.catalogue.add(Repository(known.id, "octo", new))
        (hub.root / f"octo/{old}.git").rename(hub.root / f"octo/{new}.git")

    commit_files(hello, {"topic.txt": "1\n"}, branch="topic")
    assert backup(destination, 0) == 0
    before = refs(hello)
    rename("hello", "hello-again")
    assert backup(destination, 1, name="hello-again") == 0
    git(hello.with_name("hello-again.git"), "update-ref", "-d", "refs/heads/topic")
    rename("hello-again", "hello")
    assert backup(destination, 2) == 0
    assert destination.entry("hello", RUNS[2])["chain"]["links"] == 1
    assert refs(restored(destination, tmp_path / "now")) == refs(hello)
    assert refs(restored(destination, tmp_path / "then", "--at", RUNS[0])) == before


def test_a_name_whose_case_changes_keeps_its_archive_where_case_makes_no_difference(
    destination: Destination,
    hub: GitHubStandIn,
    hello: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DirectoryStore, "case_sensitive", False)
    commit_files(hello, {"topic.txt": "1\n"}, branch="topic")
    assert backup(destination, 0) == 0
    before = refs(hello)
    known = hub.catalogue.repositories.pop("octo/hello")
    hub.catalogue.add(Repository(known.id, "octo", "HELLO"))
    hello.rename(hello.with_name("HELLO.git"))
    git(hello.with_name("HELLO.git"), "update-ref", "-d", "refs/heads/topic")
    assert backup(destination, 1, name="HELLO") == 0
    entry = destination.entry("HELLO", RUNS[1])
    assert entry["archive"]["key"] == "github_backups/octo/hello.zip"
    assert entry["chain"]["links"] == 1
    now = destination.restored("HELLO", tmp_path / "now")
    assert refs(now) == refs(hello.with_name("HELLO.git"))
    assert refs(destination.restored("hello", tmp_path / "then", "--at", RUNS[0])) == before


def test_objects_of_another_format_replace_nothing_until_that_is_asked_for(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    assert backup(destination, 0) == 0
    before = refs(hello)
    shutil.rmtree(hello)
    init_repository(hello)
    shutil.rmtree(hello)
    git(hello.parent, "init", "-q", "--bare", "--object-format=sha256", "-b", "main", str(hello))
    commit_files(hello, {"README.md": "anew\n"})
    assert backup(destination, 1) == 3
    assert "--full --force makes one" in destination.entry("hello", RUNS[1])["reason"]
    assert refs(restored(destination, tmp_path / "then")) == before
    assert backup(destination, 2, "--full", "--force") == 0
    assert refs(restored(destination, tmp_path / "now")) == refs(hello)
