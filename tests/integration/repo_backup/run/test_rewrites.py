"""History that is rewritten upstream between two runs is told by the second, and by no other."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backup_contract.documents.manifest import Manifest
from backup_contract.judgement.rewrites import rewritten, suspicion
from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.run.overlay_runs import killed_behind

_RUNS = [f"2026-11-{day:02}T17-00-00Z" for day in range(1, 5)]
_OPTIONS = (
    "--no-drill",
    "--no-wikis",
    "--known-rewrites=gh-pages",
    "--only=secret",
    "--only=hello",
)


def commit(repository: Path, *parents: str) -> str:
    """A new commit without files; its id."""
    tree = git(repository, "hash-object", "-t", "tree", "-w", "/dev/null")
    given = [word for parent in parents for word in ("-p", parent)]
    return git(repository, "commit-tree", tree, "-m", f"After {parents}", *given)


def rewrite(secret: Path) -> None:
    """A forced branch, a moved tag, deleted branches, and a branch whose rewriting is expected."""
    git(secret, "update-ref", "refs/heads/main", commit(secret, "main~1"))
    git(secret, "update-ref", "refs/tags/v1", "main~1")
    git(secret, "update-ref", "-d", "refs/heads/topic")
    git(secret, "update-ref", "refs/heads/gh-pages", commit(secret))


def ransom(hello: Path) -> None:
    """All that there is names one commit that demands money."""
    note = commit(hello)
    for name in git(
        hello, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags"
    ).split():
        git(hello, "update-ref", name, note)


def test_a_rewrite_that_a_killed_run_stored_is_told_by_the_next_one_and_by_each_attempt_of_it(
    destination: Destination, upstream: Callable[[str], Path]
) -> None:
    secret = upstream("secret")
    commit_files(secret, {"new.txt": "new\n"}, message="New")
    destination.backup(*_OPTIONS, run_id=_RUNS[0])
    git(secret, "update-ref", "refs/heads/main", commit(secret, "main~1"))

    def killed() -> int:
        return destination.backup(*_OPTIONS, run_id=_RUNS[1])

    killed_behind(killed, DirectoryStore, "write_if", r"secret\+\w+\.json")
    for _ in range(2):
        destination.backup(*_OPTIONS, run_id=_RUNS[2])
        manifest = Manifest.read(destination.manifest(_RUNS[2]))
        assert rewritten(manifest) == 1
        git(secret, "update-ref", "refs/notes/x", "main")


def test_who_forced_or_deleted_a_branch_is_told_where_github_says_so(
    destination: Destination, upstream: Callable[[str], Path], hub: GitHubStandIn
) -> None:
    secret = upstream("secret")
    for branch in ("main", "topic"):
        commit_files(secret, {f"{branch}.txt": "new\n"}, branch=branch, message=branch)
    destination.backup(*_OPTIONS, run_id=_RUNS[0])
    old = git(secret, "rev-parse", "main", "topic").split()
    git(secret, "update-ref", "refs/heads/main", new := commit(secret))
    git(secret, "update-ref", "-d", "refs/heads/topic")
    hub.catalogue.repositories["octo/secret"].activity = [
        {
            "activity_type": kind,
            "ref": f"refs/heads/{branch}",
            "before": before,
            "after": after,
            "timestamp": "2026-11-01T19:00:00Z",
            "actor": actor,
        }
        for kind, branch, before, after, actor in (
            ("force_push", "main", "1" * 40, new, {"login": "mallory"}),
            ("force_push", "main", old[0], "1" * 40, {"login": "octo"}),
            ("branch_deletion", "topic", old[1], "0" * 40, None),
        )
    ]
    destination.backup(*_OPTIONS, run_id=_RUNS[1])
    found = destination.entry("secret", _RUNS[1])["rewrites"]["named"]
    assert [(each["name"], each.get("by"), each.get("at")) for each in found] == [
        ("refs/heads/main", "mallory", "2026-11-01T19:00:00Z"),
        ("refs/heads/topic", None, None),
    ]


def came_and_went(
    destination: Destination, hub: GitHubStandIn, secret: Path, *branches: str
) -> list[str]:
    """Commits that branches named between two runs, when something else was rewritten as well."""
    commit_files(secret, {"topic.txt": "1\n"}, branch="topic", message="Topic")
    destination.backup(*_OPTIONS, run_id=_RUNS[0])
    git(secret, "update-ref", "-d", "refs/heads/topic")
    lost = [commit(secret, "main"), commit(secret)][: len(branches)]
    hub.catalogue.repositories["octo/secret"].activity = [
        {
            "activity_type": "force_push",
            "ref": f"refs/heads/{branch}",
            "before": oid,
            "after": "1" * 40,
            "timestamp": f"2026-11-01T1{8 + number}:00:00Z",
            "actor": {"login": "mallory"} if number else None,
        }
        for number, (branch, oid) in enumerate(zip(branches, lost, strict=True))
    ]
    return lost


def test_what_came_and_went_between_two_runs_is_kept_where_github_still_serves_it(
    destination: Destination,
    upstream: Callable[[str], Path],
    hub: GitHubStandIn,
    tmp_path: Path,
) -> None:
    secret = upstream("secret")
    git(secret, "config", "uploadpack.allowAnySHA1InWant", "true")
    lost = came_and_went(destination, hub, secret, "main", "other")
    for number in (1, 2):
        assert destination.backup(*_OPTIONS, run_id=_RUNS[number]) == 0
        mirror = destination.restored("secret", tmp_path / str(number))
        git(mirror, "fsck", "--full", "--strict", "--no-dangling")
        pins = git(mirror, "for-each-ref", "--format=%(refname) %(objectname)", "refs/kept")
        prefix = f"refs/kept/{_RUNS[1]}/meanwhile/heads"
        assert pins.splitlines() == [
            f"{prefix}/main/{lost[0][:12]} {lost[0]}",
            f"{prefix}/other/{lost[1][:12]} {lost[1]}",
        ]
    answer = [
        each for each in destination.entry("secret", _RUNS[1])["warnings"] if "kept as" in each
    ]
    assert "an account that is gone at 2026-11-01T18" in answer[0]
    assert "by mallory at 2026-11-01T19" in answer[1]
    assert destination.entry("secret", _RUNS[2])["state"] == "unchanged"


def test_what_came_and_went_and_is_served_no_more_is_named(
    destination: Destination, upstream: Callable[[str], Path], hub: GitHubStandIn
) -> None:
    (lost,) = came_and_went(destination, hub, upstream("secret"), "main")
    assert destination.backup(*_OPTIONS, run_id=_RUNS[1]) == 0
    entry = destination.entry("secret", _RUNS[1])
    (answer,) = (each for each in entry["warnings"] if "no longer serves it" in each)
    assert f"refs/heads/main was at {lost[:12]}" in answer
    assert entry["chain"]["links"] == 1


def test_what_an_archive_has_what_is_old_and_what_is_rewritten_on_purpose_is_asked_for_by_nobody(
    destination: Destination, upstream: Callable[[str], Path], hub: GitHubStandIn
) -> None:
    secret = upstream("secret")
    archived = git(secret, "rev-parse", "main")
    commit_files(secret, {"new.txt": "new\n"}, message="New")
    came_and_went(destination, hub, secret, "main", "gh-pages")
    activity = hub.catalogue.repositories["octo/secret"].activity
    activity += [
        {**activity[0], "before": archived},
        {**activity[0], "before": "2" * 40, "timestamp": "2026-10-01T00:00:00Z"},
        {**activity[0], "before": "no id"},
        {"activity_type": "force_push"},
    ]
    del activity[0]
    assert destination.backup(*_OPTIONS, run_id=_RUNS[1]) == 0
    answer = destination.entry("secret", _RUNS[1])["warnings"]
    assert not [each for each in answer if "was at" in each]


@pytest.mark.parametrize("options", [(), ("--full", "--force")])
def test_each_rewrite_is_told_once_with_what_looks_like_an_attack(
    destination: Destination, upstream: Callable[[str], Path], options: tuple[str, ...]
) -> None:
    secret, hello = upstream("secret"), upstream("hello")
    for branch in ("main", "topic", "gh-pages"):
        commit_files(secret, {f"{branch}.txt": "new\n"}, branch=branch, message=branch)
    git(secret, "tag", "v1", "main")
    assert destination.backup(*_OPTIONS, run_id=_RUNS[0]) == 0
    rewrite(secret)
    commit_files(hello, {"new.txt": "new\n"}, branch="develop", message="New")
    assert destination.backup(*_OPTIONS, *options, run_id=_RUNS[1]) == 0
    found = destination.entry("secret", _RUNS[1])["rewrites"]
    answer = {each["name"].partition("/")[2]: each["kind"] for each in found["named"]}
    assert answer == {
        "heads/main": "forced-branch",
        "tags/v1": "moved-tag",
        "heads/topic": "deleted-branch",
    }
    assert found["default_branch"] is True
    manifest = Manifest.read(destination.manifest(_RUNS[1]))
    assert (rewritten(manifest), suspicion(manifest)) == (3, None)
    ransom(hello)
    assert destination.backup(*_OPTIONS, *options, run_id=_RUNS[2]) == 0
    manifest = Manifest.read(destination.manifest(_RUNS[2]))
    suspected = suspicion(manifest)
    assert suspected
    assert suspected.keys == frozenset({"github_backups/octo/hello.zip"})
    assert suspected.reasons == ("octo/hello: all branches and tags were replaced by one commit",)
    assert destination.backup(*_OPTIONS, *options, run_id=_RUNS[3]) == 0
    assert rewritten(Manifest.read(destination.manifest(_RUNS[3]))) == 0


def test_status_and_page_tell_what_is_suspicious_until_it_is_acknowledged(
    destination: Destination,
    upstream: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    source = ("--source", str(destination.root))
    destination.backup(*_OPTIONS, run_id=_RUNS[0])
    ransom(upstream("hello"))
    destination.backup(*_OPTIONS, run_id=_RUNS[1])
    page = tmp_path / "page"
    capsys.readouterr()
    main(["status", *source])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("SUSPICIOUS: octo/hello: all branches and tags were replaced")
    assert shown[0].endswith(f"repo-backup acknowledge {_RUNS[1]} --source {destination.root}")
    assert f"rewritten branches and tags: 4 in {_RUNS[1]}" in shown
    main(["report", *source, "--out", str(page)])
    assert "History was rewritten as an attacker would" in (page / "index.html").read_text()
    capsys.readouterr()
    assert main(["acknowledge", _RUNS[2], *source]) == 2
    assert f"there is no run {_RUNS[2]}" in capsys.readouterr().err
    main(["acknowledge", _RUNS[0], *source])
    assert f"still open: {_RUNS[1]}: octo/hello: all" in capsys.readouterr().out
    main(["acknowledge", _RUNS[1], "--json", *source])
    assert json.loads(capsys.readouterr().out)["suspicions"] == []
    main(["status", "--json", *source])
    found = json.loads(capsys.readouterr().out)
    assert (found["suspicions"], found["runs"][0]["rewritten"]) == ([], 4)


def test_another_default_branch_is_told_once(
    destination: Destination, upstream: Callable[[str], Path]
) -> None:
    secret = upstream("secret")
    commit_files(secret, {"topic.txt": "1\n"}, branch="topic", message="Topic")
    destination.backup(*_OPTIONS, run_id=_RUNS[0])
    git(secret, "symbolic-ref", "HEAD", "refs/heads/topic")
    answer = []
    for run_id in _RUNS[1:3]:
        destination.backup(*_OPTIONS, run_id=run_id)
        answer.append(destination.entry("secret", run_id)["warnings"])
        commit_files(secret, {"new.txt": "new\n"}, message="New")
    assert answer == [["the default branch is topic now, it was main"], []]


def test_status_knows_of_a_suspicion_in_a_run_that_it_does_not_show(
    destination: Destination, upstream: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    days = [f"2026-10-{day:02}T17-00-00Z" for day in range(1, 10)]
    destination.backup(*_OPTIONS, run_id=days[0])
    ransom(upstream("hello"))
    for run_id in days[1:]:
        destination.backup(*_OPTIONS, run_id=run_id)
    capsys.readouterr()
    main(["status", "--json", "--source", str(destination.root)])
    found = json.loads(capsys.readouterr().out)
    assert days[1] not in [run["run_id"] for run in found["runs"]]
    assert len(found["suspicions"]) == 1
