"""One command, measured from outside: time, processor time and memory of its whole process tree."""

import contextlib
import os
import subprocess
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


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Sample:
    """Run it to its end; what it prints goes to ``log``."""
    with log.open("ab") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        peak = [0.0]
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
        watcher.start()
        guard = threading.Timer(_LONGEST_SECONDS, process.kill)
        guard.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        guard.cancel()
        done.set()
        watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(process.returncode, wall, usage.ru_utime + usage.ru_stime, peak[0])


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
