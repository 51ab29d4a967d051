"""Which of each owner's repositories a run could see, and the sentence about it. Pure.

The program writes this into the manifest as ``visibility``, and the reporter copies it into
``report.json``. Mail, page, ``status`` and the command line share the wording in this module.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backup_contract.github_names import LISTED_OWNER

Scope = Literal["public", "selected", "all", "unknown"]
"""``public``: no private repository is visible. ``selected``: GitHub reports that some repositories
are not visible, or counts more than it lists. ``all``: every repository is visible, which follows
from the kind of token, the App's installation or GitHub's count. ``unknown``: none of these."""

PUBLIC_ONLY = "public only"

_SCOPES: tuple[Scope, ...] = ("public", "selected", "all", "unknown")
_OWNER = re.compile(LISTED_OWNER)
_MOST_OWNERS, _MOST_REPOSITORIES = 10_000, 10**9
_NAMED_OWNERS = 5


@dataclass(frozen=True, slots=True)
class Visibility:
    """The visibility of one owner's repositories: GitHub listed ``visible`` of ``total``.

    ``total`` is None if GitHub does not report it. It includes repositories that GitHub never
    lists, such as disabled ones.
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
        """Its JSON object in the manifest and in ``report.json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The wording for all owners together.

    ``label`` follows a verdict in brackets. ``sentence`` is the full text, without its full stop.
    Both are empty if everything is visible, and if nothing is known; ``complete`` is True only for
    the former. ``action_needed``: some repositories are known not to be visible, or the token's own
    limits may hide some.
    """

    label: str
    sentence: str
    complete: bool
    action_needed: bool


def measure(owner: str, granted: Scope, visible: int, total: int | None) -> Visibility:
    """The visibility of an owner's repositories. If the token's limits are unknown, the count
    decides."""
    if granted == "unknown" and total is not None:
        granted = "selected" if visible < total else "all"
    return Visibility(owner, granted, visible, total)


def count(document: Any) -> int | None:
    """The number of an account's repositories, from ``/user`` or ``/orgs/ORG``; None if unknown.

    GitHub reports the number of private ones only to some tokens, such as a classic token with the
    scope ``user`` or ``admin:org``: https://docs.github.com/rest/users/users,
    https://docs.github.com/rest/orgs/orgs
    """
    if not isinstance(document, dict):
        return None
    private = _count(document.get("owned_private_repos", document.get("total_private_repos")))
    public = _count(document.get("public_repos"))
    return None if private is None or public is None else public + private


def read(value: object) -> tuple[Visibility, ...]:
    """Read the JSON in a manifest or a ``report.json``. Empty (unknown) if it is malformed."""
    if not isinstance(value, list) or len(value) > _MOST_OWNERS:
        return ()
    items = [_item(each) for each in value]
    found = tuple(item for item in items if item)
    return found if len(found) == len(items) else ()


def describe(items: Sequence[Visibility]) -> Coverage:
    """The wording for these owners. Older manifests have none."""
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
