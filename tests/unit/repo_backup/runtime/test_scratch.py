"""What a killed process left on the disk is removed; what a living one needs is not."""

import fcntl
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from repo_backup.runtime.errors import InterruptedRunError
from repo_backup.runtime.scratch import scratch_directory

_HOLD = """
import sys
from repo_backup.runtime.scratch import scratch_directory
with scratch_directory() as place:
    (place / "pack").write_bytes(b"x" * 1000)
    print(place, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a directory of its own, and that directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "TMPDIR": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    assert process.stdout
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.communicate()


def test_what_an_interrupted_thread_writes_after_the_removal_is_removed_too(
    tmp_path: Path,
) -> None:
    thread = threading.Thread()

    def write_on(place: Path) -> None:
        while place.exists():
            pass
        (place / "hello.data").mkdir(parents=True)

    def interrupted() -> None:
        nonlocal thread
        with scratch_directory(tmp_path) as place:
            thread = threading.Thread(target=write_on, args=(place,))
            thread.start()
            raise InterruptedRunError("SIGINT")

    with pytest.raises(InterruptedRunError):
        interrupted()
    thread.join()
    assert list(tmp_path.iterdir()) == []


def test_a_living_process_keeps_its_directory(holder: tuple[subprocess.Popen[str], Path]) -> None:
    _, place = holder
    with scratch_directory() as own:
        assert own != place
        assert (place / "pack").exists()


def test_a_killed_process_leaves_nothing_for_long(
    holder: tuple[subprocess.Popen[str], Path], tmp_path: Path
) -> None:
    process, place = holder
    process.kill()
    process.wait()
    assert place.exists()
    with scratch_directory() as own:
        assert [path.name for path in tmp_path.iterdir()] == [own.name]


def test_a_directory_that_was_just_made_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    young, old = tmp_path / "repo_backup.young", tmp_path / "repo_backup.old"
    young.mkdir()
    old.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    with scratch_directory():
        assert young.exists()
        assert not old.exists()


def test_one_that_is_about_to_show_that_it_lives_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    true, others = fcntl.flock, iter([True])

    def flock(file: IO[str], operation: int) -> None:
        if operation == fcntl.LOCK_EX and next(others, False):
            with scratch_directory():  # another process begins at this moment
                pass
        true(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with scratch_directory() as own:
        assert own.exists()
