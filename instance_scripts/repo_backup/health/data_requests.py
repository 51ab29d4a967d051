"""Estimates the requests and hours that it takes to read an account's project data. Pure.

The counts of issues, pull requests and discussions are GitHub's; those of comments are assumed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PAGE = 100
COMMENTS, EVENTS, REVIEW_COMMENTS = 3, 5, 3
"""Per issue or pull request; review comments only per pull request."""
LISTS = 10
"""Requests per repository and week for lists without counts or dates, mostly settings."""
ACCOUNT_LISTS = 12
"""Requests per account and week, except for its teams and projects."""
_USED_LISTS = 5
"""Further requests of the first run per repository that has issues or pull requests."""
_ITEMS_AT_ONCE, _DISCUSSIONS_AT_ONCE, _SENTINEL_AT_ONCE = 200, 25, 50
_POINTS = {"issues": 2 / 100, "pulls": 23 / 100, "discussions": 7 / 25, "repositories": 6 / 50}
"""GraphQL points per item: one for each hundred connections.
https://docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api"""
_ROTATION_WEEKS = 12
LIMIT, SHARE_PERCENT = 5000, 80
"""REST requests and GraphQL points per hour, and the share of them that a run uses at most."""


@dataclass(frozen=True)
class DataRequests:
    """Requests of the first run, and of a week without changes.

    The hours are how long GitHub's limits make them take: the longer of REST's and GraphQL's.
    """

    first: int
    first_hours: float
    week: int
    week_hours: float


def data_requests(counts: Iterable[Mapping[str, int]], accounts: int = 0) -> DataRequests:
    """The requests for repositories with these counts of issues, pull requests and discussions,
    and for the data of so many ``accounts``."""
    every = list(counts)
    issues, pulls, discussions = (
        sum(each.get(name, 0) for each in every) for name in ("issues", "pulls", "discussions")
    )
    items = issues + pulls
    used = sum(bool(each.get("issues") or each.get("pulls")) for each in every)
    lists = len(every) * LISTS + accounts * ACCOUNT_LISTS
    listed = items * (1 + COMMENTS + EVENTS) + pulls * (1 + REVIEW_COMMENTS)
    first = lists + used * _USED_LISTS + math.ceil(listed / PAGE)
    signatures = math.ceil(len(every) / _SENTINEL_AT_ONCE)
    questions = used + math.ceil(items / _ITEMS_AT_ONCE)
    questions += math.ceil(discussions / _DISCUSSIONS_AT_ONCE) + signatures
    points = (
        issues * _POINTS["issues"]
        + pulls * _POINTS["pulls"]
        + discussions * _POINTS["discussions"]
        + len(every) * _POINTS["repositories"]
    )
    again = math.ceil((items + discussions) / _ROTATION_WEEKS / PAGE) + signatures
    return DataRequests(
        first + questions,
        _hours(max(first, math.ceil(points))),
        lists + again,
        _hours(lists + again),
    )


def data_assumptions() -> list[str]:
    """The assumptions of the estimate, as text."""
    return [
        f"project data: {COMMENTS} comments and {EVENTS} events per issue or pull request, "
        f"{REVIEW_COMMENTS} review comments per pull request, {PAGE} of each per request",
        f"{LISTS} requests per repository and week for settings and other data without dates, "
        f"{ACCOUNT_LISTS} per account, and some for each of its teams and projects",
        f"{LIMIT} requests per hour, of which a run uses at most {SHARE_PERCENT} %",
    ]


def _hours(requests: int) -> float:
    return requests * 100 / (LIMIT * SHARE_PERCENT)
