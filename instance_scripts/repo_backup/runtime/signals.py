"""Signal handlers: a backup stops gracefully, other commands at once; no git process is left."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import InterruptedRunError


@contextlib.contextmanager
def graceful_stop(stop: CancellationToken) -> Iterator[None]:
    """Within the block, a signal requests a stop and a second signal ends the program at once.

    On leaving, the processes of abandoned threads are killed.
    """

    def request(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise InterruptedRunError(f"{signal.Signals(number).name}, the second signal")
        stop.request(signal.Signals(number).name)

    try:
        with _handled(request):
            yield
    finally:
        stop.end()


@contextlib.contextmanager
def immediate_stop() -> Iterator[None]:
    """Within the block, a signal raises InterruptedRunError, so that clean-up code runs."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise InterruptedRunError(signal.Signals(number).name)

    with _handled(interrupt):
        yield


@contextlib.contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
