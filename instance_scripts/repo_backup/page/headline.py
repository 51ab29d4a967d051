"""The headline and the concerns: whether everything is backed up, and what is wrong. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backup_contract.documents.manifest import Item
from backup_contract.documents.parts.labels import labelled_problems, repositories_of
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
from repo_backup.page.repository_status import RepositoryStatus, Status, Tone, failed_beside
from repo_backup.page.run_record import Run

UNVERIFIED = "unverified"
SHOWN_AT_ONCE = 12

MEANINGS = {
    VERIFIED: "all that was listed, except exclusions, is in the bucket; every archive was checked",
    PARTIAL: "some repositories failed; all others, except exclusions, are in the bucket",
    UNVERIFIED: "an archive is not what was recorded, or there is none",
    "interrupted": "AWS reclaimed the instance in every attempt",
    "timed-out": "the deadline came first",
    "failed": "the instance ended without finishing",
    "not-launched": "no instance could be started",
    "missed": "the scheduled run never began",
    COMPLETE: "all that was listed, except exclusions, is backed up; no reporter checked it",
    INCOMPLETE: "some repositories are not backed up, or an archive could not be restored",
    UNFINISHED: "under way, or cut off",
    UNREADABLE: "its report or its manifest is damaged",
}
"""What each verdict means; the first eight are the mail's."""

_TONES = {Level.GOOD: Tone.GOOD, Level.WATCH: Tone.WATCH, Level.BAD: Tone.BAD}
_ADVICE = {
    UNVERIFIED: "Do not trust the archives that are named; earlier versions stay in the bucket.",
    "interrupted": 'Run with {"on_demand": true}: AWS does not reclaim such an instance.',
    "timed-out": "Raise DeadlineMinutes if the log shows steady work; the next attempt continues.",
    "failed": "The end of the run's log says why.",
    "not-launched": "The reason names the remedy. Then start a run by hand.",
    "missed": "Check that the schedule is enabled, and read the launcher's log.",
    UNFINISHED: "If nothing is running any more, run again: a new run continues.",
    INCOMPLETE: "Earlier backups are still there; the next run tries again.",
}
_NOT_VISIBLE = (
    "What is not visible is not backed up. Give a token, or a GitHub App that is installed for all "
    "repositories (docs/private-repositories.md)."
)
_CONCERNS = (
    (
        Status.FAILED,
        "could not be backed up",
        "Their earlier backups are still there. The next run tries again.",
    ),
    (
        Status.MISSING,
        "not where the last run put them",
        "The next run backs them up again. A bucket may still hold earlier versions.",
    ),
    (
        Status.UNSAVED,
        "not saved",
        "Narrowed runs did not select them; the next run of everything saves them.",
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
    """A problem, the advice, and the (name, reason) of those it concerns, cut with a count.

    ``status`` is the filter of the table that shows them."""

    tone: Tone
    title: str
    advice: str
    lines: tuple[tuple[str, str], ...] = ()
    more: int = 0
    status: Status | None = None


def newest_finished(runs: Sequence[Run], running: str | None) -> Run | None:
    """The newest run that is not under way."""
    return next((run for run in reversed(runs) if run.id != running), None)


def whole_runs(runs: Sequence[Run]) -> list[Run]:
    """The runs that were not narrowed; a narrowed run only proves a part."""
    return [run for run in runs if not run.only]


def last_proven(runs: Sequence[Run]) -> Run | None:
    """The newest run of everything whose archives a reporter found good."""
    checked = (
        r for r in reversed(whole_runs(runs)) if r.reported and r.verdict in (VERIFIED, PARTIAL)
    )
    return next(checked, None)


def headline(judgement: Judgement, newest: Run | None) -> Headline:
    """The judge's answer, and the reason of the newest finished run if it agrees.

    A good run's reason does not explain what is wrong now, and already says what the run could see.
    So if the answer is worse than the run's verdict, only the verdict is shown.
    """
    title, why = judgement.headline, f"{judgement.reason[:1].upper()}{judgement.reason[1:]}."
    sentences = [] if title + "." == why else [why]
    if newest is not None:
        when = f"The run of {newest.moment:%a %Y-%m-%d}"
        if judgement.level is Level.GOOD or verdict_tone(newest.verdict) is not Tone.GOOD:
            sentences += [newest.reason] if newest.reason else []
        elif judgement.level is Level.BAD:
            sentences.append(f"{when} itself ended {newest.verdict}.")
    return Headline(_TONES[judgement.level], title, " ".join(sentences))


def _decisive(run: Run, whole: Run | None) -> list[tuple[Run, str]]:
    """The newest run and, if it was narrowed, the newest of everything, each with its title."""
    if whole is None or whole is run:
        return [(run, "The newest run")]
    return [(run, "The newest run"), (whole, "The newest run of everything")]


def concerns(
    runs: Sequence[Run],
    found: Sequence[RepositoryStatus],
    unreadable: Sequence[str],
    judgement: Judgement,
    running: str | None,
    source: str,
) -> list[Concern]:
    """All concerns, the worst first. ``source`` is the destination of a new run."""
    listed = []
    items = [item for each in found for item in each.entry.items]
    newest = newest_finished(runs, running)
    whole = newest_finished(whole_runs(runs), running)
    for run, _ in _decisive(newest, whole) if newest else ():
        if run.verdict in (VERIFIED, PARTIAL, COMPLETE, INCOMPLETE):
            continue
        title = f"The run of {run.moment:%a %Y-%m-%d} ended {run.verdict}"
        advice = _ADVICE.get(run.verdict, "")
        if run.verdict == UNVERIFIED:
            named = repositories_of(run.problems, items)
            advice = f"{advice} {run_now(named, source, full=True)}"
        if run.verdict == UNFINISHED:
            title = f"The run of {run.moment:%a %Y-%m-%d} did not end"
        lines = [("", line) for line in (run.reason, *labelled_problems(run.problems, items))]
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
        listed.append(Concern(Tone.WATCH, title, _NOT_VISIBLE))
    if judgement.overdue:
        message = "Check that the schedule is enabled, or start a run by hand."
        listed.append(Concern(Tone.BAD, judgement.headline, message))
    if unreadable:
        title = f"{counted(len(unreadable), 'document', 'documents')} could not be read"
        message = "What they contain is missing from this page."
        listed.append(concern(Tone.WATCH, title, message, [("", each) for each in unreadable]))
    return listed


def gist_concerns(gists: Iterable[Item]) -> Iterator[Concern]:
    """The gists that failed in the newest complete run."""
    lines = [(item.name, item.reason) for item in gists if item.state == "failed"]
    if lines:
        title = f"{counted(len(lines), 'gist', 'gists')} could not be backed up"
        message = "What was saved of them earlier is still there. The next run tries again."
        yield concern(Tone.BAD, title, message, lines)


def _failed_parts(found: Sequence[RepositoryStatus]) -> Iterator[Concern]:
    """Repositories that were backed up without some other kind, by kind."""
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
                f"Earlier backups of the {kind.many} are still there. The next run tries again."
            )
            status = Status.PART_FAILED
            yield concern(status.tone, f"{title}{kind.many}", advice, lines, status)


def verdict_tone(verdict: str) -> Tone:
    """The tone of a run's verdict."""
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
    """A concern about these (name, reason), of which only the first are shown."""
    every = tuple(lines)
    return Concern(
        tone, title, advice, every[:SHOWN_AT_ONCE], max(0, len(every) - SHOWN_AT_ONCE), status
    )
