"""Bounded retries with jitter."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import TransientError, UnreachedError

LONGEST_PAUSE_SECONDS = 3900.0
"""GitHub's primary rate limit resets within the hour; longer waits are refused."""
ATTEMPTS_UNREACHED = 2
"""For a host that has never answered, so that a missing network is reported within seconds."""
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How often an action is tried; ``stop`` interrupts the waits in between."""

    stop: CancellationToken
    attempts: int = 5

    def call(self, action: Callable[[], T]) -> T:
        """The action's result. A TransientError is retried with growing, jittered delays.

        A host that never answered is tried twice. A server's ``Retry-After`` is honoured up to
        ``LONGEST_PAUSE_SECONDS``; beyond that, and after the last attempt, the error is raised.
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
