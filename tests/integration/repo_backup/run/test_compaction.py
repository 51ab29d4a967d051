"""A chain that has grown long gets a new base, in which nothing is lost that any run stored."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.main import main
from repo_backup.kinds.git import compaction
from repo_backup.store.s3 import S3Store
from tests.integration.repo_backup.conftest import Bucket, Destination, refs
from tests.integration.repo_backup.run.overlay_runs import killed_behind

RUNS = [f"2026-11-{day:02}T17-00-00Z" for day in range(1, 20)]
ONLY = ("--only", "hello", "--no-drill", "--no-wikis")


@pytest.fixture
def hello(upstream: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository upstream; half of a small base is enough for a new one."""
    monkeypatch.setattr(compaction, "LEAST_BYTES", 0)
    return upstream("hello")


def backup(s3: Bucket, number: int, *arguments: str) -> int:
    """The run of a day."""
    return s3.backup(*ONLY, *arguments, run_id=RUNS[number])


def restored(s3: Bucket, into: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """What is restored: the refs of upstream, and the pins."""
    fixed = ["restore", "octo/hello", "--source", s3.location, "--into", str(into)]
    assert main([*fixed, *arguments]) == 0
    mirror = into / "hello.git"
    git(mirror, "fsck", "--full", "--strict", "--no-dangling")
    found = refs(mirror)
    return [each for each in found if "refs/kept/" not in each], [
        each for each in found if "refs/kept/" in each
    ]


def entry(s3: Bucket, number: int) -> Any:
    """What a run wrote of the repository."""
    return s3.entry("hello", RUNS[number])


def rewritten(s3: Bucket, hello: Path) -> tuple[list[str], list[str]]:
    """A base and an overlay, and then another history upstream; both states before."""
    assert backup(s3, 0) == 0
    first = refs(hello)
    commit_files(hello, {"topic.txt": "1\n" * 999}, branch="topic")
    commit_files(hello, {"lost.txt": "1\n"}, message="Lost")
    git(hello, "tag", "--annotate", "--message", "Moves", "moves", "topic")
    assert backup(s3, 1) == 0
    second = refs(hello)
    git(hello, "update-ref", "-d", "refs/heads/topic")
    git(hello, "tag", "--force", "--annotate", "--message", "Moved", "moves", "main~1")
    git(hello, "update-ref", "refs/heads/main", "main~1")
    commit_files(hello, {"new.txt": "new\n"}, message="New")
    return first, second


def test_no_new_base_is_made_while_a_suspicion_is_open(
    s3: Bucket, hello: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup(s3, 0)
    tip = git(hello, "commit-tree", "main^{tree}", "-m", "Pay")
    for name in git(
        hello, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags"
    ).split():
        git(hello, "update-ref", name, tip)
    backup(s3, 1)
    for number in (2, 3):
        commit_files(hello, {"new.txt": f"{number}\n" * 9999}, message="New")
        backup(s3, number)
    assert entry(s3, 3)["chain"]["links"] == 3
    capsys.readouterr()
    assert main(["acknowledge", RUNS[1], "--source", s3.location]) == 0
    commit_files(hello, {"new.txt": "4\n"}, message="New")
    backup(s3, 4)
    assert "chain" not in entry(s3, 4)


def test_a_new_base_keeps_what_upstream_has_rewritten(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    lost = {"heads/topic", "heads/main", "tags/moves"}
    first, second = rewritten(s3, hello)
    assert backup(s3, 2) == 0
    made = entry(s3, 2)
    assert (made["archive"]["run_id"], made.get("chain")) == (RUNS[2], None)
    days = [first, second, refs(hello)]
    assert backup(s3, 3) == 0
    assert entry(s3, 3)["state"] == "unchanged"
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(s3, 4) == 0
    assert entry(s3, 4)["chain"]["links"] == 1
    days += [days[-1], refs(hello)]
    for number, day in enumerate(days):
        found, pins = restored(s3, tmp_path / str(number), "--at", RUNS[number])
        assert found == day
        names = {each.split()[0].removeprefix(f"refs/kept/{RUNS[1]}/") for each in pins}
        assert names == (lost if number >= 2 else set())
    before = dict(line.split() for line in second[1:])
    assert {each.split()[1] for each in pins} == {before[f"refs/{name}"] for name in lost}
    assert main(["verify", "--source", s3.location, "--all"]) == 0


def test_what_is_fetched_anew_does_not_push_pins_out(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    rewritten(s3, hello)
    assert backup(s3, 2) == 0
    pins = restored(s3, tmp_path / "before")[1]
    assert backup(s3, 3, "--full") == 0
    assert restored(s3, tmp_path / "after") == (refs(hello), pins)
    commit_files(hello, {"newer.txt": "newer\n"}, message="Newer")
    assert backup(s3, 4) == 0
    assert entry(s3, 4).get("chain") is None
    assert restored(s3, tmp_path / "again") == (refs(hello), pins)


def test_an_archive_that_was_replaced_by_another_is_put_together_of_its_earlier_version(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    rewritten(s3, hello)
    s3.client.put_object(Bucket=s3.name, Key="github_backups/octo/hello.zip", Body=b"foreign")
    assert backup(s3, 2) == 0
    assert entry(s3, 2).get("chain") is None
    found, pins = restored(s3, tmp_path / "out")
    assert (found, len(pins)) == (refs(hello), 3)


def test_a_run_killed_behind_a_new_base_leaves_earlier_runs_as_they_were(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    first, second = rewritten(s3, hello)
    killed_behind(partial(backup, s3, 2), S3Store, "put_archive", r"/hello\.zip")
    assert backup(s3, 3) == 0
    for number, day in ((0, first), (1, second), (3, refs(hello))):
        found, pins = restored(s3, tmp_path / str(number), "--at", RUNS[number])
        assert found == day
    assert len(pins) == 3


def test_a_folder_never_replaces_a_base_by_itself(destination: Destination, hello: Path) -> None:
    for number in range(4):
        commit_files(hello, {"new.txt": f"{number}\n" * 99}, message="New")
        assert destination.backup(*ONLY, run_id=RUNS[number]) == 0
    assert destination.entry("hello", RUNS[3])["chain"]["links"] == 3


KEEP = ("--keep-pins-days", "3")


def pinned_twice(s3: Bucket, hello: Path, *, at: int, acknowledge: bool = True) -> list[str]:
    """A new base with pins of day 1, then another on day ``at``; what that has pinned."""
    rewritten(s3, hello)
    assert backup(s3, 2, *KEEP) == 0
    if acknowledge:
        main(["acknowledge", RUNS[2], "--source", s3.location])
    commit_files(hello, {"newer.txt": "newer\n" * 9999}, message="Newer")
    assert backup(s3, at - 1, *KEEP) == 0
    commit_files(hello, {"newest.txt": "newest\n" * 9999}, message="Newest")
    assert backup(s3, at, *KEEP) == 0
    return restored(s3, hello.parent / "pins")[1]


def test_a_pin_is_left_out_of_a_new_base_once_it_is_old_enough_and_stays_in_the_version_before(
    s3: Bucket, hello: Path, tmp_path: Path
) -> None:
    assert pinned_twice(s3, hello, at=6) == []
    assert len(restored(s3, tmp_path / "before", "--at", RUNS[2])[1]) == 3


def test_a_pin_that_is_not_old_enough_stays(s3: Bucket, hello: Path) -> None:
    assert len(pinned_twice(s3, hello, at=4)) == 3


def test_a_ref_of_upstream_s_own_is_no_pin_of_ours(s3: Bucket, hello: Path) -> None:
    name = f"refs/kept/{RUNS[1]}/heads/mine"
    git(hello, "update-ref", name, git(hello, "commit-tree", "main^{tree}", "-m", "Mine"))
    assert [each.split()[0] for each in pinned_twice(s3, hello, at=6)] == [name]
