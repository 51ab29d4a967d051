"""How the backups of a store stand, by what the store itself says."""

import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.command_output import (
    NewestVerified,
    RunningRow,
    RunRow,
    visibility_rows,
)
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.moments import iso
from backup_contract.visibility import describe
from backup_contract.visibility import read as read_visibility
from repo_backup.runtime.errors import said
from repo_backup.store.base import Store, Stored
from repo_backup.store.inventory import not_in_place
from repo_backup.store.run_documents import read_manifest, read_progress
from repo_backup.store.run_order import newest_first

VERIFIED, PARTIAL, UNREADABLE = "verified", "partial", "unreadable"
SILENT_AFTER = timedelta(minutes=15)
"""A run that says nothing for so long is not under way; it says something every 20 seconds."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judgement:
    """Whether the backups can be relied on, and why (not)."""

    good: bool
    reason: str
    newest_verified: NewestVerified | None


@dataclass(frozen=True)
class _Reliance:
    """The newest whole run that can be relied on, and whether narrowed ones had to mend it."""

    run: RunRow
    mended: bool


def read_runs(store: Store, count: int) -> list[RunRow]:
    """The newest runs, newest first; a run that left only a report is one too."""
    written = list(itertools.islice(newest_first(store), count))
    everything = evidence.runs(store.objects(layout.RUNS))
    # Those with a manifest by when it was written; names say when the others were due.
    chosen = {*written, *sorted(everything, reverse=True)[:count]}
    rows = {run_id: _row(store, run_id) for run_id in chosen}
    when = {run_id: _when(row) or run_id for run_id, row in rows.items()}
    # Of two that began in the same second the one written last is the newer. One whose manifest
    # does not say when it began is just newer than the one before it.
    age = {run_id: index for index, run_id in enumerate(reversed(written))}
    before = ""
    for run_id in age:
        before = when[run_id] = _when(rows[run_id]) or before
    newest = sorted(rows, key=lambda run_id: (when[run_id], age.get(run_id, -1)), reverse=True)
    return [rows[run_id] for run_id in newest[:count]]


def read_whole(store: Store, runs: list[RunRow]) -> list[RunRow]:
    """The same, and older ones until one of them is a complete run of everything."""
    if any(run["complete"] and not run["only"] for run in runs):
        return runs
    known = {run["run_id"] for run in runs}
    found = [*runs]
    for run_id in (each for each in newest_first(store) if each not in known):
        found.append(_row(store, run_id))
        if found[-1]["complete"] and not found[-1]["only"]:
            break
    return found


def read_misplaced(store: Store, runs: Sequence[RunRow]) -> list[str]:
    """Archives of the newest complete run that are not there, or are not what it wrote down.

    The manifest is read once more, and one request goes for each thousand archives. A run that was
    begun since and did not complete may have replaced some: then it is only asked whether they are
    there.
    """
    settled = bool(runs) and runs[0]["complete"]
    run_id = next((run["run_id"] for run in runs if run["complete"]), None)
    found = read_manifest(store, run_id) if run_id else None
    if found is None:
        return []
    try:
        manifest = Manifest.from_json(found.data)
    except ValueError as error:  # it was written anew since it was read for the runs
        return [f"{said(found.key)} is left out: {error}"]
    archives = [item.archive for item in manifest.archived if item.archive]
    present: dict[str, Stored] = {}
    for prefix in sorted({archive.key.rpartition("/")[0] + "/" for archive in archives}):
        present |= store.objects(prefix)
    wrong = (not_in_place([archive], present, settled=settled) for archive in archives)
    return sorted(filter(None, wrong))


def read_running(store: Store, runs: Iterable[RunRow], now: datetime) -> RunningRow | None:
    """The run that says that it is under way, and said so lately."""
    for run in runs:
        if run["verdict"] or run["complete"]:
            continue
        told = read_progress(store, run["run_id"])
        if told is None:
            continue
        try:
            found = Progress.from_json(told.data)
        except ValueError as error:
            log.warning("%s is left out: %s", said(told.key), error)
            continue
        if not found.ended and now - found.updated_at <= SILENT_AFTER:
            return RunningRow(
                run_id=found.run_id,
                attempt=found.attempt,
                phase=found.phase,
                done=found.done,
                listed=found.listed,
                failed=found.failed,
                updated_at=iso(found.updated_at),
            )
    return None


def judge(
    runs: Iterable[RunRow],
    running: RunningRow | None,
    now: datetime,
    max_age: timedelta,
    misplaced: Sequence[str] = (),
) -> Judgement:
    """Good is: the newest run that has ended is good, so is the newest one that was asked for
    everything, which is not older than ``max_age``, and no archive is ``misplaced``. Pure.

    What failed in a whole run is mended when a narrowed one since is good: it would not be as long
    as anything is failed or is not saved.
    """
    ended = [run for run in runs if not running or run["run_id"] != running["run_id"]]
    relied = _relied_on(ended)
    if relied is None:
        said = "no run here can be relied on"
        if ended and ended[0]["good"]:
            said += "; the good ones were narrowed"
        elif ended:
            said += f"; the newest, {_became(ended[0])}"
        return Judgement(False, said, None)
    finished = str(relied.run["finished_at"])
    age = now - datetime.fromisoformat(finished)
    days = round(age / timedelta(days=1), 2)
    verified = NewestVerified(run_id=relied.run["run_id"], finished_at=finished, age_days=days)
    last = ended[0]
    whole = next(run for run in ended if not run["only"])
    if not last["good"]:
        return Judgement(False, f"the newest run, {_became(last)}", verified)
    if whole is not relied.run:
        reason = f"the newest run of everything, {_became(whole)}; none since has mended that"
        return Judgement(False, reason, verified)
    if misplaced:
        more = f", and {len(misplaced) - 1} more" if len(misplaced) > 1 else ""
        said = f"not where the newest run put it: {misplaced[0].rstrip('.')}{more}"
        return Judgement(False, said, verified)
    if age > max_age:
        limit = max_age / timedelta(days=1)
        of_what = "good run of everything" if last["only"] else "good run"
        return Judgement(
            False, f"the newest {of_what} is {days:.1f} days old, more than {limit:g}", verified
        )
    if not last["only"]:
        said = f"the newest run is good and {days:.1f} days old{_limits(relied.run)}"
        return Judgement(True, said, verified)
    mended = ", with what narrowed ones have mended," if relied.mended else ""
    said = (
        f"the newest run, {last['run_id']}, was narrowed to {' '.join(last['only'])}; "
        f"the newest of everything{mended} is good and {days:.1f} days old{_limits(relied.run)}"
    )
    return Judgement(True, said, verified)


def label(run: RunRow) -> str:
    """What stands in brackets behind a run's verdict, from a blank on; empty for most."""
    narrowed = ["narrowed"] if run["only"] else []
    found = describe(read_visibility(run["visibility"])).label
    said = "; ".join([*narrowed, *([found] if found else ())])
    return f" ({said})" if said else ""


def _limits(run: RunRow) -> str:
    sentence = describe(read_visibility(run["visibility"])).sentence
    return f"; {sentence}" if sentence else ""


def _relied_on(ended: Sequence[RunRow]) -> _Reliance | None:
    mending = False
    for run in ended:
        if run["only"]:
            mending = mending or run["good"]
            continue
        if run["good"]:
            return _Reliance(run, mended=False)
        if mending and run["complete"] and run["verdict"] in (None, PARTIAL):
            return _Reliance(run, mended=True)
        mending = False
    return None


def _became(run: RunRow) -> str:
    """``2026-11-27T17-00-00Z, ended partial``, to follow "the newest, "."""
    narrowed = f" (only {' '.join(run['only'])})" if run["only"] else ""
    name = f"{run['run_id']}{narrowed}"
    if run["verdict"] == UNREADABLE:
        return f"{name}, has an unreadable report"
    if run["verdict"] or not run["complete"]:
        return f"{name}, ended {run['verdict'] or 'incomplete'}"
    if run["failed"]:
        return f"{name}, ended with {run['failed']} failed (repo_backup report tells why)"
    if run["unsaved"]:
        return f"{name}, passed over {run['unsaved']} of which nothing is saved"
    return f"{name}, left nothing to rely on (no archive, or its restore drill failed)"


def _row(store: Store, run_id: str) -> RunRow:
    report = _report(store, run_id)
    found = read_manifest(store, run_id)
    manifest = None
    try:
        manifest = Manifest.from_json(found.data) if found else None
    except ValueError as error:
        key = found.key if found else ""
        log.warning("%s is left out, and its run is not relied on: %s", said(key), error)
        report = None
    verdict = report.verdict if report else None
    reported_at = iso(report.reported_at) if report and verdict != UNREADABLE else None
    totals = manifest.totals if manifest else {}
    complete = bool(manifest and manifest.complete)
    entries = list(manifest.entries.values()) if manifest else []
    failed = sum(entry.failed for entry in entries)
    unsaved = sum(entry.unsaved for entry in entries)
    # Its own word for a run that no reporter has judged.
    whole = complete and not failed and not unsaved and any(e.archives for e in entries)
    finished = manifest.finished_at if manifest else None
    return RunRow(
        run_id=run_id,
        verdict=verdict,
        reason=(report.reason or None) if report else None,
        good=verdict == VERIFIED if verdict else whole and not _drill_failed(manifest),
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
    )


def _drill_failed(manifest: Manifest | None) -> bool:
    return bool(manifest and manifest.drill and not manifest.drill.ok)


def _when(run: RunRow) -> str | None:
    return run["started_at"] or run["finished_at"]


def _report(store: Store, run_id: str) -> RunReport | None:
    """What the reporter said of a run, if it did. A damaged report's run is not relied on."""
    key = layout.report(run_id)
    try:
        data = store.read(key)
        return None if data is None else RunReport.from_json(data)
    except ValueError as error:
        log.warning("%s is left out, and its run is not relied on: %s", said(key), error)
        return RunReport(UNREADABLE, f"its report.json is unreadable: {error}", _LONG_AGO)
