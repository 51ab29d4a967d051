"""Whether backups can be relied on: the one judge of ``status``, ``list`` and the page. Pure.

Whoever asks gathers :class:`RunFacts`; the answer and its words are the same for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backup_contract.documents.manifest import Manifest
from backup_contract.judgement.overdue import Watched, overdue
from backup_contract.judgement.verdict import Kind, find
from backup_contract.visibility import Coverage, Visibility, describe

VERIFIED, PARTIAL, UNREADABLE = Kind.VERIFIED.value, Kind.PARTIAL.value, "unreadable"
COMPLETE, INCOMPLETE, UNFINISHED = "complete", "incomplete", "unfinished"
"""The words for a run on which no reporter has given a verdict."""


class Level(StrEnum):
    """How loud the answer is; WATCH is good, and yet not all that one may have hoped for."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as it is judged. ``word`` is the reporter's verdict, without one :func:`own_word`.

    ``failed`` counts the repositories that failed, themselves or their wikis, ``unsaved`` those
    that a narrowed run passed over with nothing saved. ``only`` are the patterns that it was
    narrowed to; none: it was asked for everything.
    """

    run_id: str
    word: str
    complete: bool
    finished_at: datetime | None
    listed: int = 0
    failed: int = 0
    unsaved: int = 0
    only: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the run itself can be relied on."""
        return is_good(self.word)

    @property
    def coverage(self) -> Coverage:
        """What may be said of what the run could see."""
        return describe(self.visibility)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the backups can be relied on; ``headline`` is a title, ``reason`` says why (not).

    ``relied`` is the newest run of everything that can be relied on, or that narrowed ones have
    mended. ``overdue`` is whether nothing is wrong but its age.
    """

    level: Level
    headline: str
    reason: str
    relied: RunFacts | None = None
    overdue: bool = False

    @property
    def good(self) -> bool:
        """What the exit code of ``status`` says."""
        return self.level is not Level.BAD


@dataclass(frozen=True, slots=True)
class _Reliance:
    """The newest whole run that can be relied on, and whether narrowed ones had to mend it."""

    run: RunFacts
    mended: bool


def is_good(word: str) -> bool:
    """Whether a run of this verdict, a reporter's or the program's own, can be relied on."""
    return word in (VERIFIED, COMPLETE)


def own_word(manifest: Manifest | None) -> str:
    """The verdict on a run that no reporter has judged, by what it wrote down itself.

    Complete is what a reporter would call verified, had it found every archive in place.
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
    """Good is: the newest run that has ended is good, so is the newest one that was asked for
    everything, after which none is overdue, and no archive is ``misplaced`` or ``damaged``.

    ``runs`` are newest first, ``running`` is the one that is under way, which says nothing yet.
    What failed in a whole run is mended when a narrowed one since is good: it would not be as long
    as anything is failed or is not saved.
    """
    ended = [run for run in runs if run.run_id != running]
    relied = _relied_on(ended)
    if relied is None:
        said = "no run here can be relied on"
        if ended and ended[0].good:
            said += "; the good ones were narrowed"
        elif ended:
            said += f"; the newest, {_became(ended[0])}"
        return _bad(said)
    last, run = ended[0], relied.run
    whole = next(each for each in ended if not each.only)
    if not last.good:
        return _bad(f"the newest run, {_became(last)}", run)
    if whole is not run:
        said = f"the newest run of everything, {_became(whole)}; no later run has corrected that"
        return _bad(said, run)
    if misplaced:
        more = f", and {len(misplaced) - 1} more" if len(misplaced) > 1 else ""
        return _bad(f"not where the newest run put it: {misplaced[0].rstrip('.')}{more}", run)
    if damaged:
        more = f", and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        return _bad(f"found damaged since: {damaged[0]}{more}", run)
    age = f"{_age(run, now) / timedelta(days=1):.1f} days old"
    if late := _late(run, running, schedule, now):
        of_what = "good run of everything" if last.only else "good run"
        return _bad(f"the newest {of_what} is {age}, {late}", run, late=True)
    level = Level.WATCH if run.coverage.action_needed else Level.GOOD
    seen = f"; {run.coverage.sentence}" if run.coverage.sentence else ""
    if not last.only:
        said = f"the newest run is good and {age}{seen}"
    else:
        mended = ", with what narrowed ones have corrected," if relied.mended else ""
        said = (
            f"the newest run, {last.run_id}, was narrowed to {' '.join(last.only)}; "
            f"the newest of everything{mended} is good and {age}{seen}"
        )
    return Judgement(level, _extent(run.coverage), said, run)


def _bad(reason: str, relied: RunFacts | None = None, *, late: bool = False) -> Judgement:
    return Judgement(Level.BAD, reason[:1].upper() + reason[1:], reason, relied, late)


def _late(run: RunFacts, running: str | None, schedule: Watched, now: datetime) -> str:
    """Why a newer run should be there by now; empty if none should, or if it is under way."""
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


def _extent(coverage: Coverage) -> str:
    """Of how much it may be said that it is backed up."""
    if coverage.complete:
        return "Everything is backed up"
    if coverage.label:
        return f"All visible repositories are backed up ({coverage.label})"
    return "All listed repositories are backed up"


def _relied_on(ended: Sequence[RunFacts]) -> _Reliance | None:
    mending = False
    for run in ended:
        if run.only:
            mending = mending or run.good
            continue
        if run.good:
            return _Reliance(run, mended=False)
        if mending and run.complete and run.word in (PARTIAL, INCOMPLETE):
            return _Reliance(run, mended=True)
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
    if run.word == PARTIAL and run.failed:
        return f"{name}, ended {PARTIAL} with {run.failed} of {run.listed} failed"
    if run.word != INCOMPLETE:
        return f"{name}, ended {run.word}"
    if run.failed:
        return f"{name}, ended with {run.failed} of {run.listed} failed"
    if run.unsaved:
        return f"{name}, passed over {run.unsaved} of which nothing is saved"
    return f"{name}, left nothing to rely on (no archive, or its restore drill failed)"
