"""Ends a long reading early, at a point from which a later one can go on."""

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from repo_backup.hosts.github.api.allowance import Resource
from repo_backup.runtime.errors import AllowanceSpentError

LONG_WAIT_SECONDS = 60.0
"""A longer wait for GitHub's limits is worth storing what was read before it."""
_WHY = "the run ended before everything was read"


class PausedError(AllowanceSpentError):
    """The reading ends here, so that what it has read so far is stored. Nothing failed."""


@dataclass
class Pause:
    """Decides when a reading of one repository pauses: ``seconds`` after it began, or before it has
    to wait long; never if ``seconds`` are infinite.

    It never pauses before it has made progress that a later reading keeps: otherwise readings that
    are paused at once would never come to an end. ``wait_seconds`` returns how long a request
    that counts against one of these limits would have to wait. ``is_taken``: it has paused.
    """

    seconds: float
    wait_seconds: Callable[[Collection[Resource]], float] = lambda limits: 0.0
    clock: Callable[[], float] = time.monotonic
    is_taken: bool = False

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._progressed = False

    def progressed(self) -> None:
        """Note that something was read that no later reading has to read again."""
        self._progressed = True

    def check(self, *limits: Resource) -> None:
        """Raise PausedError if it is time. Call this only where a later reading can go on.

        ``limits`` are those that the next requests count against.
        """
        if self.is_taken or (self._progressed and self._is_time(limits)):
            self.is_taken = True
            raise PausedError(_WHY)

    def _is_time(self, limits: Collection[Resource]) -> bool:
        if math.isinf(self.seconds):
            return False
        elapsed = self.clock() - self._began
        return elapsed >= self.seconds or self.wait_seconds(limits) >= LONG_WAIT_SECONDS
