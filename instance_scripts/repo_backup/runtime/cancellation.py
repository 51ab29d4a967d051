"""Being told to stop: by a signal, by a spot interruption notice, or by a lost lease."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from typing import Protocol, TypeVar

from repo_backup.runtime.background import in_background
from repo_backup.runtime.errors import BackupError, InterruptedRunError

GRACE_SECONDS = 7.0
"""How long work in flight may go on after the request; an interrupted run ends within 20 s."""

CLOSING_SECONDS = 2.0
"""How long each last word of an interrupted run may take, whatever the store does meanwhile."""

_WAKE_SECONDS = 0.2
T = TypeVar("T")


class Child(Protocol):
    """A process that this one started."""

    def kill(self) -> None:
        """End it at once, if it has not ended."""


C = TypeVar("C", bound=Child)


class Stop:
    """A request to stop, seen by every thread. No new work starts after it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""
        self._requested_at = 0.0
        self._children: list[Child] = []
        self._ended = False
        self._lock = threading.Lock()

    def request(self, reason: str) -> None:
        """Ask for the end; the first reason is kept. Safe to call from a signal handler."""
        if not self._event.is_set():
            self._reason, self._requested_at = reason, time.monotonic()
            self._event.set()

    @property
    def requested(self) -> bool:
        """Whether no new work may start."""
        return self._event.is_set()

    @property
    def reason(self) -> str:
        """Why, or an empty string."""
        return self._reason

    def check(self) -> None:
        """Raise :class:`InterruptedRunError` when the grace for work in flight is over."""
        if self.requested and time.monotonic() - self._requested_at > GRACE_SECONDS:
            raise InterruptedRunError(self._reason)

    def sleep(self, seconds: float) -> None:
        """Wait, unless told to stop before: then raise :class:`InterruptedRunError`."""
        if self._event.wait(seconds):
            raise InterruptedRunError(self._reason)

    def wait(self, seconds: float) -> bool:
        """Wait at most that long for the request; whether it came."""
        return self._event.wait(seconds)

    def begin(self, work: Callable[[], T], name: str) -> Callable[[], T]:
        """Start work that a request to stop leaves behind; what is returned waits for its result.

        That raises what the work raises, and :class:`InterruptedRunError` when told to stop.
        """
        future = in_background(work, name)

        def result() -> T:
            while not wait([future], _WAKE_SECONDS).done:
                if self.requested:
                    raise InterruptedRunError(self._reason)
            return future.result()

        return result

    def closing(self, work: Callable[[], None], name: str) -> None:
        """Do a last thing: to its end, or after a request to stop for two seconds at most.

        A BackupError is of no consequence then: an error that ends the run is under way already.
        """

        def last() -> None:
            with contextlib.suppress(BackupError):
                work()

        thread = threading.Thread(target=last, daemon=True, name=name)
        thread.start()
        while thread.is_alive() and not self.requested:
            thread.join(_WAKE_SECONDS)
        thread.join(CLOSING_SECONDS)

    @contextlib.contextmanager
    def child(self, start: Callable[[], C]) -> Iterator[C]:
        """A process for the block; ``end`` kills it, whatever has become of the block.

        Raises InterruptedRunError when the program is about to end.
        """
        with self._lock:
            if self._ended:
                raise InterruptedRunError(self._reason or "the program ends")
            process = start()
            self._children.append(process)
        try:
            yield process
        finally:
            with self._lock:
                self._children.remove(process)

    def end(self) -> None:
        """Kill what abandoned threads have started, which would outlive the program otherwise."""
        with self._lock:
            self._ended = True
            for process in self._children:
                process.kill()
