"""One limiter for GitHub's API and git."""

import threading
import time

from repo_backup.runtime.cancellation import Stop


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
