"""Reads GitHub's paged lists repeatedly, until it is proven that no item was missed.

A list is not a snapshot. An item that leaves it between two pages (deleted, transferred, hidden)
moves everything after it up by one place, so the first item of the next page is on no page that is
read. But the item that left was on an earlier page, and is missing when the list is read again. So
a later pass that still has every item of a pass read in order proves that one complete. This needs
a list that only grows at its end: ``sort=created&direction=asc``.

Not proven: an item that leaves the list and returns to it while the list is being read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from backup_contract.link_header import numbered, page_number
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import RepositoryError

PER_PAGE = 100
MOST_PASSES = 4
"""Two passes in order, each with a second pass to prove it."""
_AT_ONCE = 4
_MOST_PAGES = 10_000
_PAGES = ("first", "prev", "next", "last")
_NAMED = 10

T = TypeVar("T")


class UnreadableItemError(RepositoryError):
    """An item of a list is malformed; the reason names it."""


@dataclass(frozen=True)
class Page:
    """One page: its items, the URLs in its ``Link`` header, and the total.

    ``total`` is GitHub's count of the whole list, if it gives one.
    """

    items: list[Any]
    links: Mapping[str, str]
    total: int | None = None


@dataclass(frozen=True)
class Listed(Generic[T]):
    """The listed items, and why some may be missing; without problems the list is complete."""

    found: list[T]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Read(Generic[T]):
    """A page that was read: ``count`` items, and the unreadable ones with their place on it."""

    count: int
    found: dict[int, T]
    unreadable: tuple[tuple[int, str], ...]
    links: Mapping[str, str]
    total: int | None


@dataclass
class _Pass(Generic[T]):
    """One reading of the list. ``announced`` is the number of the last page, as GitHub gave it.

    ``at_an_instant``: one response had the whole list, so nothing could move. ``repeats``: an item
    was on two pages, so something moved.
    """

    found: dict[int, T] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    pages: int = 0
    filled: int = 0
    announced: int = 0
    total: int | None = None
    at_an_instant: bool = False
    repeats: bool = False

    @property
    def seen(self) -> int:
        """The number of different items."""
        return len(self.found) + len(self.unreadable)

    @property
    def shortfall(self) -> str:
        """How much of what GitHub announced was listed; empty if nothing is known to be missing."""
        if self.total is not None and far_fewer(self.seen, self.total):
            return f"{self.seen} of {self.total} repositories"
        if self.pages < self.announced:
            return f"{self.pages} of {self.announced} pages"
        return ""

    def add(self, page: _Read[T]) -> int:
        """Add a page; returns how many of its items are new."""
        before = len(self.found)
        self.repeats = self.repeats or not page.found.keys().isdisjoint(self.found)
        self.found |= page.found
        self.pages += 1
        self.filled += bool(page.count)
        for place, reason in page.unreadable:
            self.unreadable.append(f"{reason} (item {place} of page {self.pages})")
        self.announced = max(self.announced, page_number(page.links.get("last", "")))
        self.total = page.total if page.total is not None else self.total
        return len(self.found) - before

    def proven(self, earlier: "_Pass[T] | None") -> bool:
        """Whether the list is proven complete; ``earlier`` is the pass before, read in order.

        ``earlier`` misses an item if one that it had read before that item left; this pass then
        lacks the one that left. Or an item arrived before it and left again; then the page after
        the arrival repeated an item.
        """
        if self.shortfall:
            return False
        if earlier is None:
            return self.at_an_instant and not self.unreadable
        return not earlier.repeats and earlier.found.keys() <= self.found.keys()


class Pager(Generic[T]):
    """Reads lists. ``read`` returns an item with its id, or raises UnreadableItemError.

    Use one pager per host: it learns whether ``Link`` headers arrive, which a proxy may remove.
    """

    def __init__(
        self,
        read: Callable[[Any], tuple[int, T]],
        *,
        per_page: int = PER_PAGE,
        most_at_once: int = _AT_ONCE,
        noun: str = "repositories",
    ) -> None:
        self._read = read
        self._per_page = per_page
        self._most_at_once = most_at_once
        self._noun = noun
        self._links_come = False

    def whole(self, url: str, ask: Callable[[str], Page]) -> Listed[T]:
        """The list at ``url``, which has a query, and why it may be incomplete.

        ``ask`` gets the page at a URL, and must be thread-safe. If the list has one page, one pass
        is enough. Every second pass requests the pages of the pass before in parallel, because
        their order does not matter for a proof. Raises no RepositoryError.
        """
        union: dict[int, T] = {}
        in_order: _Pass[T] | None = None
        latest = _Pass[T]()
        for _ in range(MOST_PASSES):
            latest = _Pass()
            try:
                self._pass(url, ask, latest, in_order.pages if in_order else 1)
            except RepositoryError as error:
                union |= latest.found
                reason = f"the listing failed after {len(union)} {self._noun}: {error}"
                return Listed([*union.values()], (reason, *_unread(latest)))
            union |= latest.found
            if latest.proven(in_order):
                return Listed([*latest.found.values()], _unread(latest))
            in_order = None if in_order else latest
        return Listed([*union.values()], (_doubt(latest, len(union), self._noun), *_unread(latest)))

    def _pass(self, url: str, ask: Callable[[str], Page], into: _Pass[T], expected: int) -> None:
        """Read all pages: the first ``expected`` ones in parallel, the others in order."""

        def read(number: int) -> _Read[T]:
            return self._page(ask(numbered(url, number + 1)))

        pages = at_once(read, expected, self._most_at_once)
        for page in pages:
            into.add(page)
        page, asked = pages[-1], {url}
        while following := self._following(url, page, into):
            if following in asked or into.pages >= _MOST_PAGES:
                raise RepositoryError("the listing has no end")
            asked.add(following)
            before, by_number = page, "next" not in page.links
            page = self._page(ask(following))
            full = page.count >= self._per_page
            if by_number and page.count and page == replace(before, links=page.links) and not full:
                break  # The server ignores page numbers: this was the first page again.
            if not into.add(page) and by_number and full:
                raise RepositoryError(f"page {into.pages} has nothing that is not on others")
        alone = into.filled <= 1 and "next" not in pages[0].links and into.announced <= 1
        into.at_an_instant = alone and (self._links_come or pages[0].count < self._per_page)

    def _page(self, page: Page) -> _Read[T]:
        found: dict[int, T] = {}
        unreadable = []
        for place, item in enumerate(page.items, 1):
            try:
                key, value = self._read(item)
            except UnreadableItemError as error:
                unreadable.append((place, str(error)))
            else:
                found[key] = value
        # A proxy may add links of its own (``rel=preload``), which do not concern pages.
        links = {name: page.links[name] for name in _PAGES if name in page.links}
        self._links_come = self._links_come or bool(links)
        return _Read(len(page.items), found, tuple(unreadable), links, page.total)

    def _following(self, url: str, page: _Read[T], into: _Pass[T]) -> str | None:
        """The URL of the page after this one; None after the last one.

        A list of one page has no ``Link`` header either. So without the header, pages are requested
        by number until one is empty, unless such headers are known to arrive.
        """
        if "next" in page.links:
            return page.links["next"]
        if not page.count:
            return None
        short = page.count < self._per_page
        last = "prev" in page.links or into.announced > 0
        ended = last or (short and (page.links or self._links_come))
        if ended and into.pages >= into.announced:
            return None
        return numbered(url, into.pages + 1)


def far_fewer(seen: int, counted: int) -> bool:
    """Whether a listing is incomplete. GitHub counts a few that it never lists (disabled ones).
    Pure."""
    return seen < counted * 9 // 10


def _unread(latest: _Pass[Any]) -> tuple[str, ...]:
    """The problem that names the items that cannot be read, if there are any."""
    unreadable = latest.unreadable
    if not unreadable:
        return ()
    more = len(unreadable) - _NAMED
    named = "; ".join(unreadable[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
    what = "an item" if len(unreadable) == 1 else f"{len(unreadable)} items"
    return (f"GitHub lists {what} that cannot be read: {named}",)


def _doubt(latest: _Pass[Any], union: int, noun: str) -> str:
    if shortfall := latest.shortfall:
        return f"the listing is truncated: {shortfall}"
    return (
        f"the listing changed each of the {MOST_PASSES} times that it was read: some {noun} "
        f"may not be among these {union}; run the backup again"
    )
