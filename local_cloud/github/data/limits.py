"""GitHub's limits: hourly rate limits, secondary limits, and the size of an answer.

The numbers are GitHub's: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
and https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Resource = Literal["core", "graphql"]

HOUR_SECONDS = 3600
MINUTE_SECONDS = 60
MOST_NODES = 500_000


@dataclass
class Allowance:
    """What one token has left of one rate limit until ``resets_at`` (seconds since 1970)."""

    limit: int
    resets_at: float
    used: int = 0

    @property
    def remaining(self) -> int:
        """Points or requests left; never below 0."""
        return max(0, self.limit - self.used)


@dataclass
class Limits:
    """What may be changed while the stand-in serves; None takes a limit away.

    ``core`` and ``graphql`` are the requests and points an hour of each token, ``anonymous`` those
    without one. ``deep_items`` is how far a list of issues can be paged by number: longer lists
    are paged by cursors. ``releases`` is how many are listed. ``heaviest_nodes``: a query that
    asks for more nodes is answered 502, and its points are deducted. ``partial_nodes``: an answer
    that holds as many nodes says null for the rest. ``forbidden_nodes``: of a list that the token
    may not read GraphQL tells the count, and null for each node; otherwise null for the list, and
    so for the repository. (Nobody has said which it is.) ``core_a_minute`` and
    ``graphql_a_minute`` are secondary limits (GitHub's are 900 and 2,000 points).
    """

    core: int = 5000
    graphql: int = 5000
    anonymous: int = 60
    deep_items: int = 10_000
    releases: int = 1000
    heaviest_nodes: int | None = None
    partial_nodes: int | None = None
    forbidden_nodes: bool = True
    core_a_minute: int | None = None
    graphql_a_minute: int | None = None
    now: Callable[[], float] = time.time
    _allowances: dict[tuple[str, Resource], Allowance] = field(default_factory=dict)
    _minutes: dict[tuple[str, Resource], list[float]] = field(default_factory=dict)

    def allowance(self, token: str, resource: Resource) -> Allowance:
        """What this token (empty: no token) has left in this hour."""
        found = self._allowances.get((token, resource))
        if not found or self.now() >= found.resets_at:
            whole = self.graphql if resource == "graphql" else self.core
            limit = whole if token else self.anonymous
            found = Allowance(limit, self.now() + HOUR_SECONDS)
            self._allowances[token, resource] = found
        return found

    def wait_seconds(self, token: str, resource: Resource) -> int:
        """The seconds that a token must wait for a secondary limit; 0 if it need not."""
        most = self.graphql_a_minute if resource == "graphql" else self.core_a_minute
        if most is None:
            return 0
        now = self.now()
        recent = [e for e in self._minutes.get((token, resource), ()) if now - e < MINUTE_SECONDS]
        self._minutes[token, resource] = recent
        if len(recent) >= most:
            return int(recent[0] + MINUTE_SECONDS - now) + 1
        recent.append(now)
        return 0

    def headers(self, token: str, resource: Resource) -> dict[str, str]:
        """The headers about the rate limit in each answer."""
        left = self.allowance(token, resource)
        return {
            "X-RateLimit-Limit": str(left.limit),
            "X-RateLimit-Remaining": str(left.remaining),
            "X-RateLimit-Used": str(left.used),
            "X-RateLimit-Reset": str(int(left.resets_at)),
            "X-RateLimit-Resource": resource,
        }
