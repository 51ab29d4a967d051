"""Finds the advertised objects that a server cannot serve, with few and cheap requests.

A server refuses a whole request because of one object that it lacks. It names a missing tip (``not
our ref``), but not the ref that leads to another missing object; that one is found by bisection.
Pure except for the requests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from repo_backup.runtime.errors import TransientError

MOST_REQUESTS = 64


@dataclass(frozen=True)
class Refusal:
    """Why the server sends no pack. ``oid`` is the object that it names, if any."""

    reason: str
    oid: str | None = None


@dataclass(frozen=True)
class Unservable:
    """The object ids that a server cannot serve, and its message about the first."""

    ids: frozenset[str]
    reason: str


def find_unservable(
    essential: Sequence[str],
    others: Sequence[str],
    ask: Callable[[Sequence[str]], Refusal | None],
    most_requests: int = MOST_REQUESTS,
) -> Unservable:
    """Find which of these object ids cannot be served.

    ``ask`` requests several ids and returns None if a pack begins. After ``most_requests``, the
    rest of ``others`` counts as unservable. Raises TransientError if any of ``essential`` are left
    then, or if the server seems to serve nothing at all.
    """
    search = _Search(ask, most_requests)
    for group in (list(essential), list(others)):
        try:
            search.bisect(group)
        except _LimitReachedError:
            if group == list(essential):
                raise TransientError(
                    f"upstream refuses many of its branches and tags: {search.reason}"
                ) from None
            search.found.update(search.undecided)
    return Unservable(frozenset(search.found), search.reason)


class _LimitReachedError(Exception):
    """The limit of requests is reached."""


class _Search:
    def __init__(self, ask: Callable[[Sequence[str]], Refusal | None], most_requests: int) -> None:
        self._ask = ask
        self._left = most_requests
        self._serves = False
        self.found: set[str] = set()
        self.undecided: list[str] = []
        """The ids that had not been checked when the limit was reached."""
        self.reason = ""

    def bisect(self, ids: list[str]) -> None:
        """Find the unservable ids. Raises _LimitReachedError and TransientError."""
        groups = [ids]
        while groups:
            group = groups.pop()
            self.undecided = [*group, *(oid for each in groups for oid in each)]
            refusal = self._request(group) if group else None
            if refusal is None:
                continue
            if refusal.oid in group:
                self.found.add(refusal.oid)
                groups.append([oid for oid in group if oid != refusal.oid])
                continue
            self._require_service(group, refusal)
            if len(group) == 1:
                self.found.update(group)
            else:
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]

    def _require_service(self, group: list[str], refusal: Refusal) -> None:
        """Raise TransientError if the server serves nothing at all: then no object is to blame."""
        ends = (group[0], group[-1]) if len(group) > 1 else ()
        if not self._serves and all(self._request([oid]) for oid in ends):
            raise TransientError(refusal.reason)

    def _request(self, ids: list[str]) -> Refusal | None:
        if not self._left:
            raise _LimitReachedError
        self._left -= 1
        refusal = self._ask(ids)
        if refusal:
            self.reason = self.reason or refusal.reason
        else:
            self._serves = True
        return refusal
