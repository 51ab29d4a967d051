"""The gate that holds back all requests during a rate limit of GitHub."""

import threading
import time

from repo_backup.runtime.cancellation import CancellationToken


class RateLimitGate:
    """One gate before every request to GitHub, closed while GitHub asks us to wait.

    GitHub's limits count API and git requests:
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    def __init__(self, stop: CancellationToken) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._open_at = 0.0

    def pause(self, seconds: float) -> None:
        """Hold back every request for ``seconds`` from now."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self) -> None:
        """Return once the gate is open. Raises InterruptedRunError if the run is stopped first."""
        while (left := self._open_at - time.monotonic()) > 0:
            self._stop.sleep(left)
