"""A git of ours takes the memory that it may, and ends when it is told to."""

import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.git import process as git_process
from repo_backup.git.fsck import check_mirror
from repo_backup.git.mirror import Mirror
from repo_backup.git.process import run_git
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.runtime import cancellation as stopping
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import InterruptedRunError, UnfitMachineError

_MIB = 1 << 20
_MUCH = 1 << 30


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git that takes all of its input and then goes on for ever; the file with its process id."""
    file = tmp_path / "pid"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = help ] && exit\ncat > /dev/null\n'
        f"echo $$ > {file}.new\nmv {file}.new {file}\nexec sleep 600\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return file


def _requested_when(file: Path, stop: CancellationToken) -> None:
    while not file.exists():
        time.sleep(0.01)
    stop.request("SIGTERM")


def _gone(file: Path) -> bool:
    return not Path(f"/proc/{file.read_text().strip()}").exists()


def _mirror(tmp_path: Path) -> Mirror:
    refs = {"refs/heads/main": "1" * 40}
    known = Advertisement("", refs, {}, "refs/heads/main", None, "sha1", frozenset())
    mirror = Mirror(tmp_path / "slow.git", known)
    mirror.create()
    return mirror


def test_a_long_index_pack_ends_when_the_grace_is_over(
    tmp_path: Path, slow_git: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "GRACE_SECONDS", 0.1)
    stop = CancellationToken()
    threading.Thread(target=_requested_when, args=(slow_git, stop), daemon=True).start()
    with pytest.raises(InterruptedRunError):
        _mirror(tmp_path).receive(iter([b"PACK" + bytes(8)]), ResourceBudget(_MUCH, stop), stop)
    assert _gone(slow_git)


def test_what_an_abandoned_thread_runs_ends_with_the_program(
    tmp_path: Path, slow_git: Path
) -> None:
    stop = CancellationToken()
    codes: list[int] = []

    def work() -> None:
        codes.append(run_git(("fsck",), tmp_path, _MUCH, stop).code)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while not slow_git.exists():
        thread.join(0.01)
    stop.end()
    thread.join(20)
    assert codes == [-9]
    assert _gone(slow_git)
    with pytest.raises(InterruptedRunError):
        run_git(("fsck",), tmp_path, _MUCH, stop)


def test_a_git_that_takes_too_long_is_ended(tmp_path: Path, slow_git: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_git(("grep",), tmp_path, _MUCH, CancellationToken(), seconds=1.0)
    assert _gone(slow_git)


@pytest.fixture(scope="module")
def whole_bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror whose commit has a message of 128 MB, which no git can check in a stream."""
    room = tmp_path_factory.mktemp("bomb")
    repository = init_repository(room / "bomb.git")
    commit_files(repository, {"a": "a"}, branch="main")
    tree = git(repository, "rev-parse", "main^{tree}").strip()
    message = room / "message"
    message.write_bytes(b"a" * (128 * _MIB))
    oid = git(repository, "commit-tree", tree, "-F", str(message)).strip()
    git(repository, "update-ref", "refs/heads/main", oid)
    git(repository, "-c", "pack.compression=1", "repack", "-a", "-d", "-q", "--window=0")
    return repository


@pytest.fixture
def bomb(whole_bomb: Path, tmp_path: Path) -> Path:
    """The same, for one test to spoil."""
    return Path(shutil.copytree(whole_bomb, tmp_path / "bomb.git"))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
@pytest.mark.parametrize("spare", [16 * _MIB, 64 * _MIB], ids=["index-pack", "fsck"])
def test_a_bomb_in_an_archive_ends_its_git_and_names_memory(
    bomb: Path, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    monkeypatch.setattr(git_process, "_DELTA_BYTES", 32 * _MIB)
    with pytest.raises(UnfitMachineError, match="more memory than is available"):
        check_mirror(bomb, None, spare, CancellationToken())


def test_a_pack_that_claims_many_objects_gets_no_more_memory_for_that(
    bomb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_process, "_DELTA_BYTES", 32 * _MIB)
    (pack,) = bomb.glob("objects/pack/*.pack")
    pack.chmod(0o644)
    with pack.open("r+b") as file:
        file.seek(8)
        file.write(struct.pack(">I", 8 << 20))
    with pytest.raises(UnfitMachineError, match="more memory than is available"):
        check_mirror(bomb, None, 16 * _MIB, CancellationToken())


def test_where_there_is_memory_the_same_archive_is_good(bomb: Path) -> None:
    assert check_mirror(bomb, None, _MUCH, CancellationToken()) == ()


def test_what_the_reader_of_a_git_raises_ends_it_and_is_raised(tmp_path: Path) -> None:
    repository = init_repository(tmp_path / "x.git")
    commit_files(repository, {"large": bytes(8 * _MIB)})
    oid = git(repository, "rev-parse", "main:large")

    def read(stream: IO[bytes]) -> None:
        stream.read(10)
        raise UnfitMachineError("enough")

    def feed() -> Iterator[bytes]:
        while True:
            yield f"{oid}\n".encode()

    with pytest.raises(UnfitMachineError, match="enough"):
        run_git(
            ("cat-file", "--batch"), repository, _MUCH, CancellationToken(), feed=feed(), read=read
        )
