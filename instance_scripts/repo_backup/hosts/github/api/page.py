"""A page of one of the lists of GitHub's REST API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """One page of a list: its readable items, and the URL of the next page (``following``).

    ``count`` is the number of all its items. ``last`` is the number of the last page (0: not
    stated), and ``total`` is GitHub's count of the whole list (None: not stated).
    """

    items: list[Any]
    count: int
    following: str | None
    last: int
    total: int | None
    headers: Mapping[str, str]

    @property
    def unreadable(self) -> int:
        """The number of items that cannot be read: not objects, or without their identifier."""
        return self.count - len(self.items)
