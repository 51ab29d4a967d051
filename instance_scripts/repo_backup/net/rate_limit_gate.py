"""Gates that hold back requests during a rate limit of GitHub or of a server of files."""

import threading
import time

from repo_backup.net.origins import Origin
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import TransientError

_LONGEST_WAIT_SECONDS = 30.0
"""A download waits this long at a closed gate; its caller decides about longer waits."""


class RateLimitGate:
    """One gate before every request to GitHub's API and git, closed while GitHub asks us to wait.

    GitHub's limits count API and git requests:
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    def __init__(self, stop: CancellationToken) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._open_at = 0.0
        self._of_files: dict[Origin, FileGate] = {}

    def pause(self, seconds: float) -> None:
        """Hold back every request for ``seconds`` from now."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self) -> None:
        """Return once the gate is open. Raises InterruptedRunError if the run is stopped first."""
        while (left := self.seconds_left) > 0:
            self._stop.sleep(left)

    @property
    def seconds_left(self) -> float:
        """How long the gate stays closed; 0 or less if it is open."""
        return self._open_at - time.monotonic()

    def of_files(self, where: Origin) -> "FileGate":
        """The separate gate before downloads from one origin, which have limits of their own."""
        with self._lock:
            return self._of_files.setdefault(where, FileGate(self._stop, where[1]))


class FileGate(RateLimitGate):
    """A gate before the downloads from ``host``, at which nobody waits for long."""

    def __init__(self, stop: CancellationToken, host: str) -> None:
        super().__init__(stop)
        self._host = host

    def wait(self) -> None:
        """Return once the gate is open.

        Raises TransientError with the time left if that is more than half a minute, and
        InterruptedRunError if the run is stopped first.
        """
        if (left := self.seconds_left) > _LONGEST_WAIT_SECONDS:
            raise TransientError(f"{self._host} asked to wait; {left:.0f} s are left", left)
        super().wait()
