"""What a signal does: a backup ends in good order, everything else at once, and no git goes on."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import InterruptedRunError


@contextlib.contextmanager
def orderly_end(stop: Stop) -> Iterator[None]:
    """Within the block a signal asks for an orderly end, and a second one for an immediate end.

    No process that an abandoned thread started is left behind the block.
    """

    def request(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise InterruptedRunError("told twice")
        stop.request(signal.Signals(number).name)

    try:
        with _handled(request):
            yield
    finally:
        stop.end()


@contextlib.contextmanager
def immediate_end() -> Iterator[None]:
    """Within the block a signal raises InterruptedRunError, so that everything is put away."""

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
