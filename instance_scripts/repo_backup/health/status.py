"""How the backups of a store stand, by what the store itself says."""

import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.output.commands import (
    NewestVerified,
    RunningRow,
    RunRow,
)
from backup_contract.documents.output.rows import visibility_rows
from backup_contract.documents.parts.upstream import sentence
from backup_contract.documents.run_report import RunReport
from backup_contract.documents.suspicion import Suspicion
from backup_contract.judgement.overdue import Watched
from backup_contract.judgement.reliance import (
    COMPLETE,
    INCOMPLETE,
    UNFINISHED,
    UNREADABLE,
    Judgement,
    RunFacts,
    is_good,
    judge,
    own_word,
)
from backup_contract.judgement.rewrites import rewritten, suspicion
from backup_contract.moments import iso
from backup_contract.visibility import describe
from backup_contract.visibility import read as read_visibility
from repo_backup.health.running import read_running
from repo_backup.health.suspicions import read_suspicions
from repo_backup.runtime.errors import said
from repo_backup.store.base import Store, Stored
from repo_backup.store.inventory import not_in_place
from repo_backup.store.written.damage import ArchiveId, read_damage
from repo_backup.store.written.left_out import LeftOut
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

MAX_AGE = timedelta(days=8)
"""How old the newest run of everything may be where no schedule is known."""
_NOT_RELIED_ON = ", and its run is not relied on"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assessment:
    """How a store's backups stand: the judgement, and the facts that it was made from.

    ``runs`` are the newest, newest first; ``misplaced`` tells what is wrong with archives,
    ``unlisted`` what GitHub said of each repository that it no longer lists. ``suspicions`` are
    those that nobody acknowledged.
    """

    judgement: Judgement
    runs: list[RunRow]
    running: RunningRow | None
    misplaced: list[str]
    newest_verified: NewestVerified | None
    unlisted: list[str]
    suspicions: tuple[Suspicion, ...]

    @property
    def under_way(self) -> str | None:
        """The name of the run that is."""
        return self.running and self.running["run_id"]


def assess(
    store: Store,
    count: int,
    now: datetime,
    max_age: timedelta | None,
    named: Iterable[str] = (),
) -> Assessment:
    """Gather from the store what its judge must know of the newest ``count`` runs, and ask it.

    The newest run of everything may be as old as the schedule allows that the newest report tells
    of, :data:`MAX_AGE` where none does; ``max_age``, if given, counts instead of both. ``named``
    are the keys of damaged documents of which the caller tells.
    """
    with LeftOut({*named}) as left_out:
        runs = read_runs(store, count, left_out)
        running = read_running(store, runs, now)
        judged = read_whole(store, runs, left_out)
    newest = read_newest_complete(store, judged)
    placed = read_placement(store, judged, newest)
    schedule = Watched.by_age(max_age) if max_age else read_schedule(store, judged)
    found = judge(
        [*map(facts, judged)],
        running and running["run_id"],
        schedule,
        now,
        placed.misplaced,
        placed.damaged,
    )
    relied = newest_verified(found.relied, now)
    gone, open_ = unlisted(newest), read_suspicions(store, runs)
    return Assessment(found, runs, running, placed.misplaced, relied, gone, open_)


def read_runs(store: Store, count: int, left_out: LeftOut) -> list[RunRow]:
    """The newest runs, newest first; a run that left only a report is one too."""
    written = list(itertools.islice(newest_first(store), count))
    everything = evidence.runs(store.objects(layout.RUNS))
    # Those with a manifest by when it was written; names say when the others were due.
    chosen = {*written, *sorted(everything, reverse=True)[:count]}
    rows = {run_id: _row(store, run_id, left_out) for run_id in chosen}
    when = {run_id: _when(row) or run_id for run_id, row in rows.items()}
    # Of two that began in the same second the one written last is the newer. One whose manifest
    # does not say when it began is just newer than the one before it.
    age = {run_id: index for index, run_id in enumerate(reversed(written))}
    before = ""
    for run_id in age:
        before = when[run_id] = _when(rows[run_id]) or before
    newest = sorted(rows, key=lambda run_id: (when[run_id], age.get(run_id, -1)), reverse=True)
    return [rows[run_id] for run_id in newest[:count]]


def read_whole(store: Store, runs: list[RunRow], left_out: LeftOut) -> list[RunRow]:
    """The same, and older ones until one of them is a complete run of everything."""
    if any(run["complete"] and not run["only"] for run in runs):
        return runs
    known = {run["run_id"] for run in runs}
    found = [*runs]
    for run_id in (each for each in newest_first(store) if each not in known):
        found.append(_row(store, run_id, left_out))
        if found[-1]["complete"] and not found[-1]["only"]:
            break
    return found


def read_newest_complete(store: Store, runs: Sequence[RunRow]) -> Manifest | str | None:
    """The manifest of the newest complete run, read once more, or what is wrong with it."""
    run_id = next((run["run_id"] for run in runs if run["complete"]), None)
    found = read_manifest(store, run_id) if run_id else None
    if found is None:
        return None
    try:
        return Manifest.from_json(found.data)
    except ValueError as error:  # it was written anew since it was read for the runs
        return f"{said(found.key)} is left out: {error}"


def unlisted(manifest: Manifest | str | None) -> list[str]:
    """Of each repository that GitHub no longer lists and that an archive is kept of, one line."""
    kept = manifest.kept or () if isinstance(manifest, Manifest) else ()
    told = [
        f"{each.full_name} {sentence(each.upstream)}; its archive is kept."
        for each in kept
        if each.result.archive
    ]
    return sorted({*told}, key=str.lower)


@dataclass(frozen=True)
class Placement:
    """What is wrong with archives: by where they are, and by what ``verify`` noted of them."""

    misplaced: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def read_placement(
    store: Store, runs: Sequence[RunRow], manifest: Manifest | str | None
) -> Placement:
    """Archives of the newest complete run that are not there, are not what it wrote down, or were
    found damaged since.

    One request goes for each thousand archives. A run that was begun since and did not complete may
    have replaced some: then it is only asked whether they are there.
    """
    if not isinstance(manifest, Manifest):
        return Placement([manifest] if manifest else [])
    settled = bool(runs) and runs[0]["complete"]
    results = [item.result for item in manifest.archived]
    keys = [item.archive.key for item in manifest.archived if item.archive]
    present: dict[str, Stored] = {}
    for prefix in sorted({key.rpartition("/")[0] + "/" for key in keys}):
        present |= store.objects(prefix)
    wrong = (not_in_place([result], present, settled=settled) for result in results)
    noted = read_damage(store, present)
    archives = [item.archive for item in manifest.archived if item.archive]
    damaged = (
        f"{each.key} ({said(noted[ArchiveId.of(each)])})"
        for each in archives
        if ArchiveId.of(each) in noted
    )
    return Placement(sorted(filter(None, wrong)), sorted(damaged))


def read_schedule(store: Store, runs: Iterable[RunRow]) -> Watched:
    """The schedule that the newest report tells of; where none does, the age alone counts."""
    judged = (run["run_id"] for run in runs if run["verdict"] not in (None, UNREADABLE))
    for report in (_report(store, run_id, LeftOut()) for run_id in judged):
        if report and report.schedule:
            return Watched.in_report(report.schedule, MAX_AGE)
    return Watched.by_age(MAX_AGE)


def label(run: RunRow) -> str:
    """What stands in brackets behind a run's verdict, from a blank on; empty for most."""
    narrowed = ["narrowed"] if run["only"] else []
    found = describe(read_visibility(run["visibility"])).label
    said = "; ".join([*narrowed, *([found] if found else ())])
    return f" ({said})" if said else ""


def word(run: RunRow) -> str:
    """The reporter's verdict, or what the program reported; for rows that say no more than this."""
    if run["verdict"]:
        return run["verdict"]
    if run["good"]:
        return COMPLETE
    return INCOMPLETE if run["complete"] else UNFINISHED


def facts(run: RunRow) -> RunFacts:
    """The run as it is judged."""
    finished = run["finished_at"]
    return RunFacts(
        run_id=run["run_id"],
        word=word(run),
        complete=run["complete"],
        finished_at=datetime.fromisoformat(finished) if finished else None,
        listed=run["listed"],
        failed=run["failed"],
        unsaved=run["unsaved"],
        only=tuple(run["only"]),
        visibility=read_visibility(run["visibility"]),
    )


def newest_verified(run: RunFacts | None, now: datetime) -> NewestVerified | None:
    """The run that is relied on, with its age."""
    if run is None or run.finished_at is None:
        return None
    days = round((now - run.finished_at) / timedelta(days=1), 2)
    return NewestVerified(run_id=run.run_id, finished_at=iso(run.finished_at), age_days=days)


def _row(store: Store, run_id: str, left_out: LeftOut) -> RunRow:
    report = _report(store, run_id, left_out)
    found = read_manifest(store, run_id)
    manifest = None
    try:
        manifest = Manifest.from_json(found.data) if found else None
    except ValueError as error:
        left_out.tell(found.key if found else "", error, _NOT_RELIED_ON)
        report = RunReport(UNREADABLE, f"its manifest.json is unreadable: {error}", _LONG_AGO)
    verdict = report.verdict if report else None
    reported_at = iso(report.reported_at) if report and verdict != UNREADABLE else None
    totals = manifest.totals if manifest else {}
    complete = bool(manifest and manifest.complete)
    entries = list(manifest.all_entries.values()) if manifest else []
    failed = sum(entry.failed for entry in entries)
    unsaved = sum(entry.unsaved for entry in entries)
    finished = manifest.finished_at if manifest else None
    return RunRow(
        run_id=run_id,
        verdict=verdict,
        reason=(report.reason or None) if report else None,
        good=is_good(verdict or own_word(manifest)),
        complete=complete,
        started_at=iso(manifest.started_at) if manifest else None,
        finished_at=iso(finished) if finished else reported_at,
        listed=totals.get("listed", 0),
        backed_up=totals.get("backed-up", 0),
        unchanged=totals.get("unchanged", 0),
        failed=failed,
        unsaved=unsaved,
        only=manifest.only if manifest else [*report.only] if report else [],
        bytes_stored=totals.get("bytes_stored", 0),
        visibility=visibility_rows(manifest.visibility if manifest else ()),
        rewritten=rewritten(manifest),
        suspicious=[*own.reasons] if (own := suspicion(manifest)) else [],
    )


def _when(run: RunRow) -> str | None:
    return run["started_at"] or run["finished_at"]


def _report(store: Store, run_id: str, left_out: LeftOut) -> RunReport | None:
    """What the reporter said of a run, if it did. A damaged report's run is not relied on."""
    key = layout.report(run_id)
    try:
        data = store.read(key)
        return None if data is None else RunReport.from_json(data)
    except ValueError as error:
        left_out.tell(key, error, _NOT_RELIED_ON)
        return RunReport(UNREADABLE, f"its report.json is unreadable: {error}", _LONG_AGO)
