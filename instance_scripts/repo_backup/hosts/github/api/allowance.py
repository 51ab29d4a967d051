"""Keeps a run within its share of GitHub's hourly limits, and limits its parallel requests.

REST and GraphQL have separate limits, counted in requests and in points:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import contextlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AllowanceSpentError

Resource = Literal["core", "graphql"]
"""GitHub's names for its limits, as in ``X-RateLimit-Resource``."""
SHARE = 0.8
AT_ONCE = 8
"""GitHub allows each user 100 concurrent requests, over all programs."""
_NAMES: Mapping[Resource, str] = {"core": "REST", "graphql": "GraphQL"}
_SPARE_SECONDS = 1.0
"""GitHub rounds the time of the reset to a whole second."""


@dataclass
class HourlyLimit:
    """One of the limits, as the newest response stated it. ``limit`` 0: not known yet.

    The hour ends at ``reset`` (seconds since the epoch, GitHub's clock), which is ``opens_at`` on
    this machine's monotonic clock. ``in_flight`` requests are not yet counted in ``remaining``;
    each may cost up to ``heaviest``.
    """

    limit: int = 0
    remaining: int = 0
    reset: int = 0
    opens_at: float = 0.0
    in_flight: int = 0
    heaviest: int = 1

    def wait_seconds(self, share: float, now: float) -> float:
        """Seconds that the next request must wait so that no more than ``share`` is used. Pure."""
        if not self.limit or now >= self.opens_at:
            return 0.0
        left = self.remaining - (self.in_flight + 1) * self.heaviest
        if left >= math.ceil(self.limit * (1 - share)):
            return 0.0
        # A request that costs more than the whole share waits for the next hour once, not for ever.
        return self.opens_at - now

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Update the limit from a response's headers; one from an earlier hour changes nothing."""
        limit, left, reset = (
            _number(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset")
        )
        if limit is None or left is None or reset is None or reset < self.reset:
            return
        if reset == self.reset and self.remaining > left and self.in_flight <= 1:
            self.heaviest = max(self.heaviest, self.remaining - left)
        self.remaining = min(left, self.remaining) if reset == self.reset else left
        self.limit, self.reset = limit, reset
        self.opens_at = now + max(0.0, reset - _answered_at(headers)) + _SPARE_SECONDS


class Allowance:
    """Both limits, for all threads of a run. ``counted`` is the number of requests by purpose.

    The run uses at most ``share`` of each hour's limit, makes at most ``at_once`` requests in
    parallel, and does not wait beyond ``ends_at`` (``time.monotonic``).
    """

    def __init__(
        self,
        stop: CancellationToken,
        *,
        share: float = SHARE,
        at_once: int = AT_ONCE,
        ends_at: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop = stop
        self._share = share
        self._ends_at = ends_at
        self._clock = clock
        self._slots = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._limits: dict[Resource, HourlyLimit] = {
            "core": HourlyLimit(),
            "graphql": HourlyLimit(),
        }
        self.counted: Counter[str] = Counter()

    @contextlib.contextmanager
    def request(self, resource: Resource, purpose: str) -> Iterator[None]:
        """Make one request in this block. If this hour's share is used, wait for the next hour.

        Raises AllowanceSpentError if the run ends before that, and InterruptedRunError on
        cancellation.
        """
        while True:
            with self._slots:
                wait = self._begin(resource, purpose)
                if not wait:
                    try:
                        yield
                    finally:
                        with self._lock:
                            self._limits[resource].in_flight -= 1
                    return
            self.sleep(resource, wait)

    def _begin(self, resource: Resource, purpose: str) -> float:
        """Count a request that may be made now, and return 0; else return the seconds to wait."""
        with self._lock:
            limit = self._limits[resource]
            wait = limit.wait_seconds(self._share, self._clock())
            if not wait:
                limit.in_flight += 1
                self.counted[purpose] += 1
            return wait

    def wait_seconds(self, resources: Collection[Resource]) -> float:
        """The longest wait, in seconds, that one of these limits would now impose on a request.

        Waits that last beyond the end of the run do not count.
        """
        with self._lock:
            limits, now = [self._limits[each] for each in resources], self._clock()
            waits = [each.wait_seconds(self._share, now) for each in limits]
        return max((wait for wait in waits if now + wait <= self._ends_at), default=0.0)

    def sleep(self, resource: Resource, seconds: float) -> None:
        """Wait. Raises AllowanceSpentError at once if the run ends before the wait does."""
        self.check(resource, seconds)
        self._stop.sleep(seconds)

    def check(self, resource: Resource, seconds: float) -> None:
        """Raise AllowanceSpentError if the run ends before a wait of this length does."""
        if self._clock() + seconds > self._ends_at:
            raise AllowanceSpentError(
                f"this hour's share of GitHub's {_NAMES[resource]} limit is used; "
                f"the next hour begins in {math.ceil(seconds / 60)} min"
            )

    def learn(self, resource: Resource, headers: Mapping[str, str]) -> None:
        """Update a limit from a response's ``X-RateLimit-*`` headers, if it has them."""
        with self._lock:
            self._limits[resource].learn(headers, self._clock())


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 13 else None


def _answered_at(headers: Mapping[str, str]) -> float:
    """The time of a response by GitHub's clock: this machine's clock may be hours off."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(headers.get("Date", ""))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return time.time()
