"""A request for a route: its repository, path, query and caller."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from local_cloud.github.data.account import RepositoryData
from local_cloud.github.data.limits import Limits
from local_cloud.github.data.model import Issue
from local_cloud.github.data.objects.people import View
from local_cloud.github.data.rest.access import Caller, RefusedError
from local_cloud.github.data.rest.paging import Listed

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A handler's argument. ``parts`` are the path's variables, ``accept`` is the header."""

    view: View
    parts: Mapping[str, str]
    query: Mapping[str, str]
    caller: Caller
    limits: Limits
    accept: str = ""

    @property
    def data(self) -> RepositoryData:
        """The data of the repository."""
        return self.view.data

    @property
    def administers(self) -> bool:
        """Whether the caller is an administrator of the repository."""
        return self.caller.administers(self.view.catalogue, self.view.repository)

    def remembered(self, key: str, make: Callable[[], T]) -> T:
        """The result of ``make`` for this repository, cached until the next event."""
        return self.view.account.remembered((key, self.data.id), make)

    def number(self, name: str = "number") -> int:
        """A number in the path. Raises RefusedError (404) where there is none."""
        text = self.parts[name]
        if not text.isdecimal():
            raise RefusedError(404, "Not Found")
        return int(text)

    def issue(self, *, pull: bool = False) -> Issue:
        """The issue of the path's number, or with ``pull`` the pull request.

        Raises RefusedError: 404, 410 for one that was deleted, 301 for one that was transferred.
        """
        number = self.number()
        found = self.data.issues.get(number)
        if found and (found.pull or not pull):
            return found
        if number in self.data.deleted:
            raise RefusedError(410, "This issue was deleted")
        moved = self.data.transferred.get(number)
        elsewhere = self.view.of(moved[0]) if moved else None
        if moved and elsewhere and self.caller.sees(elsewhere.catalogue, elsewhere.repository):
            there = f"{self.view.base}/repositories/{moved[0]}/issues/{moved[1]}"
            raise RefusedError(301, "Moved Permanently", {"Location": there})
        raise RefusedError(404, "Not Found")

    def in_order(self, items: Iterable[Any], usual: str, falls: bool) -> list[Any]:
        """Sorted as ``sort`` and ``direction`` say; items of the same date by their ids."""
        sort = self.query.get("sort", usual)
        field = "updated_at" if sort == "updated" else "created_at"
        direction = self.query.get("direction", "desc" if falls else "asc")
        return sorted(items, key=attrgetter(field, "id"), reverse=direction == "desc")

    def since(self, items: Iterable[Any]) -> list[Any]:
        """Those that were updated at ``since`` or later."""
        since = self.query.get("since", "")
        return [each for each in items if each.updated_at >= since]


Handler = Callable[[Asked], Any]
"""Answers a request: a :class:`Listed`, or the JSON of one object."""

__all__ = ["Asked", "Handler", "Listed", "RefusedError"]
