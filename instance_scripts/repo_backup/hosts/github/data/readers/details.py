"""What only GraphQL tells of issues and pull requests: reviews, threads, links between them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from repo_backup.hosts.github.api.asking import TooHeavyError
from repo_backup.hosts.github.api.graphql import Node, NoGraphQLError
from repo_backup.hosts.github.data.queries import (
    ISSUE_LINKS,
    MORE_REVIEWS,
    MORE_SUB_ISSUES,
    MORE_THREADS,
    MORE_TIMELINE,
    PULL_REVIEWS,
)
from repo_backup.hosts.github.data.repository import RepositoryRead, merged_parts
from repo_backup.runtime.errors import RepositoryError, TransientError

ISSUES_AT_ONCE = 100
PULLS_AT_ONCE = 50
_MORE_AT_ONCE = 50

DETAIL_FIELDS = ("additions", "deletions", "changed_files", "merged_by")
"""REST's names of what only its single pull request has; GraphQL tells it of fifty."""
DETAIL_LISTS = ("review_data", "timeline_nodes")
"""Lists of which nothing is lost that GitHub once had."""
_PASSING_STATUS = 500

Details = Mapping[str, dict[str, Any]]
"""By node id, the fields that an item's document gets."""


def issue_details(data: RepositoryRead, items: Sequence[Any]) -> Details:
    """The links of issues: what refers to them, their parents and sub-issues.

    Where GraphQL is refused the section ``timeline`` says so. Raises RepositoryError.
    """
    found: dict[str, dict[str, Any]] = {}
    ids = _ids(items)
    try:
        for node in _nodes(data, ISSUE_LINKS, ids, ISSUES_AT_ONCE, "timeline"):
            if node.problem and node.problem.type != "NOT_FOUND":
                data.along("timeline", node.problem.error)
            if node.document:
                found[node.id] = {
                    **_timeline(data, node.id, node.document),
                    "parent_node": node.document.get("parent"),
                    "sub_issue_nodes": _all(
                        data, node.id, node.document, "subIssues", MORE_SUB_ISSUES
                    ),
                }
    except NoGraphQLError as error:
        data.along("timeline", error)
    return found


def pull_details(data: RepositoryRead, items: Sequence[Any]) -> Details:
    """Reviews, review threads and links of pull requests; reviews alone where GraphQL is refused.

    Raises RepositoryError.
    """
    found: dict[str, dict[str, Any]] = {}
    ids = _ids(items)
    try:
        for node in _nodes(data, PULL_REVIEWS, ids, PULLS_AT_ONCE, "reviews"):
            if node.problem and node.problem.type != "NOT_FOUND":
                data.along("reviews", node.problem.error)
            if node.document:
                found[node.id] = _pull(data, node.id, node.document)
    except NoGraphQLError as error:
        data.along("timeline", error)
        for item in items:
            found[str(item.get("node_id"))] = _reviews_by_rest(data, item)
    return found


def _nodes(
    data: RepositoryRead, query: str, ids: Sequence[str], size: int, section: str
) -> Iterator[Node]:
    """The answers for node ids. One that makes GitHub fail costs the section only itself."""
    if not ids:
        return
    try:
        found = list(data.nodes(query, ids, size))
    except (TransientError, TooHeavyError) as error:
        # Without an answer of GitHub's it is the network, and every other one would fail, too.
        status = error.refusal.status if error.refusal else 0
        if isinstance(error, TransientError) and status < _PASSING_STATUS:
            raise
        if len(ids) == 1:
            data.along(section, error)
            return
        middle = len(ids) // 2
        for half in (ids[:middle], ids[middle:]):
            yield from _nodes(data, query, half, size, section)
        return
    yield from found


def _pull(data: RepositoryRead, node_id: str, node: Mapping[str, Any]) -> dict[str, Any]:
    merger = node.get("mergedBy")
    return {
        **_timeline(data, node_id, node),
        "additions": node.get("additions"),
        "deletions": node.get("deletions"),
        "changed_files": node.get("changedFiles"),
        "merged_by": {"login": merger.get("login")} if isinstance(merger, dict) else None,
        "review_data": [
            _review(each) for each in _all(data, node_id, node, "reviews", MORE_REVIEWS)
        ],
        "review_thread_nodes": _all(data, node_id, node, "reviewThreads", MORE_THREADS),
    }


def _review(node: Mapping[str, Any]) -> dict[str, Any]:
    """A review under REST's field names. https://docs.github.com/rest/pulls/reviews"""
    author = node.get("author")
    user = None
    if isinstance(author, dict):
        user = {
            "login": author.get("login"),
            "id": author.get("databaseId"),
            "type": author.get("__typename"),
        }
    number = node.get("fullDatabaseId")
    return {
        "id": int(str(number)) if str(number).isdigit() else number,
        "node_id": node.get("id"),
        "user": user,
        "body": node.get("body"),
        "state": node.get("state"),
        "html_url": node.get("url"),
        "submitted_at": node.get("submittedAt"),
        "commit_id": (node.get("commit") or {}).get("oid"),
        "author_association": node.get("authorAssociation"),
    }


def _reviews_by_rest(data: RepositoryRead, item: Any) -> dict[str, Any]:
    """One request a pull request: only where GraphQL is refused."""
    try:
        pages = data.pages(f"/pulls/{item.get('number')}/reviews")
        return {"review_data": [review for page in pages for review in page.items]}
    except RepositoryError as error:
        data.along("reviews", error)
        return {}


def _timeline(data: RepositoryRead, node_id: str, node: Mapping[str, Any]) -> dict[str, Any]:
    return {"timeline_nodes": _all(data, node_id, node, "timelineItems", MORE_TIMELINE)}


def _all(
    data: RepositoryRead, node_id: str, node: Mapping[str, Any], name: str, more: str
) -> list[Any]:
    """All nodes of a connection, of which the answer has the first ones."""
    connection = node.get(name)
    if not isinstance(connection, dict):
        return []
    listed = list(connection.get("nodes") or ())
    info = connection.get("pageInfo") or {}
    if info.get("hasNextPage"):
        rest = data.graphql.connection(
            more,
            data.account,
            {"id": node_id, "after": info.get("endCursor")},
            lambda result: result.part("node")[name],
            _MORE_AT_ONCE,
        )
        listed += [each for part in rest for each in part.nodes]
    return [each for each in listed if isinstance(each, dict)]


def with_details(document: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """A document with what GraphQL tells of it. What is gone of its lists stays, to be marked."""
    lists = {
        name: merged_parts(document.get(name), told[name]) for name in DETAIL_LISTS if name in told
    }
    return {**document, **told, **lists}


def _ids(items: Sequence[Any]) -> list[str]:
    return [item["node_id"] for item in items if isinstance(item.get("node_id"), str)]
