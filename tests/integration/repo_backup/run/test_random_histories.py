"""Whatever becomes of a history, and wherever runs are killed, each run can be restored."""

import random
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.kinds.git import compaction
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.s3 import S3Store
from tests.integration.repo_backup.conftest import Bucket, Destination, refs
from tests.integration.repo_backup.run.overlay_runs import KilledError, backup, by_hand

_RUNS_OF_A_HISTORY = 12


def _branches(repository: Path) -> list[str]:
    return git(repository, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


def _commit(repository: Path, chance: random.Random) -> None:
    name = f"{chance.choice('abc')}/{chance.randrange(5)}.txt"
    text = "\n".join(str(chance.random()) for _ in range(chance.randrange(1, 200)))
    commit_files(repository, {name: text}, branch=chance.choice(_branches(repository)))


def _new_branch(repository: Path, chance: random.Random) -> None:
    start = chance.choice(_branches(repository))
    git(repository, "update-ref", f"refs/heads/b{chance.randrange(10**6)}", start)


def _merge(repository: Path, chance: random.Random) -> None:
    one, other = (chance.choice(_branches(repository)) for _ in range(2))
    tree = git(repository, "rev-parse", f"{one}^{{tree}}")
    parents = [tip for name in (one, other) for tip in ("-p", git(repository, "rev-parse", name))]
    commit = git(repository, "commit-tree", tree, *parents, "-m", "Merge")
    git(repository, "update-ref", f"refs/heads/{one}", commit)


def _force_push(repository: Path, chance: random.Random) -> None:
    branch = chance.choice(_branches(repository))
    if int(git(repository, "rev-list", "--count", "--first-parent", branch)) > 2:
        git(repository, "update-ref", f"refs/heads/{branch}", f"{branch}~{chance.randrange(1, 3)}")
    commit_files(repository, {"forced.txt": str(chance.random())}, branch=branch)


def _delete(repository: Path, chance: random.Random) -> None:
    branch = chance.choice(_branches(repository))
    if branch != "main":
        git(repository, "update-ref", "-d", f"refs/heads/{branch}")


def _tag(repository: Path, chance: random.Random) -> None:
    name, branch = f"t{chance.randrange(6)}", chance.choice(_branches(repository))
    annotated = ("--annotate", "--message", "A tag") if chance.random() < 0.5 else ()
    git(repository, "tag", "--force", *annotated, name, branch)


def _collect(repository: Path, chance: random.Random) -> None:
    """The server forgets what no ref leads to."""
    git(repository, "gc", "--quiet", "--prune=now")


_CHANGES = (_commit, _commit, _new_branch, _merge, _force_push, _delete, _tag, _collect)


def _killed(
    owner: type, name: str, match: str, chance: random.Random, patch: pytest.MonkeyPatch
) -> None:
    """Let the next write of this kind be the run's last, before or after it is done."""
    true, after = getattr(owner, name), chance.random() < 0.5

    def once(self: object, key: str, *given: object, **named: object) -> object:
        if not re.search(match, key):
            return true(self, key, *given, **named)
        if after:
            true(self, key, *given, **named)
        raise KilledError

    patch.setattr(owner, name, once)


_STEPS = (
    ("put_archive", r"\.zip"),
    ("write_if", r"\+\w+\.json"),
    ("write", r"manifest\.json"),
    ("write_if", r"\.txt"),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_every_run_of_a_random_history_can_be_restored(
    destination: Destination, hello: Path, tmp_path: Path, seed: int, kills: bool
) -> None:
    chance, days = random.Random(seed), {}
    for number in range(_RUNS_OF_A_HISTORY):
        for _ in range(chance.randrange(4)):
            chance.choice(_CHANGES)(hello, chance)
        if kills and chance.random() < 0.6:
            with pytest.MonkeyPatch.context() as patch:
                _killed(DirectoryStore, *chance.choice(_STEPS), chance, patch)
                _run(partial(backup, destination, 19 + number))
            for _ in range(chance.randrange(3)):
                chance.choice(_CHANGES)(hello, chance)
        assert backup(destination, number) == 0
        days[f"2026-11-{number + 1:02}T17-00-00Z"] = refs(hello)
        assert by_hand(destination.root, tmp_path / f"hand-{number}") == refs(hello)
    for run_id, day in days.items():
        into = tmp_path / run_id
        assert refs(destination.restored("hello", into, "--at", run_id)) == day


def _run(run: Callable[[], object]) -> None:
    """A run that may be killed; where nothing is to be written it is not."""
    try:
        run()
    except KilledError:
        return


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("seed", range(4))
def test_no_object_that_a_bucket_ever_had_is_lost_by_new_bases_and_kills(
    s3: Bucket, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(compaction, "LEAST_BYTES", 0)
    chance, days, ever = random.Random(seed), {}, set[str]()

    def run(hour: int, number: int) -> int:
        run_id = f"2026-11-{number + 1:02}T{hour}-00-00Z"
        return s3.backup("--only", "hello", "--no-drill", "--no-wikis", run_id=run_id)

    for number in range(_RUNS_OF_A_HISTORY):
        for _ in range(chance.randrange(4)):
            chance.choice(_CHANGES)(hello, chance)
        if number and chance.random() < 0.6:
            with pytest.MonkeyPatch.context() as patch:
                _killed(S3Store, *chance.choice(_STEPS), chance, patch)
                _run(partial(run, 16, number))
            for _ in range(chance.randrange(3)):
                chance.choice(_CHANGES)(hello, chance)
        assert run(17, number) == 0
        days[f"2026-11-{number + 1:02}T17-00-00Z"] = refs(hello)
        ever |= {line.split()[1] for line in refs(hello)[1:]}
    for run_id, day in days.items():
        into = tmp_path / run_id
        fixed = ["restore", "octo/hello", "--source", s3.location, "--into", str(into)]
        assert main([*fixed, "--at", run_id]) == 0
        mirror = into / "hello.git"
        assert [line for line in refs(mirror) if "refs/kept/" not in line] == day
        git(mirror, "fsck", "--full", "--no-dangling")
    missing = [oid for oid in ever if not _holds(mirror, oid)]
    assert missing == []
    assert main(["verify", "--source", s3.location, "--all"]) == 0


def _holds(mirror: Path, oid: str) -> bool:
    command = ["git", "cat-file", "-e", oid]
    return subprocess.run(command, cwd=mirror, check=False, capture_output=True).returncode == 0
