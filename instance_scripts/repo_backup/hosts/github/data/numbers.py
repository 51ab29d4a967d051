"""Compares the numbers that GitHub lists with those that are saved, if the counts differ."""

from collections.abc import Callable, Iterator
from typing import Any

from repo_backup.hosts.github.api.graphql import Result
from repo_backup.hosts.github.api.identity import UnreadableItemsError
from repo_backup.hosts.github.data.discussion_queries import DISCUSSION_NUMBERS
from repo_backup.hosts.github.data.queries import ISSUE_NUMBERS, PULL_NUMBERS
from repo_backup.hosts.github.data.repository import ITEM_FOLDERS, RepositoryRead

_QUERIES = {
    "issues": (ISSUE_NUMBERS, "issues"),
    "pulls": (PULL_NUMBERS, "pullRequests"),
    "discussions": (DISCUSSION_NUMBERS, "discussions"),
}
_AT_ONCE = 100


def number_of(path: str) -> int:
    """The number in a document's path; 0 if its name is not a number."""
    name = path.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isdigit() else 0


def reconcile(data: RepositoryRead, folder: str, read: Callable[[int], bool]) -> int | None:
    """Read the items that are missing in a folder, and mark those that are gone.

    Returns GitHub's present count. ``read`` reads the item with a number, and returns whether the
    repository has it. Raises RepositoryError.
    """
    query, name = _QUERIES[folder]
    listed: set[int] = set()
    total: int | None = None

    def connection(result: Result) -> Any:
        return result.part("repository").get(name) or {}

    for part in data.graphql.connection(query, data.account, data.name, connection, _AT_ONCE):
        total = part.total
        listed.update(node["number"] for node in part.nodes if type(node.get("number")) is int)
    _compare(data, (folder,), listed, read)
    return total


def reconcile_items(data: RepositoryRead, read: Callable[[int], bool]) -> None:
    """Like ``reconcile``, for issues and pull requests through REST, which lists them together.

    Raises RepositoryError; UnreadableItemsError if some listed items have no number.
    """
    query: dict[str, Any] = {"state": "all", "sort": "created", "direction": "asc"}
    listed, unreadable = set[int](), 0
    for page in data.pages("/issues", key="number", **query):
        listed.update(item["number"] for item in page.items)
        unreadable += page.unreadable
    _compare(data, ITEM_FOLDERS, listed, read)
    if unreadable:
        raise UnreadableItemsError("/issues", unreadable)


def _compare(
    data: RepositoryRead,
    folders: tuple[str, ...],
    listed: set[int],
    read: Callable[[int], bool],
) -> None:
    here = {number_of(path): path for folder in folders for path in data.alive_paths(folder)}
    for number in sorted(listed - here.keys()):
        read(number)
    for number in sorted(here.keys() - listed):
        # A list may omit an item that still exists, so each one is requested by itself.
        if not read(number):
            data.mark_gone(here[number])


def numbers_after(data: RepositoryRead, folders: tuple[str, ...], after: int) -> Iterator[int]:
    """The numbers above ``after`` of the documents that are not marked as gone, in order."""
    found: set[int] = set()
    for folder in folders:
        found.update(n for n in map(number_of, data.alive_paths(folder)) if n > after)
    yield from sorted(found)
