"""Everything that the page says, in the order in which it says it. Pure."""

import itertools
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_contract.github_names import restorable
from backup_contract.judgement.reliance import (
    COMPLETE,
    VERIFIED,
    Judgement,
)
from backup_contract.judgement.unsaved_data import lacks
from backup_contract.kinds import GIT, KINDS, LFS
from backup_contract.text import size
from repo_backup.page.alarms import alarms
from repo_backup.page.figures import usd
from repo_backup.page.headline import (
    SHOWN_AT_ONCE,
    Concern,
    Headline,
    concerns,
    counted,
    headline,
    last_proven,
    newest_finished,
    whole_runs,
)
from repo_backup.page.repository_status import Standing, Status, Tone, standings, unnamed_archives
from repo_backup.page.run_history import Chronicle
from repo_backup.page.run_record import Run, aware
from repo_backup.page.run_row import RunRow, run_row

_YEAR = timedelta(days=365)
_EXPIRY_NOTICE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the overview; ``moment`` is what it is about, when it is a date."""

    label: str
    value: str
    note: str = ""
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """A repository. ``bytes`` is its own archive's, ``further_bytes`` has those of the other kinds.
    ``history`` are runs of equal letters (``b1u51``) from the oldest run on,
    ``uploads`` pairs of a run's index and bytes, one after the other."""

    name: str
    status: Status
    reason: str
    bytes: int | None
    further_bytes: Mapping[str, int]
    last_good: int | None
    read_back: str
    history: str
    uploads: tuple[int, ...]
    former_names: tuple[str, ...]
    warnings: tuple[str, ...]
    private: bool
    restorable: bool


@dataclass(frozen=True, slots=True)
class Page:
    """All of the page. ``runs`` are from the newest to the oldest; indices count from the
    oldest."""

    source: str
    generated_at: datetime
    headline: Headline
    facts: tuple[Fact, ...]
    concerns: tuple[Concern, ...]
    notes: tuple[Concern, ...]
    runs: tuple[RunRow, ...]
    verdicts: tuple[tuple[str, int], ...]
    repositories: tuple[RepositoryRow, ...]
    statuses: tuple[tuple[Status, int], ...]


def build_page(
    chronicle: Chronicle,
    source: str,
    now: datetime,
    judgement: Judgement,
    running: str | None = None,
) -> Page:
    """The page about what was read from ``source`` and judged; ``running`` is under way."""
    found = standings(chronicle)
    runs = chronicle.runs
    counts = Counter(each.status for each in found)
    return Page(
        source=source,
        generated_at=now,
        headline=headline(judgement, newest_finished(runs, running)),
        facts=tuple(_facts(runs, found, running, now)),
        concerns=(
            *alarms(chronicle, running),
            *concerns(runs, found, chronicle.unreadable, judgement, running, source),
        ),
        notes=tuple(_notes(chronicle, found, running, now)),
        runs=tuple(run_row(run) for run in reversed(runs)),
        verdicts=tuple(Counter(run.verdict for run in runs).most_common()),
        repositories=tuple(_repository_row(each) for each in found),
        statuses=tuple((status, counts[status]) for status in Status if counts[status]),
    )


def restore_command(name: str, source: str, kind: str = GIT, *, run_id: str | None = None) -> str:
    """What a shell runs to restore a repository, safe to paste whatever the names hold."""
    words = ["repo_backup", "restore", name, *_choice(kind), "--source", source]
    return shlex.join([*words, *(["--run-id", run_id] if run_id else ()), "--into", "."])


def _choice(kind: str) -> tuple[str, ...]:
    return () if kind == GIT else (KINDS[kind].choice,)


def _facts(
    runs: Sequence[Run], found: Sequence[Standing], running: str | None, now: datetime
) -> Iterable[Fact]:
    proven = last_proven(runs)
    if proven:
        title, note = "Last verified", "every archive checked against what the run wrote down"
        if proven.verdict != VERIFIED:
            title, note = "Last checked", "some failed; every archive of the others was checked"
        yield Fact(title, f"{proven.moment:%a %Y-%m-%d}", note, proven.moment)
    elif done := [run for run in whole_runs(runs) if run.verdict == COMPLETE]:
        note = "as the program reports; no reporter checked it"
        yield Fact("Last complete run", f"{done[-1].moment:%a %Y-%m-%d}", note, done[-1].moment)
    else:
        yield Fact("Last verified", "never", "no run in this history was verified")
    yield _drill_fact(runs, found)
    listed = [each for each in found if each.status is not Status.NOT_LISTED]
    counts = Counter(each.status for each in listed)
    said = ", ".join(f"{counts[status]:,} {status.word}" for status in Status if counts[status])
    yield Fact("Repositories", f"{len(listed):,}", said)
    archives = [archive for each in found for archive in each.entry.archives]
    newest = newest_finished(runs, running)
    monthly = newest.usd_storage_per_month if newest else None
    kept = f", about {usd(monthly)} a month" if monthly is not None else ""
    results = (result for each in found for result in each.entry.results.values())
    total = size(sum(result.bytes_stored for result in results))
    yield Fact("Newest archives", total, counted(len(archives), "archive", "archives") + kept)
    priced = [(run.moment, run.usd_run) for run in runs if run.usd_run is not None]
    if priced:
        year = sum(amount for moment, amount in priced if now - moment <= _YEAR)
        note = f"the newest; {usd(year)} in the last twelve months"
        yield Fact("A run costs, about", usd(priced[-1][1]), note)


def _drill_fact(runs: Sequence[Run], found: Sequence[Standing]) -> Fact:
    archives = [archive for each in found for archive in each.entry.archives]
    once = sum(archive.drilled_at is not None for archive in archives)
    for run in reversed(runs):
        if run.drill and run.drill.checked:
            good = run.drill.checked - len(run.drill.bad)
            note = f"{good} of {run.drill.checked} archives restored and compared; "
            note += f"{once:,} of all {len(archives):,} at least once"
            return Fact("Last restore drill", f"{run.moment:%a %Y-%m-%d}", note, run.moment)
    return Fact("Last restore drill", "never", "no archive was restored to see whether it can be")


def _notes(
    chronicle: Chronicle, found: Sequence[Standing], running: str | None, now: datetime
) -> Iterable[Concern]:
    """What is not wrong and yet worth knowing."""
    run = newest_finished(chronicle.runs, running)
    expiry = run.token_expires_at if run else None
    if expiry and expiry - now < _EXPIRY_NOTICE:
        said = "expired" if expiry < now else "expires"
        advice = "Create another and store it in the same place."
        yield Concern(Tone.WATCH, f"The GitHub token {said} on {expiry:%a %Y-%m-%d}", advice)
    kinds = (
        (Status.KNOWN_FAILURE, "known to fail", "Acknowledged by KnownFailures."),
        (Status.NOT_LISTED, "no longer listed by GitHub", "What was saved of them is kept."),
        (Status.LEFT_OUT, "left out by options", "They are not backed up."),
    )
    for status, what, advice in kinds:
        lines = [(each.entry.full_name, each.reason) for each in found if each.status is status]
        title = f"{counted(len(lines), 'repository', 'repositories')} {what}"
        yield from _noted(title, advice, lines, status)
    lfs = [(each.entry.full_name, "") for each in found if _any_lfs(each)]
    title = f"{counted(len(lfs), 'repository uses', 'repositories use')} Git LFS"
    yield from _noted(title, "The large files themselves are not in the archives.", lfs)
    lacking = [(each.entry.full_name, told) for each in found if (told := lacks(each.entry))]
    title = (
        f"Not all project data of {counted(len(lacking), 'repository', 'repositories')} is saved"
    )
    yield from _noted(title, "A right is lacking, or it is switched off on GitHub.", lacking)
    warned = [(s.entry.full_name, text) for s in found for text in _warnings(s)]
    title = counted(len(warned), "warning", "warnings")
    yield from _noted(title, "The repositories are backed up all the same.", warned)
    extra = [("", key) for key in unnamed_archives(chronicle)]
    title = f"{counted(len(extra), 'archive', 'archives')} that no run wrote down"
    yield from _noted(title, "They may be of runs that are not on this page.", extra)


def _noted(
    title: str, advice: str, lines: Sequence[tuple[str, str]], status: Status | None = None
) -> Iterable[Concern]:
    if lines:
        more = max(0, len(lines) - SHOWN_AT_ONCE)
        yield Concern(Tone.QUIET, title, advice, tuple(lines[:SHOWN_AT_ONCE]), more, status)


def _repository_row(each: Standing) -> RepositoryRow:
    entry = each.entry
    archive = entry.git.archive
    drilled = aware(archive.drilled_at) if archive else None
    uploads = sorted(each.repository.uploads.items())
    return RepositoryRow(
        name=entry.full_name,
        status=each.status,
        reason=each.reason,
        bytes=entry.git.bytes_stored if archive else None,
        further_bytes={
            item.kind: item.result.bytes_stored
            for item in entry.items
            if item.kind != GIT and item.archive
        },
        last_good=each.last_good,
        read_back=f"{drilled:%Y-%m-%d}" if drilled else "",
        history="".join(
            f"{chr(letter)}{sum(1 for _ in group)}"
            for letter, group in itertools.groupby(each.repository.letters)
        ),
        uploads=tuple(itertools.chain.from_iterable(uploads)),
        former_names=tuple(sorted(each.repository.former_names)),
        warnings=tuple(_warnings(each)),
        private=entry.private is True,
        restorable=restorable(entry.full_name),
    )


def _any_lfs(each: Standing) -> bool:
    """Whether it uses Git LFS, and nothing tells of its objects."""
    return each.entry.git.lfs and LFS not in each.entry.results


def _warnings(each: Standing) -> list[str]:
    return [text for result in each.entry.results.values() for text in result.warnings]
