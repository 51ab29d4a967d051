"""A run that is killed behind any step of an overlay is followed by one that makes it good."""

from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files, git
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import Destination, refs
from tests.integration.repo_backup.run.overlay_runs import (
    RUN_IDS,
    STEPS,
    backup,
    by_hand,
    killed_behind,
)
from tests.surplus import slow_but


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("links", slow_but({1}, [0, 1]))
def test_a_run_killed_behind_an_overlay_is_followed_by_one_that_takes_it_into_the_chain(
    destination: Destination, hello: Path, tmp_path: Path, step: str, links: int
) -> None:
    backup(destination, 0)
    days = {RUN_IDS[0]: refs(hello)}
    for number in range(1, links + 1):
        commit_files(hello, {"new.txt": f"{number}\n"}, message="New")
        backup(destination, number)
        days[RUN_IDS[number]] = refs(hello)
    commit_files(hello, {"killed.txt": "killed\n"}, message="Killed", branch="topic")
    killed_behind(lambda: backup(destination, 8), DirectoryStore, *STEPS[step])
    git(hello, "update-ref", "-d", "refs/heads/topic")
    assert backup(destination, 9) == 0
    days[RUN_IDS[9]] = refs(hello)
    assert destination.entry("hello", RUN_IDS[9])["chain"]["links"] == links + 2
    assert by_hand(destination.root, tmp_path / "hand") == days[RUN_IDS[9]]
    for run_id, day in days.items():
        into = tmp_path / run_id
        assert refs(destination.restored("hello", into, "--at", run_id)) == day
    assert backup(destination, 10) == 0
    assert destination.entry("hello", RUN_IDS[10])["state"] == "unchanged"


def test_a_run_killed_behind_a_new_base_is_followed_by_one_that_fetches_it_again(
    destination: Destination, hello: Path, tmp_path: Path
) -> None:
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    killed_behind(
        lambda: backup(destination, 2, "--full", "--force"),
        DirectoryStore,
        "put_archive",
        r"/hello\.zip",
    )
    assert by_hand(destination.root, tmp_path / "between") == refs(hello)
    assert backup(destination, 3) == 0
    entry = destination.entry("hello", RUN_IDS[3])
    assert (entry["state"], entry.get("chain")) == ("backed-up", None)
    assert by_hand(destination.root, tmp_path / "hand") == refs(hello)
