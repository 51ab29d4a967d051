"""What a backup could see of each owner's repositories, and the one sentence about it. Pure.

The program writes it into the manifest as ``visibility``, the reporter copies it into
``report.json``. Mail, page, ``status`` and the command line all take their words from here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backup_contract.github_names import LISTED_OWNER

Scope = Literal["public", "selected", "all", "unknown"]
"""``public``: no private repository is visible. ``selected``: GitHub says that some repositories
are not, or counts more than it lists. ``all``: every repository is, by the kind of token, by the
App's installation or by GitHub's count. ``unknown``: GitHub does not tell."""

PUBLIC_ONLY = "public only"

_SCOPES: tuple[Scope, ...] = ("public", "selected", "all", "unknown")
_OWNER = re.compile(LISTED_OWNER)
_MOST_OWNERS, _MOST_REPOSITORIES = 10_000, 10**9
_NAMED_OWNERS = 5


@dataclass(frozen=True, slots=True)
class Visibility:
    """One owner: ``visible`` repositories were listed of ``total``, None where GitHub gives none.

    GitHub's total counts repositories that it never lists, disabled ones for instance.
    """

    owner: str
    scope: Scope
    visible: int
    total: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it is proven that no repository of the owner is hidden."""
        return self.scope == "all" and not self.short

    @property
    def short(self) -> bool:
        """Whether GitHub counts more than it lists."""
        return self.total is not None and self.visible < self.total

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the manifest and in ``report.json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What may be said of all owners together.

    ``label`` goes into brackets behind a verdict, ``sentence`` (without its full stop) says it in
    full. Both are empty where all is visible, and where nothing is known: ``complete`` tells these
    apart. ``action_needed`` is True where repositories are certainly, or by the token's own limits,
    out of sight.
    """

    label: str
    sentence: str
    complete: bool
    action_needed: bool


def measure(owner: str, granted: Scope, visible: int, total: int | None) -> Visibility:
    """What was visible of an owner; where the token's own limits are unknown the count decides."""
    if granted == "unknown" and total is not None:
        granted = "selected" if visible < total else "all"
    return Visibility(owner, granted, visible, total)


def count(document: Any) -> int | None:
    """All repositories of an account, from ``/user`` or ``/orgs/ORG``; None where it is not told.

    The private ones are in the answer only for whoever may know, for instance a classic token with
    the scope ``user`` or ``admin:org``: https://docs.github.com/rest/users/users,
    https://docs.github.com/rest/orgs/orgs
    """
    if not isinstance(document, dict):
        return None
    private = _count(document.get("owned_private_repos", document.get("total_private_repos")))
    public = _count(document.get("public_repos"))
    return None if private is None or public is None else public + private


def read(value: object) -> tuple[Visibility, ...]:
    """From the JSON of a manifest or a ``report.json``; empty, which is unknown, for all else."""
    if not isinstance(value, list) or len(value) > _MOST_OWNERS:
        return ()
    items = [_item(each) for each in value]
    found = tuple(item for item in items if item)
    return found if len(found) == len(items) else ()


def describe(items: Sequence[Visibility]) -> Coverage:
    """The words for these owners; none at all is what older manifests know."""
    if not items:
        return Coverage("", "", complete=False, action_needed=False)
    limited = [each for each in items if not each.complete]
    if not limited:
        return Coverage("", "", complete=True, action_needed=False)
    action = any(each.short or each.scope in ("public", "selected") for each in limited)
    return Coverage(_label(items), _sentence(limited), complete=False, action_needed=action)


def _item(document: object) -> Visibility | None:
    if not isinstance(document, dict):
        return None
    owner, scope = document.get("owner"), document.get("scope")
    visible, total = _count(document.get("visible")), _count(document.get("total"))
    if not isinstance(owner, str) or not _OWNER.fullmatch(owner) or scope not in _SCOPES:
        return None
    if visible is None or (total is None and document.get("total") is not None):
        return None
    return Visibility(owner, scope, visible, total)


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < _MOST_REPOSITORIES else None


def _label(items: Sequence[Visibility]) -> str:
    if all(each.scope == "public" for each in items):
        return PUBLIC_ONLY
    visible = sum(each.visible for each in items)
    totals = [each.visible if each.complete else each.total for each in items]
    known = [total for total in totals if total is not None]
    if len(known) < len(items):
        return f"{visible} {_noun(visible)} visible, total unknown"
    return f"{visible} of {max(visible, sum(known))} repositories visible"


def _sentence(limited: Sequence[Visibility]) -> str:
    phrases = [_phrase(each) for each in limited[:_NAMED_OWNERS]]
    if more := len(limited) - len(phrases):
        phrases.append(
            f"{more} more owner{'s are' if more != 1 else ' is'} not known to be complete"
        )
    return "; ".join(phrases)


def _phrase(each: Visibility) -> str:
    number, noun = str(each.visible), _noun(each.visible)
    if each.total is not None:
        number, noun = f"{each.visible} of {max(each.visible, each.total)}", "repositories"
    limits = {"public": ["public only"], "selected": ["selected only"]}.get(each.scope, [])
    if each.total is None and each.scope != "public":
        limits = [*limits, "total unknown"]
    verb = "is" if number == "1" else "are"
    return f"{number} {noun} of {each.owner} {verb} visible" + _bracketed(limits)


def _bracketed(texts: Iterable[str]) -> str:
    joined = ", ".join(texts)
    return f" ({joined})" if joined else ""


def _noun(number: int) -> str:
    return "repository" if number == 1 else "repositories"
