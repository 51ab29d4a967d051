"""Limits on the disk and memory that parallel work may use at the same time."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from repo_backup.runtime.cancellation import CancellationToken

_MEMINFO = Path("/proc/meminfo")
_CGROUPS, _OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Files by cgroup controller (version 2 has no name): limit, usage, and the cache within usage."""
_UNKNOWN_MEMORY_BYTES = 1 << 30
_WAKE_SECONDS = 1.0


class Reservation:
    """A reserved amount. ``keep`` gives back what turns out not to be needed."""

    def __init__(self, amount: int, give_back: Callable[[int], None]) -> None:
        self.amount = amount
        self._give_back = give_back

    def keep(self, amount: int) -> None:
        """Give back all but ``amount``."""
        if amount < self.amount:
            rest, self.amount = self.amount - amount, amount
            self._give_back(rest)


class Allowance:
    """An amount that can be used once; None is unlimited."""

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self._left = total
        self._changing = threading.Lock()

    def take(self, amount: int) -> bool:
        """Use ``amount``. Returns False, and uses nothing, if less than that is left."""
        with self._changing:
            if self._left is None:
                return True
            if amount > self._left:
                return False
            self._left -= amount
            return True

    def give_back(self, amount: int) -> None:
        """Return an amount that was taken and not needed."""
        with self._changing:
            if self._left is not None:
                self._left += amount


class ResourceBudget:
    """An amount shared by threads. A reservation waits until enough of it is free.

    Requests are served in order, so that small ones cannot delay a large one for ever.
    """

    def __init__(self, total: int, stop: CancellationToken) -> None:
        self.total = total
        self._stop = stop
        self._reserved = 0
        self._waiting: list[object] = []
        self._returned = threading.Condition()

    @contextlib.contextmanager
    def reserve(self, amount: int) -> Iterator[Reservation]:
        """Reserve ``amount`` for the block. More than the total is granted if nothing else is
        reserved.

        Raises InterruptedRunError if the run is stopped while waiting.
        """
        ticket = object()
        with self._returned:
            self._waiting.append(ticket)
            try:
                while self._waiting[0] is not ticket or not self._has(amount):
                    self._returned.wait(_WAKE_SECONDS)
                    self._stop.sleep(0)
                self._reserved += amount
            finally:
                self._waiting.remove(ticket)
                self._returned.notify_all()
        reservation = Reservation(amount, self._take_back)
        try:
            yield reservation
        finally:
            self._take_back(reservation.amount)

    def _take_back(self, amount: int) -> None:
        with self._returned:
            self._reserved -= amount
            self._returned.notify_all()

    def _has(self, amount: int) -> bool:
        return not self._reserved or self._reserved + amount <= self.total


def available_memory_bytes() -> int:
    """Free memory in bytes, of the machine or this process's control group; else a guess."""
    return max(0, min([_machine_memory(), *_group_memory(_CGROUPS, _OWN_CGROUPS)]))


def _group_memory(root: Path, own: Path) -> Iterator[int]:
    """The free memory of each control group of this process, and of the container's root group.

    The file cache counts as free, because the kernel can drop it at once.
    """
    lines = [line.split(":", 2) for line in own.read_text().splitlines()] if own.exists() else []
    places = [(controllers, path.lstrip("/")) for _, controllers, path in lines]
    for controller, inside in [*places, *((name, "") for name in _FILES)]:
        limit, used, cache = _FILES.get(controller, ("", "", ""))
        directory = root / controller / inside
        if limit:
            with contextlib.suppress(OSError, ValueError):
                free = int((directory / limit).read_text()) - int((directory / used).read_text())
                yield free + _statistic(directory / "memory.stat", cache)


def _statistic(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0


def _machine_memory() -> int:
    with contextlib.suppress(OSError):
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return _UNKNOWN_MEMORY_BYTES
