"""Decides how refs moved between two archives, from the parents of the new commits. Pure.

A change is ``undecided`` if the new commits build on commits of earlier packs that may or may not
descend from the old tip. With the history of those packs as well, nothing is undecided.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

MOST_STEPS = 5_000_000
"""A limit on the steps of all walks, which take seconds. Beyond it, changes are undecided."""
_TAGS = "refs/tags/"


class History(Protocol):
    """Maps each commit to its parents and each tag to its object, as a dictionary does."""

    def get(self, oid: bytes, /) -> tuple[bytes, ...] | None: ...


class RefMove(StrEnum):
    """How a ref changed. New refs are not included."""

    ADVANCED = "advanced"
    REWRITTEN = "rewritten"
    MOVED = "moved"
    DELETED = "deleted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class RefChange:
    """A changed ref. ``old`` and ``new`` are object ids; ``new`` is None for a deleted ref."""

    name: str
    old: str
    new: str | None
    move: RefMove
    reason: str


def ref_changes(
    history: History, old: Mapping[str, str], new: Mapping[str, str]
) -> tuple[RefChange, ...]:
    """The changes of the ``old`` refs, by name. Any move of a tag counts as rewritten."""
    walk = _Walk(history)
    by_tip: dict[str, list[str]] = defaultdict(list)
    changes = []
    for name, oid in old.items():
        if name not in new:
            changes.append(RefChange(name, oid, None, RefMove.DELETED, "it no longer exists"))
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
    """The ``old`` tips that are not known to be ancestors of a ``new`` tip.

    An empty result is certain. A tip in it may still be an ancestor of a known commit.
    """
    wanted = set(old)
    reached = _Walk(history).reached(list(new), wanted)
    return frozenset(wanted - reached.found)


@dataclass(frozen=True)
class _Reached:
    """The result of a walk: the wanted objects that it ``found``, and where it had to end.

    ``left_history``: it met a commit of unknown parents. ``exhausted``: it ran out of steps.
    """

    found: frozenset[str]
    left_history: bool
    exhausted: bool

    def judge(self, old: str, new: str) -> tuple[RefMove, str]:
        if old in self.found:
            return RefMove.ADVANCED, "the new commits follow the old tip"
        if self.exhausted:
            return RefMove.UNDECIDED, "too many refs moved and too many commits are new to decide"
        if self.left_history:
            return RefMove.UNDECIDED, "the new commits build on commits of earlier archives"
        return RefMove.REWRITTEN, "the new history does not contain the old tip"


class _Walk:
    """Walks through a history, with at most ``MOST_STEPS`` steps in all."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._steps = 0

    def reached(self, tips: Iterable[str], wanted: set[str]) -> _Reached:
        """Which of the ``wanted`` objects are among these tips or their ancestors."""
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
