"""One command, measured from outside: time, processor time and memory of its whole process tree."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.05
_LONGEST_SECONDS = 1800


@dataclass(frozen=True)
class Sample:
    """What one run took. ``memory_mb`` is the peak of the tree's resident sets, summed."""

    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    memory_mb: float


class _Termination:
    """Raises SystemExit on SIGTERM, but never while a process is being started."""

    def __init__(self) -> None:
        self._starting = self._requested = False

    def handle(self, *_: object) -> None:
        self._requested = True
        if not self._starting:
            sys.exit(128 + signal.SIGTERM)

    def begin_start(self) -> None:
        self._starting = True

    def end_start(self) -> None:
        self._starting = False
        if self._requested:
            sys.exit(128 + signal.SIGTERM)


_termination = _Termination()


def exit_on_sigterm() -> None:
    """Let SIGTERM raise SystemExit, so that servers and measured processes end, too."""
    signal.signal(signal.SIGTERM, _termination.handle)


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Sample:
    """Run it to its end; what it prints goes to ``log``.

    It has a process group of its own, of which nothing is left afterwards: neither when the bench
    is told to end meanwhile, nor after half an hour.
    """
    with log.open("ab") as output:
        started = time.monotonic()
        _termination.begin_start()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
        peak = [0.0]
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
        watcher.start()
        guard = threading.Timer(_LONGEST_SECONDS, _kill_group, (process.pid,))
        guard.start()
        try:
            _termination.end_start()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            guard.cancel()
            done.set()
            watcher.join()
            _kill_group(process.pid)
            process.wait()
    return Sample(process.returncode, wall, usage.ru_utime + usage.ru_stime, peak[0])


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _watch(pid: int, peak: list[float], done: threading.Event) -> None:
    while not done.wait(_SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(_resident_mb(each) for each in _tree(pid)))


def _tree(pid: int) -> list[int]:
    """The process and all below it, but for those that have not become another program yet: they
    share their parent's memory (vfork), which would count twice."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{int(entry.name)}/stat").read_text().rpartition(")")[2].split()
            children[int(fields[1])].append(int(entry.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        own = _command_line(found[-1])
        left += [each for each in children[found[-1]] if _command_line(each) != own]
    return found


def _command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _resident_mb(pid: int) -> float:
    with contextlib.suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0
