"""A list that is read once from its beginning, then from where it was left.

The first time in the order of creation, which only grows at its end. Later newest first: what is
updated meanwhile moves to a page that was read already, and is found by the next run, which goes
back to the newest date of *this* run's first page.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from backup_contract.documents.data_index import Section
from backup_contract.moments import iso
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.hosts.github.api.rest import Page
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.sections import SECTIONS
from repo_backup.runtime.errors import RepositoryError

_OVERLAP = timedelta(minutes=1)
"""GitHub's dates are whole seconds, and its answers may come from copies that lag."""
_STALE = (404, 422)
"""By these GitHub says that it no longer knows the page from which a list was to go on."""


@dataclass(frozen=True)
class ListPlan:
    """A list: ``first`` are the parameters of the first reading, ``later`` of the others.

    ``dated`` is the field that orders it; ``since``: GitHub itself leaves out what is older.
    ``shorten`` takes out of each item what is of no use.
    """

    section: str
    below: str
    first: Mapping[str, str]
    later: Mapping[str, str]
    dated: str = "updated_at"
    since: bool = False
    shorten: Callable[[Any], Any] | None = None


@dataclass
class _Walk:
    """How far a list has been read; ``text`` is what the next run goes on with."""

    first: bool
    known: str | None
    newest: str | None = None
    started: str | None = None
    following: str | None = None
    asked: bool = field(default=False)

    @property
    def text(self) -> str | None:
        if not self.following:
            return None
        written = {"first": self.first, "known": self.known, "newest": self.newest}
        return json.dumps({**written, "started": self.started, "next": self.following})

    def see(self, page: Page, dates: list[str]) -> None:
        """Learn from a page up to when the list is known once it was read to its end."""
        if self.started is None:
            self.started = _answered_at(page)
        if self.first:
            newest = max([*dates, self.newest or ""])
            # What changes from now on may be on pages that were read already.
            self.newest = min(newest, self.started) if self.started and newest else newest or None
        elif not self.asked:
            self.newest = max([*dates, self.newest or "", self.known or ""]) or None
        self.asked = True


def read_list(
    data: RepositoryRead, plan: ListPlan, take: Callable[[list[dict[str, Any]]], None]
) -> Section:
    """Read what is new of a list; ``take`` gets the items of a page and saves them.

    A page whose items could not be saved is read again by the next run. Raises
    InterruptedRunError.
    """
    walk = _begun(data.before(plan.section))
    resumed = walk.following is not None
    try:
        _read(data, plan, walk, take)
    except RepositoryError as error:
        stale = error.refusal and error.refusal.status in _STALE and resumed and not walk.asked
        if not stale:
            why = refused(error, SECTIONS[plan.section].absent)
            return data.unread(plan.section, why, walk.text)
        walk = _fresh(data.before(plan.section))
        try:
            _read(data, plan, walk, take)
        except RepositoryError as again:
            why = refused(again, SECTIONS[plan.section].absent)
            return data.unread(plan.section, why, walk.text)
    return data.complete(plan.section, newest=walk.newest, whole=walk.first)


def _read(
    data: RepositoryRead,
    plan: ListPlan,
    walk: _Walk,
    take: Callable[[list[dict[str, Any]]], None],
) -> None:
    query: dict[str, Any] = dict(plan.first if walk.first else plan.later)
    back_to = _earlier(walk.known) if walk.known else ""
    if plan.since and back_to:
        query["since"] = back_to
    for page in data.pages(plan.below, shorten=plan.shorten, after=walk.following, **query):
        dates = [str(item.get(plan.dated) or "") for item in page.items]
        ended = bool(back_to) and not plan.since and any(date < back_to for date in dates)
        take(
            [item for item, date in zip(page.items, dates, strict=True) if date >= back_to]
            if back_to
            else page.items
        )
        walk.see(page, dates)
        walk.following = page.following
        if ended:
            return


def _begun(before: Section | None) -> _Walk:
    """From where the last run stopped, if it did; what it wrote may be of another version."""
    if before and before.after:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            written = json.loads(before.after)
            return _Walk(
                first=bool(written["first"]),
                known=written["known"],
                newest=written["newest"],
                started=written["started"],
                following=str(written["next"]),
            )
    return _fresh(before)


def _fresh(before: Section | None) -> _Walk:
    known = before.newest if before else None
    return _Walk(first=known is None, known=known)


def _answered_at(page: Page) -> str:
    try:
        moment = parsedate_to_datetime(page.headers.get("Date", ""))
    except (ValueError, TypeError):
        moment = datetime.now(UTC)
    return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))


def _earlier(date: str) -> str:
    try:
        return iso(datetime.fromisoformat(date) - _OVERLAP)
    except (ValueError, OverflowError):
        return date
