"""Requests to stop: from a signal, a spot interruption notice, or a lost lease."""

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

CLEANUP_SECONDS = 2.0
"""How long each clean-up step of an interrupted run may take, even if the store hangs."""

_WAKE_SECONDS = 0.2
T = TypeVar("T")


class Child(Protocol):
    """A process that this one started."""

    def kill(self) -> None:
        """Kill it, unless it has ended."""


C = TypeVar("C", bound=Child)


class CancellationToken:
    """A request to stop, seen by every thread. No new work starts after it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""
        self._requested_at = 0.0
        self._children: list[Child] = []
        self._ended = False
        self._lock = threading.Lock()

    def request(self, reason: str) -> None:
        """Request a stop; the first reason counts. Safe to call from a signal handler."""
        if not self._event.is_set():
            self._reason, self._requested_at = reason, time.monotonic()
            self._event.set()

    @property
    def requested(self) -> bool:
        """Whether a stop was requested, so that no new work may start."""
        return self._event.is_set()

    @property
    def reason(self) -> str:
        """Why a stop was requested; empty if none was."""
        return self._reason

    def check(self) -> None:
        """Raise :class:`InterruptedRunError` once the grace period for work in flight is over."""
        if self.requested and time.monotonic() - self._requested_at > GRACE_SECONDS:
            raise InterruptedRunError(self._reason)

    def sleep(self, seconds: float) -> None:
        """Wait; raise :class:`InterruptedRunError` as soon as a stop is requested."""
        if self._event.wait(seconds):
            raise InterruptedRunError(self._reason)

    def wait(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for a request to stop. Returns whether it came."""
        return self._event.wait(seconds)

    def begin(self, work: Callable[[], T], name: str) -> Callable[[], T]:
        """Start work in a thread that a request to stop abandons.

        Returns a function that waits for the result. It raises what the work raises, and
        :class:`InterruptedRunError` once a stop is requested.
        """
        future = in_background(work, name)

        def result() -> T:
            while not wait([future], _WAKE_SECONDS).done:
                if self.requested:
                    raise InterruptedRunError(self._reason)
            return future.result()

        return result

    def cleanup(self, work: Callable[[], None], name: str) -> None:
        """Run a clean-up step; after a request to stop, for at most ``CLEANUP_SECONDS``.

        A BackupError in it is suppressed: the error that ends the run is already being raised.
        """

        def step() -> None:
            with contextlib.suppress(BackupError):
                work()

        thread = threading.Thread(target=step, daemon=True, name=name)
        thread.start()
        while thread.is_alive() and not self.requested:
            thread.join(_WAKE_SECONDS)
        thread.join(CLEANUP_SECONDS)

    @contextlib.contextmanager
    def child(self, start: Callable[[], C]) -> Iterator[C]:
        """A process for the block, which ``end`` kills even if the block's thread is abandoned.

        Raises InterruptedRunError if the program is ending.
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
        """Kill the processes of abandoned threads, which would outlive the program."""
        with self._lock:
            self._ended = True
            for process in self._children:
                process.kill()
