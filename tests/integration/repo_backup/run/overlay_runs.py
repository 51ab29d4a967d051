"""Daily runs of one repository, and what lies in a folder after them."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from tests.integration.repo_backup.conftest import Destination, refs

BY_HAND = """
cd "$1"
c=$(sha256sum hello.zip | cut -c1-12)
for z in hello.zip $(ls | grep "^hello+$c\\.[0-9]*\\.zip$"); do unzip -oq "$z" || break; done
git clone --quiet --mirror hello.git "$2"
"""


RUN_IDS = [f"2026-11-{day:02}T17-00-00Z" for day in range(1, 20)]
RUN_IDS += [each.replace("T17", "T16") for each in RUN_IDS]


def backup(destination: Destination, number: int, *arguments: str) -> int:
    """The run of a day, of one repository."""
    only = ("--only", "hello", "--no-drill", "--no-wikis")
    return destination.backup(*only, *arguments, run_id=RUN_IDS[number])


def by_hand(root: Path, into: Path) -> list[str]:
    """What the printed shell lines restore."""
    folder = root / "github_backups/octo"
    subprocess.run(["sh", "-c", BY_HAND, "sh", folder, into], check=True, capture_output=True)
    subprocess.run(["rm", "-r", folder / "hello.git"], check=True)
    git(into, "fsck", "--full", "--strict", "--no-dangling")
    return refs(into)


def zips(destination: Destination) -> list[str]:
    """The archives of the repository, without folder and chain."""
    folder = destination.root / "github_backups/octo"
    return sorted(re.sub(r"\+\w+", "", each.name) for each in folder.glob("hello*.zip"))


def posts(hub: GitHubStandIn) -> int:
    """How many packs were asked for since."""
    found = sum(each.method == "POST" for each in hub.requests)
    hub.requests.clear()
    return found


class KilledError(BaseException):
    """The run ends here and now."""


def killed_behind(run: Callable[[], int], owner: type, name: str, match: str) -> None:
    """A run that ends as soon as this function of a store has done its work on such a key."""
    true = getattr(owner, name)

    def once(self: object, key: str, *given: object, **named: object) -> object:
        done = true(self, key, *given, **named)
        if re.search(match, key):
            raise KilledError
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, once)
        with pytest.raises(KilledError):
            run()


STEPS = {
    "overlay": ("put_archive", r"\+\w+\.\d+\.zip"),
    "list": ("write_if", r"\+\w+\.json"),
}


def dropped_branch(destination: Destination, hello: Path) -> str:
    """The tip of a branch that the first two runs saved and upstream has lost since."""
    commit_files(hello, {"topic.txt": "1\n"}, branch="topic")
    tip = git(hello, "rev-parse", "topic")
    backup(destination, 0)
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    backup(destination, 1)
    git(hello, "update-ref", "-d", "refs/heads/topic")
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    return tip


def pins(found: list[str]) -> tuple[list[str], list[str]]:
    """The refs without pins, and what is pinned."""
    kept = [each for each in found if each.startswith("refs/kept/")]
    return [each for each in found if each not in kept], [each.split()[1] for each in kept]
