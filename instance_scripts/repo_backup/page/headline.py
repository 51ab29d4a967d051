"""What one glance must tell: is everything backed up, and what is wrong. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backup_contract.judgement.reliance import (
    COMPLETE,
    INCOMPLETE,
    PARTIAL,
    UNFINISHED,
    UNREADABLE,
    VERIFIED,
    Judgement,
    Level,
    is_good,
)
from backup_contract.kinds import kinds_beside_git
from repo_backup.page.advice import run_now
from repo_backup.page.repository_status import Standing, Status, Tone, failed_beside
from repo_backup.page.run_record import Run

UNVERIFIED = "unverified"
SHOWN_AT_ONCE = 12

MEANINGS = {
    VERIFIED: "all that was listed but what was left out is in the bucket, every archive checked",
    PARTIAL: "some repositories failed; all others but what was left out are in the bucket",
    UNVERIFIED: "an archive is not what was written down, or there is none",
    "interrupted": "AWS took the instance away at every attempt",
    "timed-out": "the deadline came first",
    "failed": "the instance ended without finishing",
    "not-launched": "no instance could be started",
    "missed": "the scheduled run never began",
    COMPLETE: "everything listed but the exclusions is backed up, as the program reports",
    INCOMPLETE: "some repositories are not backed up, or an archive could not be restored",
    UNFINISHED: "under way, or cut off",
    UNREADABLE: "its report or its manifest is damaged, so that nobody knows",
}
"""What each verdict means; the first eight are the mail's."""

_TONES = {Level.GOOD: Tone.GOOD, Level.WATCH: Tone.WATCH, Level.BAD: Tone.BAD}
_ADVICE = {
    UNVERIFIED: "Do not trust the archives that are named; earlier versions stay in the bucket.",
    "interrupted": 'Run with {"on_demand": true}: AWS does not take such an instance away.',
    "timed-out": "Raise DeadlineMinutes if the log shows steady work; what is done is not done "
    "again.",
    "failed": "The end of the run's log says why.",
    "not-launched": "Its reason names the remedy. Then run by hand.",
    "missed": "Look at the schedule and at the launcher's log.",
    UNFINISHED: "If nothing is running any more, run again: what is done is not done again.",
    INCOMPLETE: "What was saved earlier is still there; the next run tries again.",
}
_OUT_OF_SIGHT = (
    "What is not visible is not backed up. Give a token, or a GitHub App that is installed for all "
    "repositories (docs/private-repositories.md)."
)
_CONCERNS = (
    (
        Status.FAILED,
        "could not be backed up",
        "What was saved of them earlier is still there. The next run tries again.",
    ),
    (
        Status.MISSING,
        "not where the last run put them",
        "The next run backs them up again. A bucket may still hold earlier versions.",
    ),
    (
        Status.UNSAVED,
        "not saved",
        "Narrowed runs passed them over; the next run of everything saves them.",
    ),
    (
        Status.UNSOUND,
        "not to be trusted",
        "Fetch them again in full; a bucket keeps the earlier versions.",
    ),
)


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer to "is everything backed up?", and why."""

    tone: Tone
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that is wrong, what to do, and whom it concerns: (name, reason), cut with a
    count. ``status`` is what the table can be filtered by."""

    tone: Tone
    title: str
    advice: str
    lines: tuple[tuple[str, str], ...] = ()
    more: int = 0
    status: Status | None = None


def newest_finished(runs: Sequence[Run], running: str | None) -> Run | None:
    """The newest run that is not the one under way."""
    return next((run for run in reversed(runs) if run.id != running), None)


def whole_runs(runs: Sequence[Run]) -> list[Run]:
    """Those that were asked for everything: what a narrowed one proves is proven of a part."""
    return [run for run in runs if not run.only]


def last_proven(runs: Sequence[Run]) -> Run | None:
    """The newest run of everything whose archives a reporter checked and found good."""
    checked = (
        r for r in reversed(whole_runs(runs)) if r.reported and r.verdict in (VERIFIED, PARTIAL)
    )
    return next(checked, None)


def headline(judgement: Judgement, newest: Run | None) -> Headline:
    """The judge's answer, and the reason of the newest run that has ended where it agrees.

    A run that went well says nothing of what is wrong now, and a good one says itself of what it
    could see: beneath an answer that is louder than its verdict, only the verdict is told.
    """
    title, why = judgement.headline, f"{judgement.reason[:1].upper()}{judgement.reason[1:]}."
    said = [] if title + "." == why else [why]
    if newest is not None:
        when = f"The run of {newest.moment:%a %Y-%m-%d}"
        if judgement.level is Level.GOOD or verdict_tone(newest.verdict) is not Tone.GOOD:
            said += [newest.reason] if newest.reason else []
        elif judgement.level is Level.BAD:
            said.append(f"{when} itself ended {newest.verdict}.")
    return Headline(_TONES[judgement.level], title, " ".join(said))


def _decisive(run: Run, whole: Run | None) -> list[tuple[Run, str]]:
    """The newest run and, where that was narrowed, the newest of everything, as they are called."""
    if whole is None or whole is run:
        return [(run, "The newest run")]
    return [(run, "The newest run"), (whole, "The newest run of everything")]


def concerns(
    runs: Sequence[Run],
    found: Sequence[Standing],
    unreadable: Sequence[str],
    judgement: Judgement,
    running: str | None,
    source: str,
) -> list[Concern]:
    """All that is wrong, the worst first; ``source`` is where a new run would write."""
    listed = []
    newest = newest_finished(runs, running)
    whole = newest_finished(whole_runs(runs), running)
    for run, _ in _decisive(newest, whole) if newest else ():
        if run.verdict in (VERIFIED, PARTIAL, COMPLETE, INCOMPLETE):
            continue
        title = f"The run of {run.moment:%a %Y-%m-%d} ended {run.verdict}"
        advice = _ADVICE.get(run.verdict, "")
        if run.verdict == UNVERIFIED:
            named = dict.fromkeys(each.partition(": ")[0] for each in run.problems)
            advice = f"{advice} {run_now([*named], source, full=True)}"
        if run.verdict == UNFINISHED:
            title = f"The run of {run.moment:%a %Y-%m-%d} did not end"
        lines = [("", problem) for problem in (run.reason, *run.problems)]
        listed.append(concern(Tone.BAD, title, advice, lines))
    for status, what, advice in _CONCERNS:
        lines = [(s.entry.full_name, s.reason) for s in found if s.status is status]
        if lines:
            title = f"{counted(len(lines), 'repository', 'repositories')} {what}"
            again = run_now([name for name, _ in lines], source, full=status is Status.UNSOUND)
            listed.append(concern(status.tone, title, f"{advice} {again}", lines, status))
    listed += _failed_parts(found)
    if whole and whole.coverage.action_needed:
        title = f"Not all repositories are visible: {whole.coverage.sentence}"
        listed.append(Concern(Tone.WATCH, title, _OUT_OF_SIGHT))
    if judgement.overdue:
        said = "Look at the schedule, or run by hand."
        listed.append(Concern(Tone.BAD, judgement.headline, said))
    if unreadable:
        title = f"{counted(len(unreadable), 'document', 'documents')} could not be read"
        said = "They were left out of this page; whatever they tell is missing here."
        listed.append(concern(Tone.WATCH, title, said, [("", each) for each in unreadable]))
    return listed


def _failed_parts(found: Sequence[Standing]) -> Iterator[Concern]:
    """What was backed up without something that is beside it, by kind."""
    failed = [each for each in found if each.status is Status.PART_FAILED]
    for kind in kinds_beside_git():
        lines = [
            (each.entry.full_name, each.reason)
            for each in failed
            if any(item.kind == kind.name for item in failed_beside(each.entry))
        ]
        if lines:
            title = f"{counted(len(lines), 'repository', 'repositories')} backed up without their "
            advice = (
                f"What was saved of the {kind.many} earlier is still there. The next run tries "
                "again."
            )
            status = Status.PART_FAILED
            yield concern(status.tone, f"{title}{kind.many}", advice, lines, status)


def verdict_tone(verdict: str) -> Tone:
    """How loud a run's verdict is."""
    if is_good(verdict):
        return Tone.GOOD
    return Tone.WATCH if verdict in (PARTIAL, INCOMPLETE, UNFINISHED) else Tone.BAD


def counted(number: int, one: str, many: str) -> str:
    """``1 repository``, ``34 repositories``."""
    return f"{number:,} {one if number == 1 else many}"


def concern(
    tone: Tone,
    title: str,
    advice: str,
    lines: Iterable[tuple[str, str]],
    status: Status | None = None,
) -> Concern:
    """A concern about these (name, reason), of which the first are shown."""
    every = tuple(lines)
    return Concern(
        tone, title, advice, every[:SHOWN_AT_ONCE], max(0, len(every) - SHOWN_AT_ONCE), status
    )
