"""Pages of lists: by number with ``Link``, by cursor where a list is deep, and refused beyond."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from local_cloud.github.data.rest.access import RefusedError

MOST_PER_PAGE = 100
DEFAULT_PER_PAGE = 30
_DEEP = (
    "Pagination with the page parameter is not supported for large datasets, "
    "please use cursor based pagination (after/before)"
)


@dataclass(frozen=True)
class Listed:
    """A list to be paged: its items, and how one is written.

    ``within`` is the key that holds the items beside ``total_count``, where the answer is an
    object. ``deep``: from so many items on cursors are used. ``cap``: no more are ever listed.
    """

    items: Sequence[Any]
    written: Callable[[Any], Any] = lambda item: item
    within: str | None = None
    most: int = MOST_PER_PAGE
    usual: int = DEFAULT_PER_PAGE
    deep: int | None = None
    cap: int | None = None


@dataclass(frozen=True)
class Page:
    """The JSON and the headers of one page."""

    body: Any
    headers: Mapping[str, str]


def page_of(listed: Listed, url: str, query: Mapping[str, str]) -> Page:
    """The page that the query asks for. Raises RefusedError (422)."""
    per_page = _whole(query, "per_page", listed.usual)
    per_page = min(per_page, listed.most) if per_page > 0 else listed.usual
    number = max(1, _whole(query, "page", 1))
    deep = listed.deep is not None and len(listed.items) > listed.deep
    if deep:
        return _by_cursor(listed, url, query, per_page, number)
    start = (number - 1) * per_page
    if listed.cap is not None and start >= listed.cap:
        raise RefusedError(422, f"Only the first {listed.cap} results are available.")
    last = max(1, -(-len(listed.items) // per_page))
    relations = {"prev": number - 1} if number > 1 else {}
    if number < last:
        relations |= {"next": number + 1, "last": last}
    if number > 1:
        relations["first"] = 1
    links = {name: {**query, "page": str(at)} for name, at in relations.items()}
    return _page(listed, start, per_page, url, links)


def _by_cursor(
    listed: Listed, url: str, query: Mapping[str, str], per_page: int, number: int
) -> Page:
    if "after" in query:
        start = _place(query["after"])
    else:
        start = (number - 1) * per_page
        if listed.deep is not None and start >= listed.deep:
            raise RefusedError(422, _DEEP)
    end = start + per_page
    links = {}
    if end < len(listed.items):
        rest = {name: value for name, value in query.items() if name != "page"}
        links["next"] = {**rest, "after": _cursor(end), "page": str(end // per_page + 1)}
    return _page(listed, start, per_page, url, links)


def _page(
    listed: Listed, start: int, per_page: int, url: str, links: Mapping[str, Mapping[str, str]]
) -> Page:
    chosen = [listed.written(each) for each in listed.items[start : start + per_page]]
    body: Any = chosen
    if listed.within:
        body = {"total_count": len(listed.items), listed.within: chosen}
    header = ", ".join(f'<{url}?{urlencode(q)}>; rel="{name}"' for name, q in links.items())
    return Page(body, {"Link": header} if header else {})


def _whole(query: Mapping[str, str], name: str, usual: int) -> int:
    try:
        return int(query.get(name, usual))
    except ValueError:
        return usual


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(json.dumps(["cursor", place]).encode()).decode()


def _place(cursor: str) -> int:
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))[1])
    except (ValueError, LookupError, TypeError) as error:
        raise RefusedError(422, "The after cursor is not valid") from error
