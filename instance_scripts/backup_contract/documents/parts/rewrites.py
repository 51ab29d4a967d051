"""History that upstream replaced or removed since the archive before, as a result tells it. Pure.

A program that does not know the field ``rewrites`` reads the result as it always did.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields

MOST_NAMED = 100
"""Of one repository; the others are counted."""
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class RewriteKind(StrEnum):
    """What happened to a branch or a tag."""

    FORCED_BRANCH = "forced-branch"
    MOVED_TAG = "moved-tag"
    DELETED_BRANCH = "deleted-branch"
    DELETED_TAG = "deleted-tag"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One ref, ``refs/heads/main``; ``old`` and ``new`` are object ids, ``new`` None: deleted.

    ``by`` is who did it ``at`` a moment (ISO 8601), by the host's word; None: it does not tell.
    """

    name: str
    kind: RewriteKind
    old: str
    new: str | None = None
    by: str | None = None
    at: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the manifest."""
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
    """What a run found rewritten in one repository or wiki, but for ``--known-rewrites``.

    ``named`` are at most ``MOST_NAMED``, ``more`` the rest. ``refs_before`` counts the branches and
    tags of the archive before; ``lost`` of them were deleted together with commits that no other
    ref leads to. ``default_branch``: that branch was forced or lost. ``one_commit``: everything was
    replaced by a single commit that does not follow it. ``undecided`` refs moved, and it took
    too much to find out how.
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
        """How many branches and tags were rewritten."""
        return len(self.named) + self.more

    def and_(self, later: "Rewrites | None") -> "Rewrites":
        """What two attempts of the same run found, one after the other."""
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
        """As it stands in the manifest."""
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
    """The object in a field. Raises DamagedError.

    Of a later version's kind nothing is known but that it is one more.
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
