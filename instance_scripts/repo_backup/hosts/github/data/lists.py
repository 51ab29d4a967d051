"""Reads a list once from its beginning, and later only what is new in it.

The first reading is in the order of creation, in which a list grows only at its end. Later readings
start with the newest update. An item that is updated during a reading moves to a page that was read
already; the next run finds it, because that goes back to the newest date on *this* run's first
page.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from backup_contract.documents.data_index import Section
from backup_contract.moments import iso
from repo_backup.hosts.github.api.allowance import Resource
from repo_backup.hosts.github.api.identity import UnreadableItemsError
from repo_backup.hosts.github.api.page import Page
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.sections import SECTIONS
from repo_backup.runtime.errors import RepositoryError

_OVERLAP = timedelta(minutes=1)
"""GitHub's dates are whole seconds, and a response may come from a replica that lags behind."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_STALE = (404, 422)
"""The statuses for a page that no longer exists, where a reading was to continue."""


@dataclass(frozen=True)
class ListPlan:
    """How to read the list of a section at the path ``below`` the repository.

    ``first`` are the query parameters of the first reading, ``later`` those of the others.
    ``dated`` is the field with the date that orders the list. ``since``: GitHub accepts a parameter
    that omits older items. ``shorten`` removes the useless parts of each item. ``at_once`` pages
    are saved together. ``key`` is the field that identifies an item. An item that is not ``placed``
    cannot be saved either, such as a comment that does not name its issue. ``limits`` are the
    hourly limits that the requests for a page, and for the details of its items, count against.
    """

    section: str
    below: str
    first: Mapping[str, str]
    later: Mapping[str, str]
    dated: str = "updated_at"
    since: bool = False
    shorten: Callable[[Any], Any] | None = None
    at_once: int = 1
    key: str = "id"
    placed: Callable[[Any], bool] = lambda item: True
    limits: Sequence[Resource] = ("core",)


@dataclass
class _Walk:
    """How far a list has been read. ``text`` is saved, so that the next run can continue there.

    ``first``: it is the first reading. ``known`` is the newest date of earlier readings and
    ``newest`` the one for the next run (ISO 8601). ``following`` is the URL of the next page.
    ``unreadable`` is the number of items that could not be read.
    """

    first: bool
    known: str | None
    newest: str | None = None
    started: str | None = None
    following: str | None = None
    unreadable: int = 0
    asked: bool = field(default=False)

    @property
    def text(self) -> str | None:
        if not self.following:
            return None
        written: dict[str, Any] = {
            "first": self.first, "known": self.known, "newest": self.newest,
            "started": self.started, "next": self.following,
        }  # fmt: skip
        if self.unreadable:
            written["unreadable"] = self.unreadable
        return json.dumps(written)

    def see(self, page: Page, dates: list[str]) -> None:
        """Update ``newest``: up to this date the list is known once this reading has finished."""
        if self.started is None:
            self.started = _answered_at(page)
        # Later changes may be on pages that were read already. An import can set a date in the
        # future, with which all later changes would look old.
        past = [date for date in dates if date <= self.started]
        if self.first:
            self.newest = max([*past, self.newest or ""]) or (self.started if dates else None)
        elif not self.asked:
            self.newest = max([*past, self.newest or "", self.known or ""]) or None
        self.asked = True


def read_list(
    data: RepositoryRead, plan: ListPlan, take: Callable[[list[dict[str, Any]]], None]
) -> Section:
    """Read what is new in a list. ``take`` saves the items of one or more pages.

    If ``take`` fails, the next run reads these pages again. Raises InterruptedRunError.
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
    if walk.unreadable and not _is_counted(data, plan, walk):
        lost = UnreadableItemsError(plan.below, walk.unreadable)
        return data.unread(plan.section, refused(lost))
    return data.complete(plan.section, newest=walk.newest, whole=walk.first)


def _is_counted(data: RepositoryRead, plan: ListPlan, walk: _Walk) -> bool:
    """Whether a comparison with GitHub's count will find the unreadable items and read them by
    number.

    That works only in a first reading: later, an unreadable item may be a change of a saved one.
    And only for issues: a pull request that is unreadable in the list of pull requests is saved
    from the list of issues, so it would not be missing, but incomplete.
    """
    counted = plan.section == "issues" and data.counted_items(plan.section) is not None
    return counted and walk.first and not data.task.full


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
    counted = data.counted_items(plan.section)
    walk_on = {"after": walk.following, "counted": counted, "key": plan.key, **query}
    for pages in _together(data.pages(plan.below, shorten=plan.shorten, **walk_on), plan.at_once):
        dates: list[str] = []
        for page in pages:
            walk.see(page, found := [date_of(item.get(plan.dated)) for item in page.items])
            dates += found
        items = [item for page in pages for item in page.items]
        dated = zip(items, dates, strict=True)
        # Items without a date are taken, because they may have changed.
        new = [item for item, date in dated if not (back_to and date) or date >= back_to]
        take(placed := [item for item in new if plan.placed(item)])
        walk.unreadable += sum(page.unreadable for page in pages) + len(new) - len(placed)
        walk.following = pages[-1].following
        data.pause.progressed()
        if back_to and not plan.since and any(date and date < back_to for date in dates):
            return
        if walk.following:
            data.pause.check(*plan.limits)


def date_of(value: Any) -> str:
    """A date in GitHub's format; empty for anything else."""
    return value if isinstance(value, str) and _DATE.fullmatch(value) else ""


def _together(pages: Iterator[Page], count: int) -> Iterator[list[Page]]:
    """The pages in groups of ``count``. The last group may be smaller, also before an error: the
    pages read until then come first, and the error is raised after them."""
    waiting: list[Page] = []
    try:
        for page in pages:
            waiting.append(page)
            if len(waiting) == count:
                yield waiting
                waiting = []
    except RepositoryError:
        if waiting:
            yield waiting
        raise
    if waiting:
        yield waiting


def _begun(before: Section | None) -> _Walk:
    """Continue where the last run stopped; start anew if it did not, or if another version of the
    program wrote something else."""
    if before and before.after:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            written = json.loads(before.after)
            return _Walk(
                first=bool(written["first"]),
                known=written["known"],
                newest=written["newest"],
                started=written["started"],
                following=str(written["next"]),
                unreadable=int(written.get("unreadable", 0)),
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
