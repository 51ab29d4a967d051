"""Decides whether backups can be relied on, for ``status``, ``list`` and the page. Pure.

The caller gathers :class:`RunFacts`; the result and its wording are the same for all callers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backup_contract.documents.manifest import Manifest
from backup_contract.judgement.overdue import Watched, overdue
from backup_contract.judgement.verdict import Kind, find
from backup_contract.kinds import GIST, KINDS
from backup_contract.visibility import Coverage, Visibility, describe

VERIFIED, PARTIAL, UNREADABLE = Kind.VERIFIED.value, Kind.PARTIAL.value, "unreadable"
CLOCK_TOLERANCE = timedelta(days=1)
"""How much later than now a run may have ended: clocks of machines differ."""
COMPLETE, INCOMPLETE, UNFINISHED = "complete", "incomplete", "unfinished"
"""The states of a run that has no verdict from the reporter."""


class Level(StrEnum):
    """How serious the judgement is. WATCH is good, but something deserves attention."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of a run. ``word`` is the reporter's verdict, or else :func:`own_word`.

    ``failed`` counts repositories that failed, including by their wikis. ``unsaved`` counts those
    that a narrowed run did not select and of which nothing is saved, ``excluded`` those that
    options exclude. ``only`` are the patterns of a
    narrowed run; a run of everything has none. ``failed_accounts`` counts accounts whose own data
    is incomplete, ``failed_gists`` gists that could not be backed up.
    """

    run_id: str
    word: str
    complete: bool
    finished_at: datetime | None
    listed: int = 0
    failed: int = 0
    unsaved: int = 0
    excluded: int = 0
    only: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    failed_accounts: int = 0
    failed_gists: int = 0

    @property
    def failures(self) -> str:
        """``2 of 8 failed``; empty if nothing failed."""
        if self.failed:
            return f"{self.failed:,} of {self.listed:,} failed"
        if self.failed_gists:
            return f"{KINDS[GIST].counted(self.failed_gists)} failed"
        count = self.failed_accounts
        return f"incomplete data of {count} account{'s' * (count != 1)}" if count else ""

    @property
    def good(self) -> bool:
        """Whether the run itself can be relied on."""
        return is_good(self.word)

    @property
    def coverage(self) -> Coverage:
        """The description of what the run's token could see."""
        return describe(self.visibility)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the backups can be relied on; ``headline`` is a title, ``reason`` says why (not).

    ``relied`` is the newest run of everything that can be relied on, by itself or after narrowed
    runs have completed it. ``overdue``: only its age is wrong.
    """

    level: Level
    headline: str
    reason: str
    relied: RunFacts | None = None
    overdue: bool = False

    @property
    def good(self) -> bool:
        """Whether ``status`` exits with success."""
        return self.level is not Level.BAD


@dataclass(frozen=True, slots=True)
class _Reliance:
    """The newest reliable run of everything; ``repaired``: only thanks to narrowed runs since."""

    run: RunFacts
    repaired: bool


def dated_ahead(run_id: str, date: datetime | None) -> str:
    """What to say of a run with a date that is still to come, to follow its name."""
    return (
        f"is dated {date:%Y-%m-%d}, which is in the future, and so counts as newer than runs that "
        f"came after it: set this machine's clock, or if that is right, remove runs/{run_id}/"
    )


def is_good(word: str) -> bool:
    """Whether a run with this verdict, the reporter's or the program's, can be relied on."""
    return word in (VERIFIED, COMPLETE)


def own_word(manifest: Manifest | None) -> str:
    """The verdict on a run without the reporter's, from its own manifest.

    A complete run is one that the reporter would verify if every archive is in place.
    """
    if manifest is None or not manifest.complete or manifest.finished_at is None:
        return UNFINISHED
    return COMPLETE if find(manifest).kind is Kind.VERIFIED else INCOMPLETE


def judge(
    runs: Sequence[RunFacts],
    running: str | None,
    schedule: Watched,
    now: datetime,
    misplaced: Sequence[str] = (),
    damaged: Sequence[str] = (),
) -> Judgement:
    """Judge the backups from these runs, newest first.

    They are good if the newest ended run is good, the newest run of everything is good and none is
    overdue after it, and no archive is ``misplaced`` or ``damaged``. ``running`` is a run in
    progress, which does not count yet. A good narrowed run makes up for an earlier failed run of
    everything: it is good only if nothing is failed or unsaved any more.
    """
    ended = [run for run in runs if run.run_id != running]
    relied = _relied_on(ended)
    if relied is None:
        message = "no run here can be relied on"
        if ended and ended[0].good:
            message += "; the good ones were narrowed"
        elif ended:
            message += f"; the newest, {_became(ended[0])}"
        return _bad(message)
    last, run = ended[0], relied.run
    if ahead := next((each for each in ended if _age(each, now) < -CLOCK_TOLERANCE), None):
        return _bad(f"the run {ahead.run_id} {dated_ahead(ahead.run_id, ahead.finished_at)}", run)
    whole = next(each for each in ended if not each.only)
    if not last.good:
        return _bad(f"the newest run, {_became(last)}", run)
    if whole is not run:
        message = f"the newest run of everything, {_became(whole)}; no later run has corrected that"
        return _bad(message, run)
    if misplaced:
        more = f", and {len(misplaced) - 1} more" if len(misplaced) > 1 else ""
        return _bad(f"not where the newest run put it: {misplaced[0].rstrip('.')}{more}", run)
    if damaged:
        more = f", and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        return _bad(f"found damaged since: {damaged[0]}{more}", run)
    days = f"{_age(run, now) / timedelta(days=1):.1f}".removesuffix(".0")
    age = f"{days} {'day' if days == '1' else 'days'} old"
    if late := _late(run, running, schedule, now):
        of_what = "good run of everything" if last.only else "good run"
        return _bad(f"the newest {of_what} is {age}, {late}", run, late=True)
    level = Level.WATCH if run.coverage.action_needed else Level.GOOD
    seen = f"; {run.coverage.sentence}" if run.coverage.sentence else ""
    if not last.only:
        message = f"the newest run is good and {age}{seen}"
    else:
        repaired = ", with what narrowed ones have corrected," if relied.repaired else ""
        message = (
            f"the newest run, {last.run_id}, was narrowed to {' '.join(last.only)}; "
            f"the newest of everything{repaired} is good and {age}{seen}"
        )
    return Judgement(level, _extent(run), message, run)


def _bad(reason: str, relied: RunFacts | None = None, *, late: bool = False) -> Judgement:
    return Judgement(Level.BAD, reason[:1].upper() + reason[1:], reason, relied, late)


def _late(run: RunFacts, running: str | None, schedule: Watched, now: datetime) -> str:
    """Why a newer run is overdue; empty if none is, or if it is in progress."""
    due = overdue(schedule, run.finished_at, now)
    if not due or (run.finished_at and run.finished_at >= min(due)):
        return ""
    if not schedule.understood:
        return f"more than {schedule.max_age / timedelta(days=1):g}"
    if running:
        return ""
    return f"and another was due {min(due):%a %Y-%m-%d %H:%M} UTC: {schedule.expression}"


def _age(run: RunFacts, now: datetime) -> timedelta:
    return now - run.finished_at if run.finished_at else timedelta()


def _extent(run: RunFacts) -> str:
    """The headline: how much can be claimed to be backed up."""
    noun = "repository" if run.excluded == 1 else "repositories"
    but = f", except {run.excluded:,} excluded {noun}" if run.excluded else ""
    if run.coverage.complete:
        return f"Everything is backed up{but}"
    if run.coverage.label:
        return f"All visible repositories are backed up{but} ({run.coverage.label})"
    return f"All listed repositories are backed up{but}"


def _relied_on(ended: Sequence[RunFacts]) -> _Reliance | None:
    mending = False
    for run in ended:
        if run.only:
            mending = mending or run.good
            continue
        if run.good:
            return _Reliance(run, repaired=False)
        if mending and run.complete and run.word in (PARTIAL, INCOMPLETE):
            return _Reliance(run, repaired=True)
        mending = False
    return None


def _became(run: RunFacts) -> str:
    """``2026-11-27T17-00-00Z, ended partial``, to follow "the newest, "."""
    narrowed = f" (only {' '.join(run.only)})" if run.only else ""
    name = f"{run.run_id}{narrowed}"
    if run.word == UNREADABLE:
        return f"{name}, has an unreadable {'report' if run.complete else 'manifest'}"
    if run.word == UNFINISHED:
        return f"{name}, is {UNFINISHED}"
    if run.word == PARTIAL and run.failures:
        return f"{name}, ended {PARTIAL} with {run.failures}"
    if run.word != INCOMPLETE:
        return f"{name}, ended {run.word}"
    if run.failures:
        return f"{name}, ended with {run.failures}"
    if run.unsaved:
        return f"{name}, passed over {run.unsaved} of which nothing is saved"
    return f"{name}, left nothing to rely on (no archive, or its restore drill failed)"
