"""Ends a long reading early, at a point from which a later one can go on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from repo_backup.runtime.errors import AllowanceSpentError

_WHY = "the run ended before everything was read"


class PausedError(AllowanceSpentError):
    """The reading ends here, so that what it has read so far is stored. Nothing failed."""


@dataclass
class Pause:
    """Decides when a reading of one repository pauses: ``seconds`` after it began.

    It never pauses before it has made progress that a later reading keeps: otherwise readings that
    are paused at once would never come to an end. ``is_taken``: it has paused.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    is_taken: bool = False

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._progressed = False

    def progressed(self) -> None:
        """Note that something was read that no later reading has to read again."""
        self._progressed = True

    def check(self) -> None:
        """Raise PausedError if it is time. Call this only where a later reading can go on."""
        if self.is_taken or (self._progressed and self.clock() - self._began >= self.seconds):
            self.is_taken = True
            raise PausedError(_WHY)
