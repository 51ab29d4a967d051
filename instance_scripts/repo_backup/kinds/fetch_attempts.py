"""What the attempts at one repository teach: how the next one goes, and what it does not ask for.

An object that upstream lacks costs the refs that need it, not the repository, and nothing is
downloaded more than twice for the same trouble. Pure but for the questions to the server.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from backup_contract.documents.manifest import Unserved
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.unserved import Refusal, find_unservable
from repo_backup.git.restorable import is_essential, listed
from repo_backup.runtime.errors import (
    IncompletePackError,
    RefusedPackError,
    RefusedWantError,
    RepositoryError,
    TransientError,
    said,
)

_SAME_TROUBLE = 2
"""A single failure may be the network's."""
_OBJECT = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_FURTHER = "everything else is archived; --full asks for it again"


class Attempts:
    """``refusals`` are git's words about packs that came whole."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self._troubles: Counter[str] = Counter()
        self._missing: set[str] = set()
        self._essential_only = False
        self._whole_only = False
        self._has_others = False
        self._search = False
        self._reason = ""

    @property
    def closely(self) -> bool:
        """Whether git looks at the form of each object: it refused no two packs for it."""
        return len(self.refusals) < _SAME_TROUBLE

    @property
    def whole_only(self) -> bool:
        """Whether a pack of what is new was refused, and nothing less is asked for since."""
        return self._whole_only

    def after_increment(self, error: RepositoryError) -> None:
        """Learn that a pack of what is new was refused: everything is asked for next."""
        self._whole_only = True
        self._troubles[_subject(error)] += 1

    def after(self, error: TransientError) -> RepositoryError:
        """Learn from a failed attempt; what is to be raised, a TransientError to try again."""
        subject = _subject(error)
        times = self._troubles[subject] = self._troubles[subject] + 1
        match error:
            case RefusedWantError(begun=False):
                self._search, self._whole_only = True, False
                return error if times <= _SAME_TROUBLE else RepositoryError(str(error))
            case IncompletePackError() | RefusedWantError():
                return error if times < _SAME_TROUBLE else self._narrowed(error)
            case RefusedPackError():
                self.refusals.append(str(error))
                again = times < _SAME_TROUBLE or len(self.refusals) <= _SAME_TROUBLE
                return error if again else RepositoryError(str(error))
        return error

    def _narrowed(self, error: IncompletePackError | RefusedWantError) -> RepositoryError:
        """The same trouble again: leave out what it is about, if that is not everything."""
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
        """What is to be asked for: all that is advertised, less what cannot be served.

        Raises RepositoryError when nothing is left, and what ``ask`` raises.
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
        """What an archive of ``wanted`` lacks of what is ``known``; None if nothing."""
        lost = sorted(known.refs.keys() - wanted.refs.keys())
        lost += ["HEAD"] if known.detached != wanted.detached else []
        if not lost:
            return None
        essential = [name for name in lost if is_essential(name) or name == "HEAD"]
        others = [name for name in lost if name not in set(essential)]
        return Unserved(
            upstream_digest=known.digest,
            reason=self._told(essential) if essential else None,
            warning=self._told(others) if others else None,
        )

    def _told(self, names: Sequence[str]) -> str:
        return f"upstream cannot serve {listed(map(said, names))} ({self._reason}); {_FURTHER}"


def _subject(error: RepositoryError) -> str:
    """What a trouble is about: the object that is named first, whatever is said of it. Pure."""
    found = _OBJECT.search(str(error))
    return found[0] if found else str(error)
