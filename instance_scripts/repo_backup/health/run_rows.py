"""Reads the runs of a store: one row for each, as ``status`` shows it."""

import itertools
from datetime import UTC, datetime

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.output.rows import visibility_rows
from backup_contract.documents.output.runs import RunRow
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.reliance import (
    COMPLETE,
    INCOMPLETE,
    UNFINISHED,
    UNREADABLE,
    RunFacts,
    is_good,
    own_word,
)
from backup_contract.judgement.rewrites import rewritten, suspicion
from backup_contract.moments import iso
from backup_contract.visibility import describe
from backup_contract.visibility import read as read_visibility
from repo_backup.health.large_files import large_files_document
from repo_backup.store.base import Store
from repo_backup.store.written.ignored_documents import IgnoredDocuments
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

_CONSEQUENCE = ", and its run is not relied on"
_UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def read_runs(store: Store, count: int, ignored: IgnoredDocuments) -> list[RunRow]:
    """The newest ``count`` runs, newest first, including those that left only a report."""
    written = list(itertools.islice(newest_first(store), count))
    everything = evidence.runs(store.objects(layout.RUNS))
    # Runs with a manifest are ordered by its time; the run id tells when the others were due.
    chosen = {*written, *sorted(everything, reverse=True)[:count]}
    rows = {run_id: _row(store, run_id, ignored) for run_id in chosen}
    when = {run_id: _when(row) or run_id for run_id, row in rows.items()}
    # Of two runs that began in the same second, the one written last is newer. A run without a
    # start time sorts just after the one written before it.
    age = {run_id: index for index, run_id in enumerate(reversed(written))}
    before = ""
    for run_id in age:
        before = when[run_id] = _when(rows[run_id]) or before
    newest = sorted(rows, key=lambda run_id: (when[run_id], age.get(run_id, -1)), reverse=True)
    return [rows[run_id] for run_id in newest[:count]]


def read_whole(store: Store, runs: list[RunRow], ignored: IgnoredDocuments) -> list[RunRow]:
    """These runs, plus older ones up to a complete run that was not narrowed."""
    if any(run["complete"] and not run["only"] for run in runs):
        return runs
    known = {run["run_id"] for run in runs}
    found = [*runs]
    for run_id in (each for each in newest_first(store) if each not in known):
        found.append(_row(store, run_id, ignored))
        if found[-1]["complete"] and not found[-1]["only"]:
            break
    return found


def label(run: RunRow) -> str:
    """The text in brackets after a run's verdict, with a leading space; empty for most runs."""
    narrowed = ["narrowed"] if run["only"] else []
    found = describe(read_visibility(run["visibility"])).label
    message = "; ".join([*narrowed, *([found] if found else ())])
    return f" ({message})" if message else ""


def word(run: RunRow) -> str:
    """The reporter's verdict, or else the program's own; used where nothing else is shown."""
    if run["verdict"]:
        return run["verdict"]
    if run["good"]:
        return COMPLETE
    return INCOMPLETE if run["complete"] else UNFINISHED


def facts(run: RunRow) -> RunFacts:
    """The facts by which a run is judged."""
    finished = run["finished_at"]
    return RunFacts(
        run_id=run["run_id"],
        word=word(run),
        complete=run["complete"],
        finished_at=datetime.fromisoformat(finished) if finished else None,
        listed=run["listed"],
        failed=run["failed"],
        failed_accounts=run["failed_accounts"],
        failed_gists=run["failed_gists"],
        unsaved=run["unsaved"],
        excluded=run["excluded"],
        only=tuple(run["only"]),
        visibility=read_visibility(run["visibility"]),
    )


def _row(store: Store, run_id: str, ignored: IgnoredDocuments) -> RunRow:
    report = read_report(store, run_id, ignored)
    found = read_manifest(store, run_id)
    manifest = None
    try:
        manifest = Manifest.from_json(found.data) if found else None
    except ValueError as error:
        ignored.add(found.key if found else "", error, _CONSEQUENCE)
        report = RunReport(UNREADABLE, f"its manifest.json is unreadable: {error}", _UNKNOWN_TIME)
    verdict = report.verdict if report else None
    reported_at = iso(report.reported_at) if report and verdict != UNREADABLE else None
    totals = manifest.totals if manifest else {}
    complete = bool(manifest and manifest.complete)
    entries = list(manifest.entries.values()) if manifest else []
    accounts = manifest.accounts.values() if manifest else ()
    gists = manifest.gists.values() if manifest else ()
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
        failed_accounts=sum(entry.failed for entry in accounts),
        failed_gists=sum(entry.failed for entry in gists),
        unsaved=unsaved,
        excluded=sum(entry.excluded for entry in entries),
        only=manifest.only if manifest else [*report.only] if report else [],
        bytes_stored=totals.get("bytes_stored", 0),
        visibility=visibility_rows(manifest.visibility if manifest else ()),
        rewritten=rewritten(manifest),
        suspicious=[*own.reasons] if (own := suspicion(manifest)) else [],
        large_files=large_files_document(manifest),
    )


def _when(run: RunRow) -> str | None:
    return run["started_at"] or run["finished_at"]


def read_report(store: Store, run_id: str, ignored: IgnoredDocuments) -> RunReport | None:
    """The report of a run, or None. A damaged report counts as the verdict UNREADABLE."""
    key = layout.report(run_id)
    try:
        data = store.read(key)
        return None if data is None else RunReport.from_json(data)
    except ValueError as error:
        ignored.add(key, error, _CONSEQUENCE)
        return RunReport(UNREADABLE, f"its report.json is unreadable: {error}", _UNKNOWN_TIME)
