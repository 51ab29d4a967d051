"""What a push sends, in which parts, and what it says when a host does not take all of it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import CORPUS_TOKEN, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.cli.main import main
from repo_backup.git.pushing.push import push
from repo_backup.git.pushing.push_target import Target
from repo_backup.runtime.errors import RepositoryError
from tests.integration.repo_backup.conftest import Destination, refs

Upstream = Callable[[str], Path]
API = "https://api.github.com"


@pytest.fixture
def new(hub: GitHubStandIn) -> Path:
    """An empty repository at GitHub, where its server has it."""
    hub.catalogue.add(Repository(500, "octo", "new", private=True))
    return init_repository(hub.root / "octo/new.git")


def restore(destination: Destination, name: str, url: str, *more: str) -> int:
    source = ["--source", str(destination.root)]
    destination.environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    return main(["restore", f"octo/{name}", *source, "--push-to", url, *more])


def hook(repository: Path, name: str, script: str) -> None:
    path = repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_repository_that_is_not_empty_is_refused_before_anything_is_sent(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    destination.backup("--only", "hello")
    commit_files(new, {"README.md": "made by the host\n"})
    before = refs(new)
    hub.requests.clear()
    url = f"{hub.api_url}/octo/new.git"
    assert restore(destination, "hello", url) == 1
    assert "not empty, it has refs/heads/main. Create one without README" in capsys.readouterr().err
    assert not any("receive-pack" in each.path + each.query for each in hub.requests)
    assert refs(new) == before
    assert restore(destination, "hello", url, "--force") == 0
    assert refs(new) == [each for each in refs(upstream("hello")) if "refs/pull" not in each]


def test_force_without_a_push_is_refused(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    words = ["restore", "octo/hello", "--source", str(destination.root), "--into", str(tmp_path)]
    assert main([*words, "--force"]) == 2
    assert "--force: it goes with --push-to" in capsys.readouterr().err


def test_all_namespaces_go_to_github_but_pull_requests_which_are_told(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    git(upstream("hello"), "update-ref", "refs/notes/commits", "refs/heads/develop")
    git(upstream("hello"), "update-ref", "refs/changes/01/1/1", "refs/heads/develop")
    destination.backup("--only", "hello")
    capsys.readouterr()
    assert restore(destination, "hello", f"{hub.api_url}/octo/new.git", "--json") == 0
    assert refs(new) == [each for each in refs(upstream("hello")) if "refs/pull" not in each]
    output = json.loads(capsys.readouterr().out)
    reason = "GitHub accepts no pushes there"
    assert output["refs_not_pushed"] == {"refs/pull/1/head": reason}
    assert output["remarks"] == [f"not pushed: 1 ref below refs/pull: {reason}"]


def test_a_directory_gets_the_default_branch_and_a_host_is_named_that_has_another(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    upstream: Upstream,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    git(upstream("hello"), "symbolic-ref", "HEAD", "refs/heads/develop")
    destination.backup("--only", "hello")
    target = init_repository(tmp_path / "target.git")
    assert restore(destination, "hello", str(target)) == 0
    assert refs(target) == refs(upstream("hello"))
    capsys.readouterr()
    assert restore(destination, "hello", f"{hub.api_url}/octo/new.git") == 0
    assert "default branch there is main; it was develop: set it" in capsys.readouterr().out


def test_a_refusal_shows_all_that_the_host_says_without_its_control_characters(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    destination.backup("--only", "hello")
    long = "x" * 300
    script = f"echo 'error: GH013: Repository rule violations'; printf 'a\\033[2Jb\\n'; echo {long}"
    hook(new, "pre-receive", f"{script}; exit 1")
    assert restore(destination, "hello", f"{hub.api_url}/octo/new.git") == 1
    output = capsys.readouterr().err
    assert "git push failed\n  refs/heads/main [remote rejected] (pre-receive hook decl" in output
    assert "remote: error: GH013: Repository rule violations" in output
    assert "remote: a?[2Jb" in output
    assert long in output
    assert refs(new) == ["refs/heads/main"]


def test_where_a_note_is_refused_all_else_goes_and_the_note_is_named(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    git(upstream("hello"), "update-ref", "refs/notes/commits", "refs/heads/develop")
    destination.backup("--only", "hello")
    hook(new, "update", 'case "$1" in refs/notes/*) exit 1 ;; esac')
    assert restore(destination, "hello", f"{hub.api_url}/octo/new.git") == 0
    wanted = [each for each in refs(upstream("hello")) if not each.startswith("refs/pull")]
    assert refs(new) == [each for each in wanted if not each.startswith("refs/notes")]
    assert "not pushed\n  refs/notes/commits [remote rejected] (hook" in capsys.readouterr().out


@pytest.mark.parametrize("branch", ["develop", "main"])
def test_where_a_branch_is_refused_all_else_goes_and_the_restore_fails(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
    branch: str,
) -> None:
    destination.backup("--only", "hello")
    hook(new, "update", f'case "$1" in */{branch}) exit 1 ;; esac')
    assert restore(destination, "hello", f"{hub.api_url}/octo/new.git") == 1
    wanted = [each for each in refs(upstream("hello")) if "refs/pull" not in each]
    assert refs(new)[1:] == [each for each in wanted[1:] if f"heads/{branch}" not in each]
    output = capsys.readouterr().err
    assert output.count(f"refs/heads/{branch} [remote rejected] (hook declined)") == 1


def test_a_refused_branch_is_not_sent_again_and_a_strange_name_is_read_whole(
    tmp_path: Path,
) -> None:
    """Git takes the characters in a name that end a line in Unicode, but not in ASCII."""
    mirror = grown(tmp_path / "mirror.git", 12, 5000)
    wanted = [each for each in refs(mirror) if "/other" not in each]
    strange = "refs/notes/a\u2028b\x85c"
    git(mirror, "update-ref", strange, "main")
    git(mirror, "pack-refs", "--all")
    target = init_repository(tmp_path / "target.git")
    hook(target, "pre-receive", "cat >> asked")
    hook(target, "update", 'case "$1" in */other | refs/notes/*) exit 1 ;; esac')
    with pytest.raises(RepositoryError) as raised:
        push(mirror, Target(str(target), None, API), force=False, most_bytes=15_000)
    assert "refs/heads/other [remote rejected] (hook declined)" in str(raised.value)
    assert "refs/notes/a b c [remote rejected] (hook declined)" in str(raised.value)
    assert (target / "asked").read_text().count("refs/heads/other") == 1
    assert refs(target) == wanted


def test_history_that_github_refuses_is_named_before_it_is_sent(
    destination: Destination,
    hub: GitHubStandIn,
    new: Path,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = upstream("no-wiki")
    tree = git(path, "rev-parse", "main^{tree}")
    who = "A <a@b> 1300000000 +051800"
    text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nold\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "--literally", "-w", "--stdin"],
        cwd=path,
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    git(path, "update-ref", "refs/heads/old", made.stdout.strip())
    destination.backup("--only", "no-wiki")
    capsys.readouterr()
    assert restore(destination, "no-wiki", f"{hub.api_url}/octo/new.git") == 1
    output = capsys.readouterr().err
    warning, _, refusal = output.partition("repo-backup: git push failed")
    assert "malformed history, archived as it is: badTimezone (1); a host that checks" in warning
    assert "git filter-repo" in warning
    assert "badTimezone: invalid author/committer line - bad time zone" in refusal
    target = init_repository(hub.root / "own.git")
    assert restore(destination, "no-wiki", str(target)) == 0
    assert refs(target) == refs(path)


def grown(path: Path, count: int, size: int) -> Path:
    """A bare repository of ``count`` commits with so many bytes each, on two branches."""
    init_repository(path)
    noise = "".join(chr(33 + number * 7919 % 90) for number in range(size))
    for number in range(count):
        branch = "other" if number % 3 == 2 else "main"
        commit_files(path, {f"{number}.txt": f"{number}{noise[number:]}"}, branch=branch)
    git(path, "tag", "v1", "main~1")
    git(path, "config", "pack.compression", "0")
    git(path, "-c", "pack.window=0", "repack", "-adfq")
    git(path, "pack-refs", "--all")
    return path


def packs(path: Path) -> list[int]:
    return [each.stat().st_size for each in (path / "objects/pack").glob("*.pack")]


def test_a_large_history_goes_in_parts_and_arrives_whole(tmp_path: Path) -> None:
    mirror = grown(tmp_path / "mirror.git", 24, 5000)
    target = init_repository(tmp_path / "target.git")
    git(target, "config", "receive.unpackLimit", "1")
    git(target, "config", "core.logAllRefUpdates", "always")
    push(mirror, Target(str(target), None, API), force=False, most_bytes=30_000)
    assert refs(target) == refs(mirror)
    git(target, "fsck", "--full")
    assert len(packs(target)) >= 4
    assert max(packs(target)) <= 35_000
    assert len(git(target, "reflog", "refs/heads/main").splitlines()) >= 3


def test_a_push_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    mirror = grown(tmp_path / "mirror.git", 12, 5000)
    target = init_repository(tmp_path / "target.git")
    git(target, "config", "receive.unpackLimit", "1")
    half = "refs/heads/main~3:refs/heads/main"
    git(mirror, "push", "-q", str(target), half)
    before = sum(packs(target))
    push(mirror, Target(str(target), None, API), force=True, most_bytes=15_000)
    assert refs(target) == refs(mirror)
    assert sum(packs(target)) - before < sum(packs(mirror)) - before * 0.8
