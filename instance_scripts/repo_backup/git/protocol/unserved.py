"""Which of the objects that a server lists it cannot serve, found by few and cheap questions.

A server refuses all that is wanted for one object that it lacks. It names the object itself
(``not our ref``), but not the ref above an object further down, which is found by halving. Pure
but for the questions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from repo_backup.runtime.errors import TransientError

MOST_QUESTIONS = 64


@dataclass(frozen=True)
class Refusal:
    """Why no pack of the wanted objects begins; ``oid`` is the one that the server names."""

    reason: str
    oid: str | None = None


@dataclass(frozen=True)
class Unservable:
    """The object ids that a server cannot serve, and its words about the first."""

    ids: frozenset[str]
    reason: str


def find_unservable(
    essential: Sequence[str],
    others: Sequence[str],
    ask: Callable[[Sequence[str]], Refusal | None],
    most_questions: int = MOST_QUESTIONS,
) -> Unservable:
    """Those of all these object ids that cannot be served.

    ``ask`` wants some at once; None when a pack begins. After ``most_questions`` what is left of
    ``others`` counts as unservable. Raises TransientError when that leaves ``essential`` ones, or
    when it seems to be the server rather than an object.
    """
    search = _Search(ask, most_questions)
    for group in (list(essential), list(others)):
        try:
            search.look_through(group)
        except _EnoughError:
            if group == list(essential):
                raise TransientError(
                    f"upstream refuses many of its branches and tags: {search.reason}"
                ) from None
            search.found.update(search.open)
    return Unservable(frozenset(search.found), search.reason)


class _EnoughError(Exception):
    """No further question is to be asked."""


class _Search:
    def __init__(self, ask: Callable[[Sequence[str]], Refusal | None], most_questions: int) -> None:
        self._ask = ask
        self._left = most_questions
        self._serves = False
        self.found: set[str] = set()
        self.open: list[str] = []
        """What is still to be asked about, where there were too many questions."""
        self.reason = ""

    def look_through(self, ids: list[str]) -> None:
        """Find what is unservable among these. Raises _EnoughError and TransientError."""
        groups = [ids]
        while groups:
            group = groups.pop()
            self.open = [*group, *(oid for each in groups for oid in each)]
            refusal = self._question(group) if group else None
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
        """See that the server serves anything at all: else no object is to blame."""
        ends = (group[0], group[-1]) if len(group) > 1 else ()
        if not self._serves and all(self._question([oid]) for oid in ends):
            raise TransientError(refusal.reason)

    def _question(self, ids: list[str]) -> Refusal | None:
        if not self._left:
            raise _EnoughError
        self._left -= 1
        refusal = self._ask(ids)
        if refusal:
            self.reason = self.reason or refusal.reason
        else:
            self._serves = True
        return refusal
