"""Adapts the next attempt at a repository to the errors of those before it.

If upstream lacks an object, only the refs that need it are left out, not the whole repository. The
same error causes at most two downloads. Pure, except for requests to the server.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from backup_contract.documents.manifest import Unserved
from backup_contract.text import one_line
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.unserved import Refusal, find_unservable
from repo_backup.git.restorable import is_essential, listed
from repo_backup.runtime.errors import (
    IncompletePackError,
    RefusedPackError,
    RefusedWantError,
    RepositoryError,
    TransientError,
)

_MOST_OF_SAME_ERROR = 2
"""How often the same error may occur: a single one may be the network's."""
_OBJECT = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_HINT = "everything else is archived; --full tries again"


class Attempts:
    """The attempts at one repository. ``refusals`` has git's messages about complete packs."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self._errors: Counter[str] = Counter()
        self._missing: set[str] = set()
        self._essential_only = False
        self._whole_only = False
        self._has_others = False
        self._search = False
        self._reason = ""

    @property
    def check_format(self) -> bool:
        """Whether git checks the format of each object: it has not yet refused two packs for it."""
        return len(self.refusals) < _MOST_OF_SAME_ERROR

    @property
    def whole_only(self) -> bool:
        """Whether to fetch everything: a pack of new objects was refused, and no ref was left out
        since."""
        return self._whole_only

    def after_increment(self, error: RepositoryError) -> None:
        """Note that a pack of new objects was refused: the next attempt fetches everything."""
        self._whole_only = True
        self._errors[_subject(error)] += 1

    def after(self, error: TransientError) -> RepositoryError:
        """Note a failed attempt. Returns the error to raise; a TransientError means: try again."""
        subject = _subject(error)
        times = self._errors[subject] = self._errors[subject] + 1
        match error:
            case RefusedWantError(begun=False):
                self._search, self._whole_only = True, False
                return error if times <= _MOST_OF_SAME_ERROR else RepositoryError(str(error))
            case IncompletePackError() | RefusedWantError():
                return error if times < _MOST_OF_SAME_ERROR else self._narrowed(error)
            case RefusedPackError():
                self.refusals.append(str(error))
                again = times < _MOST_OF_SAME_ERROR or len(self.refusals) <= _MOST_OF_SAME_ERROR
                return error if again else RepositoryError(str(error))
        return error

    def _narrowed(self, error: IncompletePackError | RefusedWantError) -> RepositoryError:
        """After the same error again, leave out the refs it concerns, if others remain."""
        self._reason = str(error)
        if isinstance(error, IncompletePackError) and error.tips:
            self._missing.update(error.tips)
            self._whole_only = False
            return error
        if self._has_others and not self._essential_only:
            self._essential_only = True
            self._whole_only = False
            return error
        return RepositoryError(str(error))

    def wanted(
        self, known: Advertisement, ask: Callable[[Sequence[str]], Refusal | None]
    ) -> Advertisement:
        """The advertised refs without those that upstream cannot serve.

        Raises RepositoryError if none is left, and what ``ask`` raises.
        """
        essential = {oid for name, oid in known.refs.items() if is_essential(name)}
        essential |= {known.detached} if known.detached else set()
        others = sorted(set(known.tips) - essential)
        self._has_others = bool(others and essential)
        if self._search:
            found = find_unservable(sorted(essential), others, ask)
            self._missing.update(found.ids)
            self._reason = self._reason or found.reason
        lost = self._missing | (set(others) if self._essential_only else set())
        wanted = known.without(lost)
        if not wanted.tips:
            raise RepositoryError(self._reason)
        return wanted

    def unserved(self, known: Advertisement, wanted: Advertisement) -> Unserved | None:
        """What an archive of ``wanted`` lacks of the advertised refs ``known``; None if nothing."""
        lost = sorted(known.refs.keys() - wanted.refs.keys())
        lost += ["HEAD"] if known.detached != wanted.detached else []
        if not lost:
            return None
        essential = [name for name in lost if is_essential(name) or name == "HEAD"]
        others = [name for name in lost if name not in set(essential)]
        return Unserved(
            upstream_digest=known.digest,
            reason=self._sentence(essential) if essential else None,
            warning=self._sentence(others) if others else None,
        )

    def _sentence(self, names: Sequence[str]) -> str:
        return f"upstream cannot serve {listed(map(one_line, names))} ({self._reason}); {_HINT}"


def _subject(error: RepositoryError) -> str:
    """What an error is about: the first object id in its message, or else the message. Pure."""
    found = _OBJECT.search(str(error))
    return found[0] if found else str(error)
