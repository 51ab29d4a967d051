"""How much may be in flight: disk and memory are shared by all that work at once."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from repo_backup.stop import Stop

_MEMINFO = Path("/proc/meminfo")
_CGROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
_UNKNOWN_MEMORY_BYTES = 1 << 30
_WAKE_SECONDS = 1.0


class Budget:
    """An amount that is lent out; whoever asks for more than there is waits for the others.

    Who asked first is served first, or a large request would wait for as long as small ones come.
    """

    def __init__(self, total: int, stop: Stop) -> None:
        self.total = total
        self._stop = stop
        self._lent = 0
        self._waiting: list[object] = []
        self._returned = threading.Condition()

    @contextlib.contextmanager
    def lend(self, amount: int) -> Iterator[None]:
        """Hold ``amount`` for the block. More than the total is lent to one that is alone.

        Raises InterruptedRunError when told to stop while waiting.
        """
        ticket = object()
        with self._returned:
            self._waiting.append(ticket)
            try:
                while self._waiting[0] is not ticket or not self._has(amount):
                    self._returned.wait(_WAKE_SECONDS)
                    self._stop.sleep(0)
                self._lent += amount
            finally:
                self._waiting.remove(ticket)
                self._returned.notify_all()
        try:
            yield
        finally:
            with self._returned:
                self._lent -= amount
                self._returned.notify_all()

    def _has(self, amount: int) -> bool:
        return not self._lent or self._lent + amount <= self.total


def available_memory_bytes() -> int:
    """What this machine, or the control group that confines us, has left; a guess elsewhere."""
    found = [_machine_memory()]
    for limit, used in _CGROUP_FILES:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
    return max(0, min(found))


def _machine_memory() -> int:
    with contextlib.suppress(OSError):
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return _UNKNOWN_MEMORY_BYTES
