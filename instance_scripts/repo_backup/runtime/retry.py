"""Patience: bounded, jittered retries, and one pause for all when the server asks for it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import TransientError, UnreachedError

LONGEST_PAUSE_SECONDS = 3900.0
"""A primary rate limit of GitHub resets within the hour; nothing longer is waited for."""
ATTEMPTS_UNREACHED = 2
"""A machine without a network is told so within seconds; what has answered once is waited for."""
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How often something is tried, and how long in between."""

    stop: Stop
    attempts: int = 5

    def call(self, action: Callable[[], T]) -> T:
        """The action's result; a TransientError is retried with growing, fully jittered delays.

        A host that never answered is tried twice. A server's ``Retry-After`` is honoured, up to
        ``LONGEST_PAUSE_SECONDS``: beyond that, and after the last attempt, the error is raised.
        """
        for attempt in range(1, self.attempts):
            try:
                return action()
            except TransientError as error:
                asked = error.retry_after_seconds
                if asked is not None and asked > LONGEST_PAUSE_SECONDS:
                    raise
                if isinstance(error, UnreachedError) and attempt >= ATTEMPTS_UNREACHED:
                    raise
                longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempt)
                jitter = random.uniform(longest / 10, longest)  # noqa: S311 - no secret
                self.stop.sleep(jitter + (asked or 0.0))
        return action()
