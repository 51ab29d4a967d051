"""How to read the lists of issues, pull requests, comments and events."""

from collections.abc import Mapping
from typing import Any

from repo_backup.hosts.github.data.lists import ListPlan

_OLDEST_FIRST = {"state": "all", "sort": "created", "direction": "asc"}
_NEWEST_FIRST = {"state": "all", "sort": "updated", "direction": "desc"}


def issue_number(comment: Any) -> int | None:
    """The number of the issue or pull request that a comment belongs to; None if it names none."""
    return _last_number(comment.get("issue_url"))


def pull_number(comment: Any) -> int | None:
    """The number of the pull request that a comment on code belongs to; None if it names none."""
    return _last_number(comment.get("pull_request_url"))


def _last_number(url: Any) -> int | None:
    """The number at the end of a URL; None if there is none."""
    last = str(url or "").rpartition("/")[2]
    return int(last) if last.isascii() and last.isdigit() and len(last) < 13 else None


ISSUES = ListPlan(
    "issues",
    "/issues",
    _OLDEST_FIRST,
    _NEWEST_FIRST,
    since=True,
    at_once=2,
    key="number",
    limits=("core", "graphql"),
)
PULLS = ListPlan("pulls", "/pulls", _OLDEST_FIRST, _NEWEST_FIRST, key="number")
ISSUE_COMMENTS = ListPlan(
    "issue_comments",
    "/issues/comments",
    {"sort": "created", "direction": "asc"},
    {"sort": "updated", "direction": "desc"},
    since=True,
    placed=lambda comment: issue_number(comment) is not None,
)
REVIEW_COMMENTS = ListPlan(
    "review_comments",
    "/pulls/comments",
    {"sort": "created", "direction": "asc"},
    {"sort": "updated", "direction": "desc"},
    since=True,
    placed=lambda comment: pull_number(comment) is not None,
)


def _without_issue(event: dict[str, Any]) -> dict[str, Any]:
    """An event with only the number of its issue; GitHub includes the whole issue.

    GitHub's API description allows null as the issue; such an event belongs to no item.
    """
    issue = event.get("issue")
    number = issue.get("number") if isinstance(issue, dict) else None
    return {**event, "issue": {"number": number}}


EVENTS = ListPlan("events", "/issues/events", {}, {}, dated="created_at", shorten=_without_issue)

ONLY_AS_ISSUE = (
    "comments", "reactions", "state_reason", "closed_by", "type", "sub_issues_summary",
    "issue_dependencies_summary", "performed_via_github_app", "pinned_comment",
)  # fmt: skip
"""Fields that a pull request has only in the list of issues."""


def is_pull(item: Mapping[str, Any]) -> bool:
    """Whether an entry of the list of issues is a pull request."""
    return bool(item.get("pull_request"))


def pull_path(item: Mapping[str, Any]) -> str:
    """The path of a pull request's document."""
    return f"pulls/{item['number']}.json"
