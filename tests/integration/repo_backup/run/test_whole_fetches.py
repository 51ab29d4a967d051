"""Where history was rewritten, or the server lost it, what is fetched whole loses nothing."""

from pathlib import Path

from local_cloud.github.corpus import commit_files, git
from tests.integration.repo_backup.conftest import Destination, refs
from tests.integration.repo_backup.run.overlay_runs import (
    RUN_IDS,
    backup,
    by_hand,
    dropped_branch,
    pins,
)


def test_rewritten_history_stays_where_everything_was_fetched_anew(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 0)
    before = refs(hello)
    git(hello, "update-ref", "refs/heads/main", "main~1")
    assert backup(destination, 1, "--full", "--force") == 0
    entry = destination.entry("hello", RUN_IDS[1])
    assert entry["chain"]["links"] == 1
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
    into = tmp_path / "before"
    assert refs(destination.restored("hello", into, "--at", RUN_IDS[0])) == before
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(destination, 2) == 0
    assert destination.entry("hello", RUN_IDS[2])["chain"]["links"] == 2
    assert by_hand(destination.root, tmp_path / "again") == refs(hello)


def test_all_that_was_fetched_anew_replaces_the_base_if_nothing_is_lost(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    assert backup(destination, 2, "--full", "--force") == 0
    entry = destination.entry("hello", RUN_IDS[2])
    assert (entry["archive"]["run_id"], entry.get("chain")) == (RUN_IDS[2], None)
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)


def test_a_server_that_has_lost_the_old_history_costs_an_overlay_that_is_whole(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    before = refs(hello)
    for line in git(hello, "for-each-ref", "--format=%(refname)").splitlines():
        git(hello, "update-ref", "-d", line)
    git(hello, "gc", "--quiet", "--prune=now")
    commit_files(hello, {"other.txt": "other\n"}, message="Begin anew")
    assert backup(destination, 1) == 0
    assert destination.entry("hello", RUN_IDS[1])["chain"]["links"] == 1
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
    assert refs(destination.restored("hello", tmp_path / "b", "--at", RUN_IDS[0])) == before


def test_a_new_base_that_is_asked_for_in_a_folder_keeps_what_upstream_has_lost(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    tip = dropped_branch(destination, hello)
    backup(destination, 2)
    assert destination.entry("hello", RUN_IDS[2])["chain"]["links"] == 2
    assert backup(destination, 3, "--full", "--force") == 0
    assert destination.entry("hello", RUN_IDS[3]).get("chain") is None
    assert pins(by_hand(destination.root, tmp_path / "hand")) == (refs(hello), [tip])
