"""How much of GitHub's hourly limits a run may use, and how many requests it makes side by side.

REST and GraphQL have a limit each, in requests and in points:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import contextlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AllowanceSpentError

Resource = Literal["core", "graphql"]
"""By GitHub's names in ``X-RateLimit-Resource``."""
SHARE = 0.8
AT_ONCE = 8
"""GitHub allows 100 requests at the same time to one user, whatever program makes them."""
_NAMES: Mapping[Resource, str] = {"core": "REST", "graphql": "GraphQL"}
_SPARE_SECONDS = 1.0
"""GitHub's reset is a whole second."""


@dataclass
class ResourceBudget:
    """One of the limits as the answers tell it. ``limit`` 0: nothing is known of it.

    ``opens_at`` is when the hour ends, by this machine's monotonic clock, ``reset`` the same by
    GitHub's. ``in_flight`` requests are not yet in ``remaining``; each may cost ``heaviest``.
    """

    limit: int = 0
    remaining: int = 0
    reset: int = 0
    opens_at: float = 0.0
    in_flight: int = 0
    heaviest: int = 1

    def wait_seconds(self, share: float, now: float) -> float:
        """How long the next request must wait so that only this share is used. Pure."""
        if not self.limit or now >= self.opens_at:
            return 0.0
        left = self.remaining - (self.in_flight + 1) * self.heaviest
        if left >= math.ceil(self.limit * (1 - share)):
            return 0.0
        # Alone, a request of the whole share's weight would wait for ever: it waits once.
        return self.opens_at - now

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Take what an answer tells; an older answer of the same hour changes nothing."""
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
    """Both limits for all threads of a run. ``counted`` is the number of requests by purpose.

    ``share`` of each hour's limit is used at most, ``at_once`` requests go side by side, and
    nothing is waited for beyond ``ends_at`` (``time.monotonic``).
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
        self._budgets: dict[Resource, ResourceBudget] = {
            "core": ResourceBudget(),
            "graphql": ResourceBudget(),
        }
        self.counted: Counter[str] = Counter()

    @contextlib.contextmanager
    def request(self, resource: Resource, purpose: str) -> Iterator[None]:
        """One request's place; waits for the next hour where this one's share is used.

        Raises AllowanceSpentError when the run ends before, InterruptedRunError when told to stop.
        """
        while True:
            with self._slots:
                wait = self._begin(resource, purpose)
                if not wait:
                    try:
                        yield
                    finally:
                        with self._lock:
                            self._budgets[resource].in_flight -= 1
                    return
            self.sleep(resource, wait)

    def _begin(self, resource: Resource, purpose: str) -> float:
        """Count a request that may go now, else say how long it must wait."""
        with self._lock:
            budget = self._budgets[resource]
            wait = budget.wait_seconds(self._share, self._clock())
            if not wait:
                budget.in_flight += 1
                self.counted[purpose] += 1
            return wait

    def sleep(self, resource: Resource, seconds: float) -> None:
        """Wait, unless the run ends before: then raise AllowanceSpentError."""
        self.check(resource, seconds)
        self._stop.sleep(seconds)

    def check(self, resource: Resource, seconds: float) -> None:
        """Raise AllowanceSpentError when the run ends before such a wait does."""
        if self._clock() + seconds > self._ends_at:
            raise AllowanceSpentError(
                f"this hour's share of GitHub's {_NAMES[resource]} limit is used; "
                f"the next hour begins in {math.ceil(seconds / 60)} min"
            )

    def learn(self, resource: Resource, headers: Mapping[str, str]) -> None:
        """Take the limit from an answer's ``X-RateLimit-*``; without them nothing is limited."""
        with self._lock:
            self._budgets[resource].learn(headers, self._clock())


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 13 else None


def _answered_at(headers: Mapping[str, str]) -> float:
    """When, by GitHub's clock: a machine's own may be wrong by hours."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(headers.get("Date", ""))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return time.time()
