"""A ref that upstream lists and cannot serve costs itself, not its repository, nor every run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, refs
from tests.integration.repo_backup.unusual_refs import object_of, pack_refs

pytestmark = pytest.mark.slow

Upstream = Callable[[str], Path]
GONE = "1" * 40
ONLY = ("--only", "hello", "--no-wikis")


def _packs(hub: GitHubStandIn) -> int:
    return sum(each.path.endswith("/git-upload-pack") for each in hub.requests)


def _lose(repository: Path, oid: str) -> None:
    (repository / "objects" / oid[:2] / oid[2:]).unlink()


def _commit_on_a_tree(repository: Path, tree: str) -> str:
    return git(repository, "commit-tree", "-p", "main", "-m", "lost", tree)


def _a_tip(repository: Path) -> str:
    return GONE


def _a_tree(repository: Path) -> str:
    readme = bytes.fromhex(git(repository, "rev-parse", "main:README.md"))
    tree = object_of(repository, "tree", b"100644 lost\0" + readme)
    commit = _commit_on_a_tree(repository, tree)
    _lose(repository, tree)
    return commit


def _a_file(repository: Path) -> str:
    blob = object_of(repository, "blob", b"lost\n")
    tree = object_of(repository, "tree", b"100644 lost\0" + bytes.fromhex(blob))
    commit = _commit_on_a_tree(repository, tree)
    _lose(repository, blob)
    return commit


def _a_parent(repository: Path) -> str:
    tree = git(repository, "rev-parse", "main^{tree}")
    parent = _commit_on_a_tree(repository, tree)
    commit = git(repository, "commit-tree", "-p", parent, "-m", "child", tree)
    _lose(repository, parent)
    return commit


LOST = {"a tip": _a_tip, "a tree": _a_tree, "a file": _a_file, "a parent": _a_parent}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST.keys())
def test_a_pull_request_is_a_warning_and_all_else_is_archived(
    destination: Destination,
    hub: GitHubStandIn,
    hello: Path,
    tmp_path: Path,
    lose: Callable[[Path], str],
) -> None:
    whole = refs(hello)
    pack_refs(hello, pull_7_head=lose(hello))
    assert destination.backup(*ONLY) == 0
    entry = destination.entry("hello")
    (warning,) = entry["warnings"]
    assert entry["state"] == "backed-up"
    assert warning.startswith("upstream cannot serve refs/pull/7/head (the server gave up: ")
    assert destination.manifest()["drill"]["ok"] is True
    assert refs(destination.restored("hello", tmp_path / "out")) == whole
    assert main(["verify", "--source", str(destination.root), "--all"]) == 0
    assert _packs(hub) < 12
    hub.requests.clear()
    assert destination.backup(*ONLY, run_id="r2") == 0
    again = destination.entry("hello", "r2")
    assert (again["state"], again["warnings"]) == ("unchanged", [warning])
    assert _packs(hub) == 0


@pytest.mark.parametrize("name", ["heads_lost", "tags_lost"])
@pytest.mark.parametrize("lose", LOST.values(), ids=LOST.keys())
def test_a_branch_or_a_tag_is_a_failure_and_all_else_is_archived(
    destination: Destination,
    hub: GitHubStandIn,
    hello: Path,
    tmp_path: Path,
    lose: Callable[[Path], str],
    name: str,
) -> None:
    whole = refs(hello)
    pack_refs(hello, **{name: lose(hello)})
    assert destination.backup(*ONLY) == 3
    entry = destination.entry("hello")
    assert (entry["state"], entry["archive"]["run_id"]) == ("failed", "r1")
    assert f"cannot serve refs/{name.replace('_', '/')} (" in entry["reason"]
    assert "everything else is archived" in entry["reason"]
    assert destination.manifest()["drill"]["ok"] is True
    assert refs(destination.restored("hello", tmp_path / "out")) == whole
    hub.requests.clear()
    assert destination.backup(*ONLY, run_id="r2") == 3
    again = destination.entry("hello", "r2")
    assert (again["state"], again["reason"]) == ("failed", entry["reason"])
    assert again["archive"]["run_id"] == "r1"
    assert _packs(hub) == 0


def test_what_is_mended_upstream_is_fetched(destination: Destination, hello: Path) -> None:
    pack_refs(hello, heads_lost=GONE)
    assert destination.backup(*ONLY, "--no-drill") == 3
    lines = (hello / "packed-refs").read_text().splitlines(keepends=True)
    (hello / "packed-refs").write_text("".join(line for line in lines if GONE not in line))
    assert destination.backup(*ONLY, "--no-drill", run_id="r2") == 0
    assert destination.entry("hello", "r2")["state"] == "backed-up"
    commit_files(hello, {"README.md": "more\n"})
    pack_refs(hello, pull_7_head=GONE)
    assert destination.backup(*ONLY, "--no-drill", run_id="r3") == 0
    assert destination.entry("hello", "r3")["chain"]["run_id"] == "r3"
    assert destination.backup(*ONLY, "--no-drill", "--full", "--force", run_id="r4") == 0
    assert destination.entry("hello", "r4")["archive"]["run_id"] == "r4"


def test_where_nothing_can_be_served_the_earlier_archive_stays(
    destination: Destination, hub: GitHubStandIn, hello: Path
) -> None:
    assert destination.backup(*ONLY, "--no-drill") == 0
    for oid in git(hello, "for-each-ref", "--format=%(objectname)").split():
        (hello / "objects" / oid[:2] / oid[2:]).unlink(missing_ok=True)
    pack_refs(hello, heads_other=GONE)
    hub.requests.clear()
    assert destination.backup(*ONLY, "--no-drill", run_id="r2") == 3
    entry = destination.entry("hello", "r2")
    assert (entry["state"], entry["archive"]["run_id"]) == ("failed", "r1")
    assert "not our ref" in entry["reason"]
