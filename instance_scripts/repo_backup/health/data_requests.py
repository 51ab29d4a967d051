"""What it takes to read an account's project data: requests, and hours of GitHub's limits. Pure.

Counts of issues, pull requests and discussions are GitHub's; what is said in them is assumed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PAGE = 100
COMMENTS, EVENTS, REVIEW_COMMENTS = 3, 5, 3
"""Of an issue or pull request; the last of a pull request alone."""
LISTS = 16
"""Of each repository once a week, mostly settings: all that has neither counts nor dates."""
_USED_LISTS = 5
"""Further ones of a repository that has issues or pull requests, the first time."""
_ISSUES_AT_ONCE, _PULLS_AT_ONCE, _DISCUSSIONS_AT_ONCE, _SENTINEL_AT_ONCE = 100, 50, 25, 50
_POINTS = {"issues": 3, "pulls": 12, "discussions": 7, "repositories": 4}
"""Of one GraphQL question for as many: a point for each hundred connections.
https://docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api"""
_ROTATION_WEEKS = 12
LIMIT, SHARE_PERCENT = 5000, 80
"""Requests an hour by REST, points an hour by GraphQL; and what a run uses of them at most."""


@dataclass(frozen=True)
class DataRequests:
    """Requests of the first run, and of a week in which nothing changes.

    ``hours`` are those of GitHub's limits that they use up, whichever of the two lasts longer.
    """

    first: int
    first_hours: float
    week: int
    week_hours: float


def data_requests(counts: Iterable[Mapping[str, int]]) -> DataRequests:
    """For repositories of which GitHub counts so many issues, pull requests and discussions."""
    every = list(counts)
    issues, pulls, discussions = (
        sum(each.get(name, 0) for each in every) for name in ("issues", "pulls", "discussions")
    )
    items = issues + pulls
    used = sum(bool(each.get("issues") or each.get("pulls")) for each in every)
    lists = len(every) * LISTS
    listed = items * (1 + COMMENTS + EVENTS) + pulls * (1 + REVIEW_COMMENTS)
    first = lists + used * _USED_LISTS + math.ceil(listed / PAGE)
    asked = {
        "issues": math.ceil(issues / _ISSUES_AT_ONCE),
        "pulls": math.ceil(pulls / _PULLS_AT_ONCE),
        "discussions": math.ceil(discussions / _DISCUSSIONS_AT_ONCE),
        "repositories": math.ceil(len(every) / _SENTINEL_AT_ONCE),
    }
    points = sum(count * _POINTS[name] for name, count in asked.items())
    again = math.ceil((items + discussions) / _ROTATION_WEEKS / PAGE) + asked["repositories"]
    return DataRequests(
        first + sum(asked.values()),
        _hours(max(first, points)),
        lists + again,
        _hours(lists + again),
    )


def data_assumptions() -> list[str]:
    """What the figures rest on, for people."""
    return [
        f"project data: {COMMENTS} comments and {EVENTS} events an issue or pull request, "
        f"{REVIEW_COMMENTS} review comments a pull request, {PAGE} of each a request",
        f"{LISTS} requests a repository each week for settings and what else has no dates",
        f"{LIMIT} requests an hour, of which a run uses {SHARE_PERCENT} %",
    ]


def _hours(requests: int) -> float:
    return requests * 100 / (LIMIT * SHARE_PERCENT)
