"""Reads a list in numbered pages again, until it is proven that no item was left out.

An item that leaves the list between two pages moves everything after it up by one place, so that
the first item of the next page is on no page that is read. But the item that left was on an earlier
page, and is missing when the list is read again. So a pass that still has every item of the pass
before proves that one complete. Cursors point to items, so that such a list needs no second pass.

Not proven: an item that arrives and leaves again while the list is being read.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from repo_backup.hosts.github.api.identity import UnreadableItemsError
from repo_backup.hosts.github.api.page import Page
from repo_backup.runtime.errors import RepositoryError

MOST_PASSES = 4
CURSOR = "after="
"""In the address of the next page of a list that has cursors instead of numbers."""


class ListMovedError(RepositoryError):
    """All that was listed was read, but items may be missing that the list never showed."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"GitHub's list {path} changed each of the {MOST_PASSES} times that it was read: "
            "items may be missing"
        )


@dataclass
class _Pass:
    """One reading of the list: the items by what identifies them, and its pages."""

    listed: set[Hashable] = field(default_factory=set)
    unreadable: int = 0
    pages: int = 0
    filled: int = 0
    last: int = 0
    has_cursors: bool = False

    def add(self, page: Page, ids: list[Hashable]) -> None:
        self.listed.update(ids)
        self.unreadable += page.unreadable
        self.pages += 1
        self.filled += page.count > 0
        self.last = max(self.last, page.last)
        self.has_cursors = self.has_cursors or CURSOR in (page.following or "")

    @property
    def is_snapshot(self) -> bool:
        """Whether nothing can have moved: one answer had the whole list, or it has cursors."""
        # Without links, a full page is followed by an empty one.
        return self.has_cursors or self.pages == 1 or (self.filled <= 1 and not self.last)


def whole_list(
    path: str, read: Callable[[], Iterator[Page]], identify: Callable[[Any], Hashable]
) -> Iterator[Page]:
    """The pages of a list, each item once; ``read`` reads the list from its beginning.

    ``identify`` returns what tells an item from the others. After the pages of the first pass come
    those of further ones that have an item which no page had before. Raises ListMovedError at the
    end if the list is not proven complete, and UnreadableItemsError if there were items that cannot
    be read.
    """
    seen: set[Hashable] = set()
    earlier: _Pass | None = None
    for _ in range(MOST_PASSES):
        now = _Pass()
        for page in read():
            ids = [identify(item) for item in page.items]
            now.add(page, ids)
            fresh = {id: item for id, item in zip(ids, page.items, strict=True) if id not in seen}
            seen.update(ids)
            if fresh or earlier is None:
                yield replace(page, items=[*fresh.values()], count=len(fresh) + page.unreadable)
        if now.is_snapshot or (earlier and earlier.listed <= now.listed):
            break
        earlier = now
    else:
        raise ListMovedError(path)
    if now.unreadable:
        raise UnreadableItemsError(path, now.unreadable)
