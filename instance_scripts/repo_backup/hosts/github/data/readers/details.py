"""Reads the details of issues and pull requests from GraphQL: reviews, review threads, links."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repo_backup.hosts.github.api.api_client import TooHeavyError
from repo_backup.hosts.github.api.graphql import Node, NoGraphQLError
from repo_backup.hosts.github.api.identity import UnreadableItemsError
from repo_backup.hosts.github.data.connections import all_nodes
from repo_backup.hosts.github.data.detail_queries import (
    ISSUE_LINKS,
    ITEM_DETAILS,
    MORE_REVIEWS,
    MORE_SUB_ISSUES,
    MORE_THREADS,
    MORE_TIMELINE,
    PULL_REVIEWS,
)
from repo_backup.hosts.github.data.repository import ITEM_FOLDERS, RepositoryRead, merged_parts
from repo_backup.runtime.errors import ForbiddenError, RepositoryError, TransientError

ITEMS_AT_ONCE = 200
"""A hundred issues and a hundred pull requests: GitHub accepts a hundred ids in one list."""

DETAIL_FIELDS = ("additions", "deletions", "changed_files", "merged_by")
"""REST's names of fields that REST has only in a single pull request; GraphQL returns them for a
hundred."""
DETAIL_LISTS = ("review_data", "timeline_nodes")
"""Lists whose items stay saved after GitHub no longer has them."""
UNREAD = "unread_data"
"""A field beside the details: some of the item's lists could not be read completely. If it is true,
it is saved in the item's document, and the next run reads them again."""
_PASSING_STATUS = 500
_SECTIONS: Mapping[str, str] = {"issues": "timeline", "pulls": "reviews"}
"""The section whose state shows a problem with the details of issues, and of pull requests."""

Details = Mapping[str, dict[str, Any]]
"""By node id: the fields to add to an item's document."""


def item_details(
    data: RepositoryRead, issues: Sequence[Any] = (), pulls: Sequence[Any] = ()
) -> Details:
    """The details of these issues and pull requests.

    Issues: cross-references, parents and sub-issues. Pull requests: reviews, review threads and
    cross-references. If GraphQL is refused, the problem is recorded for the section ``timeline``,
    and only the reviews are read, through REST. Raises RepositoryError.
    """
    kinds: dict[str, str] = {}
    for kind, items in (("issues", issues), ("pulls", pulls)):
        kinds |= dict.fromkeys(_by_id(items), kind)
        if nameless := len(items) - len(_by_id(items)):
            data.along(_SECTIONS[kind], UnreadableItemsError(kind, nameless))
    found: dict[str, dict[str, Any]] = {}
    try:
        for node in _nodes(data, kinds):
            found[node.id] = _details(data, kinds[node.id], node)
    except NoGraphQLError as error:
        data.along("timeline", error)
        return found | {id: _reviews_by_rest(data, pull) for id, pull in _by_id(pulls).items()}
    return {**{each: {UNREAD: True} for each in kinds}, **found}


def _details(data: RepositoryRead, kind: str, node: Node) -> dict[str, Any]:
    """The fields of one item; only ``UNREAD`` if it has none. A problem is recorded for its
    section."""
    is_gone = node.problem is not None and node.problem.type == "NOT_FOUND"
    again = not is_gone
    if node.problem and not is_gone:
        error = node.problem.error
        data.along(_SECTIONS[kind], error)
        again = not isinstance(error, ForbiddenError)
    if node.document is None:
        if again:
            data.along(_SECTIONS[kind], UnreadableItemsError(kind, 1))
        return {UNREAD: again}
    read = _READERS[kind](data, node.id, node.document)
    return {**read, UNREAD: again} if node.problem else read


def lacking_details(data: RepositoryRead) -> Iterator[str]:
    """The paths of the items without details; where GraphQL is refused, of those without reviews.

    The section ``timeline`` says that it is.
    """
    folders: tuple[str, ...] = ITEM_FOLDERS
    if why := data.graphql.refused.get(data.account):
        data.along("timeline", NoGraphQLError(why))
        folders = ("pulls",)
    for folder in folders:
        for path in data.alive_paths(folder):
            if lacks_details(data, path):
                yield path


def lacks_details(data: RepositoryRead, path: str) -> bool:
    """Whether an item is without details; where GraphQL is refused, without reviews."""
    wanted = "review_data" if data.account in data.graphql.refused else "timeline_nodes"
    document = data.documents.get(path) or {}
    return wanted not in document or UNREAD in document


def _nodes(data: RepositoryRead, kinds: Mapping[str, str]) -> Iterator[Node]:
    """The nodes with these ids. If GitHub fails, the ids are halved until the failing item is
    alone, so that only that one is missing; the problem is recorded for its section."""
    if not kinds:
        return
    ids = list(kinds)
    try:
        found = list(data.nodes(_query(kinds), ids, ITEMS_AT_ONCE, kinds))
    except (TransientError, TooHeavyError) as error:
        # Without a response of GitHub's it is the network, and every other request would fail too.
        status = error.refusal.status if error.refusal else 0
        if isinstance(error, TransientError) and status < _PASSING_STATUS:
            raise
        if len(ids) == 1:
            data.along(_SECTIONS[kinds[ids[0]]], error)
            return
        middle = len(ids) // 2
        for half in (ids[:middle], ids[middle:]):
            yield from _nodes(data, {each: kinds[each] for each in half})
        return
    yield from found


def _query(kinds: Mapping[str, str]) -> str:
    asked = set(kinds.values())
    return ITEM_DETAILS if len(asked) > 1 else ISSUE_LINKS if "issues" in asked else PULL_REVIEWS


def _issue(data: RepositoryRead, node_id: str, node: Mapping[str, Any]) -> dict[str, Any]:
    lists = {
        "timeline_nodes": _TIMELINE,
        "sub_issue_nodes": _Connection("subIssues", MORE_SUB_ISSUES, "timeline", "number"),
    }
    return {"parent_node": node.get("parent"), **_lists(data, node_id, node, lists)}


def _pull(data: RepositoryRead, node_id: str, node: Mapping[str, Any]) -> dict[str, Any]:
    merger = node.get("mergedBy")
    lists = {
        "timeline_nodes": _TIMELINE,
        "review_data": _Connection("reviews", MORE_REVIEWS, "reviews"),
        "review_thread_nodes": _Connection("reviewThreads", MORE_THREADS, "reviews"),
    }
    read = _lists(data, node_id, node, lists)
    if "review_data" in read:
        read["review_data"] = [_review(each) for each in read["review_data"]]
    return {
        "additions": node.get("additions"),
        "deletions": node.get("deletions"),
        "changed_files": node.get("changedFiles"),
        "merged_by": {"login": merger.get("login")} if isinstance(merger, dict) else None,
        **read,
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
        "id": int(str(number)) if str(number).isdigit() else node["id"],
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
    """One request for each pull request, so only if GraphQL is refused."""
    try:
        pages = data.pages(f"/pulls/{item.get('number')}/reviews", key="id", whole=True)
        return {"review_data": [review for page in pages for review in page.items]}
    except RepositoryError as error:
        data.along("reviews", error)
        return {}


@dataclass(frozen=True)
class _Connection:
    """A connection of an item: its name in GraphQL, the query for further pages, the section whose
    state shows its problems, and the field that identifies a node."""

    name: str
    more: str
    section: str
    key: str = "id"


_TIMELINE = _Connection("timelineItems", MORE_TIMELINE, "timeline")


def _lists(
    data: RepositoryRead, node_id: str, node: Mapping[str, Any], lists: Mapping[str, _Connection]
) -> dict[str, Any]:
    """All nodes of an item's connections; ``node`` has their first pages.

    A connection that is null has no entry. ``UNREAD`` is set if one is null or has unreadable
    nodes.
    """
    read: dict[str, Any] = {}
    for field, each in lists.items():
        connection = node.get(each.name)
        nodes, unreadable = all_nodes(data, node_id, connection, each.name, each.more, each.key)
        if nodes is not None:
            read[field] = nodes
        if unreadable:
            read[UNREAD] = True
            data.along(each.section, UnreadableItemsError(each.name, unreadable))
    return read


def with_details(document: dict[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    """A document with its details. Items that are gone from its lists stay; the caller marks
    them."""
    lists = {
        name: merged_parts(document.get(name), details[name])
        for name in DETAIL_LISTS
        if name in details
    }
    read = {**document, **details, **lists}
    if details and not details.get(UNREAD):
        read.pop(UNREAD, None)
    return read


_READERS: Mapping[str, Callable[[RepositoryRead, str, Mapping[str, Any]], dict[str, Any]]] = {
    "issues": _issue,
    "pulls": _pull,
}


def _by_id(items: Sequence[Any]) -> dict[str, Any]:
    return {item["node_id"]: item for item in items if isinstance(item.get("node_id"), str)}
