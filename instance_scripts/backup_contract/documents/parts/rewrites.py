"""History that upstream rewrote or deleted since the previous archive, in a result. Pure."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields

MOST_NAMED = 100
"""How many refs of one repository are named. The others are counted."""
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class RewriteKind(StrEnum):
    """What happened to a branch or a tag."""

    FORCED_BRANCH = "forced-branch"
    MOVED_TAG = "moved-tag"
    DELETED_BRANCH = "deleted-branch"
    DELETED_TAG = "deleted-tag"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rewritten ref.

    ``name`` is its full name, such as ``refs/heads/main``. ``old`` and ``new`` are object ids;
    ``new`` is None if the ref was deleted. ``by`` and ``at`` (ISO 8601) are who rewrote it and
    when, as the host reports it; None if it does not.
    """

    name: str
    kind: RewriteKind
    old: str
    new: str | None = None
    by: str | None = None
    at: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        who = {"by": self.by, "at": self.at} if self.by else {}
        return {
            "name": self.name,
            "kind": self.kind.value,
            "old": self.old,
            "new": self.new,
            **who,
        }


@dataclass(frozen=True, slots=True)
class Rewrites:
    """The rewrites that a run found in one repository or wiki, without ``--known-rewrites``.

    ``named`` has at most ``MOST_NAMED`` refs; ``more`` counts the rest. ``refs_before`` counts the
    branches and tags of the previous archive. ``lost`` counts those that were deleted and whose
    commits no other ref contains. ``default_branch``: the default branch was forced or lost.
    ``one_commit``: a single commit, which is not a descendant, replaced all history. ``undecided``
    counts refs that moved, but for which finding out how would have taken too long.
    """

    run_id: str
    named: tuple[Rewrite, ...] = ()
    more: int = 0
    refs_before: int = 0
    lost: int = 0
    default_branch: bool = False
    one_commit: bool = False
    undecided: int = 0

    @property
    def count(self) -> int:
        """The number of rewritten branches and tags."""
        return len(self.named) + self.more

    def and_(self, later: "Rewrites | None") -> "Rewrites":
        """The rewrites that two successive attempts of the same run found."""
        if later is None:
            return self
        named = tuple(dict.fromkeys((*self.named, *later.named)))
        return replace(
            self,
            named=named[:MOST_NAMED],
            more=self.more + later.more + len(named[MOST_NAMED:]),
            lost=self.lost + later.lost,
            default_branch=self.default_branch or later.default_branch,
            one_commit=self.one_commit or later.one_commit,
            undecided=self.undecided + later.undecided,
        )

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        return {
            "run_id": self.run_id,
            "named": [each.document for each in self.named],
            "more": self.more,
            "refs_before": self.refs_before,
            "lost": self.lost,
            "default_branch": self.default_branch,
            "one_commit": self.one_commit,
            "undecided": self.undecided,
        }


def read_rewrites(document: Fields, name: str) -> Rewrites:
    """Read the object in a field. Raises DamagedError.

    Rewrites of a kind that only a later version knows are counted in ``more``.
    """
    return fields.inside(document, name, _rewrites)


def _rewrites(document: Fields) -> Rewrites:
    found = fields.each(document, "named", _rewrite)
    named = tuple(each for each in found if each)
    return Rewrites(
        fields.run_id(document, "run_id"),
        named,
        fields.count(document, "more") + len(found) - len(named),
        fields.count(document, "refs_before"),
        fields.count(document, "lost"),
        fields.flag(document, "default_branch"),
        fields.flag(document, "one_commit"),
        fields.count(document, "undecided"),
    )


def _rewrite(document: Fields) -> Rewrite | None:
    word = fields.word(document, "kind")
    name, old = fields.text(document, "name"), _object_id(document, "old")
    new = fields.nullable(_object_id, document, "new")
    by, at = fields.text_or_none(document, "by"), fields.text_or_none(document, "at")
    return Rewrite(name, RewriteKind(word), old, new, by, at) if word in {*RewriteKind} else None


def _object_id(document: Fields, name: str) -> str:
    found = fields.text(document, name)
    if not _OBJECT_ID.fullmatch(found):
        raise DamagedError(name, "is not an object id")
    return found
