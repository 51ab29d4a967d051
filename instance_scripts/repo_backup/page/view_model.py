"""The content of the page, in its order. Pure."""

import itertools
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_contract.documents.manifest import Item
from backup_contract.github_names import restorable
from backup_contract.judgement.large_files import large_file_lines, large_files
from backup_contract.judgement.reliance import (
    COMPLETE,
    VERIFIED,
    Judgement,
)
from backup_contract.judgement.unsaved_data import lacks
from backup_contract.kinds import GIT, KINDS, LFS
from backup_contract.text import size
from repo_backup.page.accounts import AccountRow, account_concerns, account_row
from repo_backup.page.alarms import alarms
from repo_backup.page.figures import usd
from repo_backup.page.headline import (
    SHOWN_AT_ONCE,
    Concern,
    Headline,
    concerns,
    counted,
    gist_concerns,
    headline,
    last_proven,
    newest_finished,
    whole_runs,
)
from repo_backup.page.repository_status import (
    RepositoryStatus,
    Status,
    Tone,
    repository_statuses,
    unnamed_archives,
)
from repo_backup.page.run_history import RunHistory
from repo_backup.page.run_record import Run, aware
from repo_backup.page.run_row import RunRow, run_row

_YEAR = timedelta(days=365)
_EXPIRY_NOTICE = timedelta(days=30)
_LFS_ADVICE = "The large files themselves are not saved; the option --lfs saves them (docs/lfs.md)."


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure of the overview. ``moment`` is the time that it is about, if any."""

    label: str
    value: str
    note: str = ""
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """A repository. ``bytes`` is the size of its own archive, ``further_bytes`` those of other
    kinds, including large files. ``history`` encodes runs of equal letters (``b1u51``) from the
    oldest run on; ``uploads`` alternates a run's index and its bytes."""

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
    """The page. ``runs`` go from the newest to the oldest; indices count from the oldest."""

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
    accounts: tuple[AccountRow, ...] = ()


def build_page(
    run_history: RunHistory,
    source: str,
    now: datetime,
    judgement: Judgement,
    running: str | None = None,
) -> Page:
    """The page about the runs read from ``source`` and their judgement; ``running`` is under
    way."""
    found = repository_statuses(run_history)
    runs, gists = run_history.runs, run_history.current_gists
    counts = Counter(each.status for each in found)
    settled = bool(runs) and (runs[-1].reported or runs[-1].complete)
    accounts = [
        account_row(each, run_history.present, settled=settled) for each in run_history.accounts
    ]
    return Page(
        source=source,
        generated_at=now,
        headline=headline(judgement, newest_finished(runs, running)),
        facts=tuple(_facts(runs, found, gists, running, now)),
        concerns=(
            *alarms(run_history, running),
            *gist_concerns(gists),
            *concerns(runs, found, run_history.unreadable, judgement, running, source),
            *account_concerns(accounts),
        ),
        notes=tuple(_notes(run_history, found, running, now)),
        runs=tuple(run_row(run) for run in reversed(runs)),
        verdicts=tuple(Counter(run.verdict for run in runs).most_common()),
        repositories=tuple(_repository_row(each) for each in found),
        statuses=tuple((status, counts[status]) for status in Status if counts[status]),
        accounts=tuple(accounts),
    )


def restore_command(name: str, source: str, kind: str = GIT, *, run_id: str | None = None) -> str:
    """The shell command that restores a repository, quoted so that it is safe to paste."""
    words = ["repo-backup", "restore", name, *_choice(kind), "--source", source]
    return shlex.join([*words, *(["--run-id", run_id] if run_id else ()), "--into", "."])


def _choice(kind: str) -> tuple[str, ...]:
    return () if kind == GIT else (KINDS[kind].choice,)


def _facts(
    runs: Sequence[Run],
    found: Sequence[RepositoryStatus],
    gists: Sequence[Item],
    running: str | None,
    now: datetime,
) -> Iterable[Fact]:
    proven = last_proven(runs)
    if proven:
        title, note = "Last verified", "every archive was compared with the manifest"
        if proven.verdict != VERIFIED:
            title, note = "Last checked", "some failed; all other archives were checked"
        yield Fact(title, f"{proven.moment:%a %Y-%m-%d}", note, proven.moment)
    elif done := [run for run in whole_runs(runs) if run.verdict == COMPLETE]:
        note = "by the program alone; no reporter checked it"
        yield Fact("Last complete run", f"{done[-1].moment:%a %Y-%m-%d}", note, done[-1].moment)
    else:
        yield Fact("Last verified", "never", "no run in this history was verified")
    yield _drill_fact(runs, found)
    listed = [each for each in found if each.status is not Status.NOT_LISTED]
    counts = Counter(each.status for each in listed)
    message = ", ".join(f"{counts[status]:,} {status.word}" for status in Status if counts[status])
    yield Fact("Repositories", f"{len(listed):,}", message)
    if gists:
        states = Counter(item.state for item in gists)
        detail = ", ".join(f"{count:,} {state}" for state, count in states.most_common())
        yield Fact("Gists", f"{len(gists):,}", detail)
    archives = [archive for each in found for archive in each.entry.archives]
    newest = newest_finished(runs, running)
    monthly = newest.usd_storage_per_month if newest else None
    kept = f", {usd(monthly)} a month" if monthly is not None else ""
    results = (result for each in found for result in each.entry.results.values())
    total = size(sum(result.bytes_stored for result in results))
    yield Fact("Newest archives", total, counted(len(archives), "archive", "archives") + kept)
    yield from _large_files_fact(found)
    priced = [(run.moment, run.usd_run) for run in runs if run.usd_run is not None]
    if priced:
        year = sum(amount for moment, amount in priced if now - moment <= _YEAR)
        note = f"the newest run; {usd(year)} in the last twelve months"
        yield Fact("Estimated cost of a run", usd(priced[-1][1]), note)


def _large_files_fact(found: Sequence[RepositoryStatus]) -> Iterable[Fact]:
    """The figure about LFS objects and release assets, if there are any."""
    items = [item for each in found for item in each.entry.items]
    if files := large_files(items):
        saved = size(sum(each.saved_bytes for each in files.values()))
        yield Fact("Large files", saved, ". ".join(large_file_lines(files)))


def _drill_fact(runs: Sequence[Run], found: Sequence[RepositoryStatus]) -> Fact:
    archives = [archive for each in found for archive in each.entry.archives]
    once = sum(archive.drilled_at is not None for archive in archives)
    for run in reversed(runs):
        if run.drill and run.drill.checked:
            good = run.drill.checked - len(run.drill.bad)
            note = f"{good} of {run.drill.checked} archives restored and compared; "
            note += f"{once:,} of {len(archives):,} at least once"
            return Fact("Last restore drill", f"{run.moment:%a %Y-%m-%d}", note, run.moment)
    return Fact("Last restore drill", "never", "no archive was restored as a test")


def _notes(
    run_history: RunHistory, found: Sequence[RepositoryStatus], running: str | None, now: datetime
) -> Iterable[Concern]:
    """Concerns that are no problems but worth knowing."""
    run = newest_finished(run_history.runs, running)
    expiry = run.token_expires_at if run else None
    if expiry and expiry - now < _EXPIRY_NOTICE:
        message = "expired" if expiry < now else "expires"
        advice = "Create another and store it in the same place."
        yield Concern(Tone.WATCH, f"The GitHub token {message} on {expiry:%a %Y-%m-%d}", advice)
    kinds = (
        (Status.KNOWN_FAILURE, "known to fail", "Acknowledged by KnownFailures."),
        (
            Status.NOT_LISTED,
            "no longer listed by GitHub",
            "Their archives are retained.",
        ),
        (Status.EXCLUDED, "excluded by options", "They are not backed up."),
    )
    for status, what, advice in kinds:
        lines = [(each.entry.full_name, each.reason) for each in found if each.status is status]
        title = f"{counted(len(lines), 'repository', 'repositories')} {what}"
        yield from _note(title, advice, lines, status)
    lfs = [(each.entry.full_name, "") for each in found if _any_lfs(each)]
    title = f"{counted(len(lfs), 'repository uses', 'repositories use')} Git LFS"
    yield from _note(title, _LFS_ADVICE, lfs)
    lacking = [(each.entry.full_name, lack) for each in found if (lack := lacks(each.entry))]
    title = (
        f"Not all project data of {counted(len(lacking), 'repository', 'repositories')} is saved"
    )
    yield from _note(
        title, "A permission is missing, or the feature is switched off on GitHub.", lacking
    )
    warned = [(s.entry.full_name, text) for s in found for text in _warnings(s)]
    title = counted(len(warned), "warning", "warnings")
    yield from _note(title, "The repositories are backed up all the same.", warned)
    extra = [("", key) for key in unnamed_archives(run_history)]
    title = f"{counted(len(extra), 'archive', 'archives')} that no manifest names"
    yield from _note(title, "They may belong to runs that are not on this page.", extra)


def _note(
    title: str, advice: str, lines: Sequence[tuple[str, str]], status: Status | None = None
) -> Iterable[Concern]:
    if lines:
        more = max(0, len(lines) - SHOWN_AT_ONCE)
        yield Concern(Tone.QUIET, title, advice, tuple(lines[:SHOWN_AT_ONCE]), more, status)


def _repository_row(each: RepositoryStatus) -> RepositoryRow:
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
            item.kind: item.result.bytes_with_objects
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


def _any_lfs(each: RepositoryStatus) -> bool:
    """Whether it uses Git LFS and its objects are not listed."""
    return each.entry.git.lfs and LFS not in each.entry.results


def _warnings(each: RepositoryStatus) -> list[str]:
    return [text for result in each.entry.results.values() for text in result.warnings]
