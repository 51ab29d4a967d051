"""How refs moved between two archives, told by the new commits' parents alone. Pure.

What the new commits cannot tell is ``undecided``: they rest on commits of earlier packs, behind
which an old tip may be or not. With the history of those packs as well, nothing is undecided.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

MOST_STEPS = 5_000_000
"""Seconds. A repository with more moved refs and new commits than that has undecided ones."""
_TAGS = "refs/tags/"


class History(Protocol):
    """Of each commit its parents, of each tag its object; a dictionary is one."""

    def get(self, oid: bytes, /) -> tuple[bytes, ...] | None: ...


class RefMove(StrEnum):
    """What became of a ref; one that came new is not asked about."""

    ADVANCED = "advanced"
    REWRITTEN = "rewritten"
    MOVED = "moved"
    DELETED = "deleted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class RefChange:
    """A ref that is not what it was. ``old`` and ``new`` are object ids; ``new`` None: deleted."""

    name: str
    old: str
    new: str | None
    move: RefMove
    reason: str


def ref_changes(
    history: History, old: Mapping[str, str], new: Mapping[str, str]
) -> tuple[RefChange, ...]:
    """What became of each of the ``old`` refs that changed, by name. A tag may not move at all."""
    walk = _Walk(history)
    by_tip: dict[str, list[str]] = defaultdict(list)
    changes = []
    for name, oid in old.items():
        if name not in new:
            changes.append(RefChange(name, oid, None, RefMove.DELETED, "it is not there any more"))
        elif new[name] != oid and name.startswith(_TAGS):
            reason = "a tag names another object"
            changes.append(RefChange(name, oid, new[name], RefMove.MOVED, reason))
        elif new[name] != oid:
            by_tip[new[name]].append(name)
    for tip, names in by_tip.items():
        reached = walk.reached([tip], {old[name] for name in names})
        changes += [
            RefChange(name, old[name], tip, *reached.judge(old[name], tip)) for name in names
        ]
    return tuple(sorted(changes, key=lambda change: change.name))


def lost_tips(history: History, old: Iterable[str], new: Iterable[str]) -> frozenset[str]:
    """Those of the ``old`` tips that are behind none of the ``new`` ones, as far as can be told.

    An empty answer is certain. A tip in it may be behind a known commit all the same.
    """
    wanted = set(old)
    reached = _Walk(history).reached(list(new), wanted)
    return frozenset(wanted - reached.found)


@dataclass(frozen=True)
class _Reached:
    """Where a walk led: ``found`` of what was looked for, and whether it met its ends."""

    found: frozenset[str]
    left_history: bool
    exhausted: bool

    def judge(self, old: str, new: str) -> tuple[RefMove, str]:
        if old in self.found:
            return RefMove.ADVANCED, "the new commits follow the old tip"
        if self.exhausted:
            return RefMove.UNDECIDED, "there are too many moved refs and new commits to tell"
        if self.left_history:
            return RefMove.UNDECIDED, "the new commits rest on others that were known before"
        return RefMove.REWRITTEN, "the new history does not contain the old tip"


class _Walk:
    """Walks through a history, ``MOST_STEPS`` in all."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._steps = 0

    def reached(self, tips: Iterable[str], wanted: set[str]) -> _Reached:
        """Which of the ``wanted`` objects are behind these tips, or are one of them."""
        open_ = [bytes.fromhex(tip) for tip in tips]
        seen, missing = set(open_), {bytes.fromhex(oid) for oid in wanted}
        left_history = False
        missing -= seen
        while open_ and missing and self._steps < MOST_STEPS:
            self._steps += 1
            following = self._history.get(open_.pop())
            if following is None:
                left_history = True
                continue
            fresh = [oid for oid in following if oid not in seen]
            seen.update(fresh)
            missing.difference_update(fresh)
            open_ += fresh
        found = wanted - {oid.hex() for oid in missing}
        return _Reached(frozenset(found), left_history, bool(open_ and missing))
