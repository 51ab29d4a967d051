"""How much may be in flight: disk and memory are shared by all that work at once."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from repo_backup.runtime.cancellation import Stop

_MEMINFO = Path("/proc/meminfo")
_CGROUPS, _OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""By controller, that of version 2 having no name: limit, usage, and what is cache in the usage."""
_UNKNOWN_MEMORY_BYTES = 1 << 30
_WAKE_SECONDS = 1.0


class Loan:
    """What was lent. It may turn out to be too much: ``keep`` gives the rest back."""

    def __init__(self, amount: int, give_back: Callable[[int], None]) -> None:
        self.amount = amount
        self._give_back = give_back

    def keep(self, amount: int) -> None:
        """Give back all but so much."""
        if amount < self.amount:
            rest, self.amount = self.amount - amount, amount
            self._give_back(rest)


class Allowance:
    """An amount that is used up; None is without end."""

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self._left = total
        self._changing = threading.Lock()

    def take(self, amount: int) -> bool:
        """Use so much of it; False, and nothing is used, where so much is not left."""
        with self._changing:
            if self._left is None:
                return True
            if amount > self._left:
                return False
            self._left -= amount
            return True

    def give_back(self, amount: int) -> None:
        """What was taken was not needed."""
        with self._changing:
            if self._left is not None:
                self._left += amount


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
    def lend(self, amount: int) -> Iterator[Loan]:
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
        loan = Loan(amount, self._take_back)
        try:
            yield loan
        finally:
            self._take_back(loan.amount)

    def _take_back(self, amount: int) -> None:
        with self._returned:
            self._lent -= amount
            self._returned.notify_all()

    def _has(self, amount: int) -> bool:
        return not self._lent or self._lent + amount <= self.total


def available_memory_bytes() -> int:
    """What this machine, or the control group that confines us, has left; a guess elsewhere."""
    return max(0, min([_machine_memory(), *_group_memory(_CGROUPS, _OWN_CGROUPS)]))


def _group_memory(root: Path, own: Path) -> Iterator[int]:
    """What each control group has left that this process is in, or that is all of a container.

    What it could give up at once, the cache of files, is not in use.
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
