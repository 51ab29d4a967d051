"""The code that resolvers share: caller, objects, connections and refusals."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.limits import Limits
from local_cloud.github.data.objects.people import View
from local_cloud.github.data.rest.access import Caller

MOST_AT_ONCE = 100


class FieldRefusedError(Exception):
    """A field is refused: its value is null, and ``errors`` has the type of the error."""

    def __init__(self, type: str, message: str) -> None:
        """``type`` is GitHub's, as ``FORBIDDEN``."""
        super().__init__(message)
        self.type = type


class Node(NamedTuple):
    """An object to be resolved: its GraphQL type, the repository, the model's own object.

    ``within`` is what it belongs to, as the issue of a comment.
    """

    type: str
    view: View
    item: Any
    within: Any = None


@dataclass
class Context:
    """One execution of a query."""

    catalogue: Catalogue
    account: AccountData
    limits: Limits
    base: str
    caller: Caller
    cost: int = 1
    node_count: int = 0
    given: int = 0

    def repository(self, repository: Repository) -> Node:
        """A repository to be resolved."""
        view = View(self.base, repository, self.account, self.catalogue)
        return Node("Repository", view, repository)

    def sees(self, repository: Repository) -> bool:
        """Whether the caller can see it."""
        return self.caller.sees(self.catalogue, repository)

    def give(self, nodes: int) -> None:
        """Count nodes that are given. Raises FieldRefusedError beyond what one answer may hold."""
        self.given += nodes
        most = self.limits.partial_nodes
        if most is not None and self.given > most:
            message = "Resource limits for this query exceeded."
            raise FieldRefusedError("RESOURCE_LIMITS_EXCEEDED", message)


Wrap = Callable[[Any], Any]


@dataclass(frozen=True)
class Connection:
    """A page of a list, as every ``…Connection`` has it."""

    total_count: int
    nodes: Sequence[Any]
    page_info: Mapping[str, Any] = field(default_factory=dict)


def connection(
    context: Context,
    items: Sequence[Any],
    wrap: Wrap,
    arguments: Mapping[str, Any],
    total: int | None = None,
) -> Connection:
    """The page of ``items`` (things with an ``id``) that the arguments ask for.

    A cursor stands for an item, so that pages go on behind it wherever it is meanwhile.
    """
    start, end = 0, len(items)
    if after := arguments.get("after"):
        start = _behind(items, after)
    if before := arguments.get("before"):
        end = max(start, _behind(items, before) - 1)
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None:
        end = min(end, start + first)
    elif last is not None:
        start = max(start, end - last)
    chosen = items[start:end]
    context.give(len(chosen))
    page = {
        "hasNextPage": end < len(items),
        "hasPreviousPage": start > 0,
        "startCursor": _cursor(start, chosen[0]) if chosen else None,
        "endCursor": _cursor(end - 1, chosen[-1]) if chosen else None,
    }
    counted = len(items) if total is None else total
    return Connection(counted, [wrap(each) for each in chosen], page)


def _cursor(place: int, item: Any) -> str:
    return base64.b64encode(f"cursor:v2:{item.id}:{place}".encode()).decode()


def _behind(items: Sequence[Any], cursor: str) -> int:
    try:
        identity, place = base64.b64decode(cursor).decode().split(":")[2:]
        expected = int(place)
    except ValueError as error:
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise FieldRefusedError("INVALID_CURSOR_ARGUMENTS", message) from error
    if expected < len(items) and str(items[expected].id) == identity:
        return expected + 1
    found = (at + 1 for at, each in enumerate(items) if str(each.id) == identity)
    return next(found, expected)
