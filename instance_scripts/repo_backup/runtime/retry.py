"""Patience: bounded, jittered retries, and one pause for all when the server asks for it."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import TransientError

LONGEST_PAUSE_SECONDS = 3900.0
"""A primary rate limit of GitHub resets within the hour; nothing longer is waited for."""
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0

T = TypeVar("T")


class Limiter:
    """One gate before every request to GitHub, API and git alike: closed while it asks us to wait.

    GitHub counts both: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._open_at = 0.0

    def pause(self, seconds: float) -> None:
        """Hold every request back for that long from now."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self) -> None:
        """Return when requests may go. Raises InterruptedRunError when told to stop meanwhile."""
        while (left := self._open_at - time.monotonic()) > 0:
            self._stop.sleep(left)


@dataclass(frozen=True)
class Patience:
    """How often something is tried, and how long in between."""

    stop: Stop
    attempts: int = 5

    def call(self, action: Callable[[], T]) -> T:
        """The action's result; a TransientError is retried with growing, fully jittered delays.

        A server's ``Retry-After`` is honoured, up to ``LONGEST_PAUSE_SECONDS``: beyond that, and
        after the last attempt, the error is raised.
        """
        for attempt in range(1, self.attempts):
            try:
                return action()
            except TransientError as error:
                asked = error.retry_after_seconds
                if asked is not None and asked > LONGEST_PAUSE_SECONDS:
                    raise
                longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempt)
                jitter = random.uniform(longest / 10, longest)  # noqa: S311 - no secret
                self.stop.sleep(jitter + (asked or 0.0))
        return action()
