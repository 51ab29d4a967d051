"""How the backups of a store stand, by what the store itself says."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from repo_backup import layout
from repo_backup.documents import NewestVerified, RunningRow, RunRow
from repo_backup.manifest import Manifest, iso
from repo_backup.store import Store

VERIFIED, UNREADABLE = "verified", "unreadable"
SILENT_AFTER = timedelta(minutes=15)
"""A run that says nothing for so long is not under way; it says something every 20 seconds."""
_ENDED = ("done", "failed", "interrupted", "reclaimed")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judgement:
    """Whether the backups can be relied on, and why (not)."""

    good: bool
    reason: str
    newest_verified: NewestVerified | None


def read_runs(store: Store, count: int) -> list[RunRow]:
    """The newest runs, newest first; a run that left only a report is one too."""
    written = store.run_ids()
    everything = {
        key.removeprefix(layout.RUNS).partition("/")[0]
        for key in store.objects(layout.RUNS)
        if key.endswith(layout.RUN_DOCUMENTS)
    }
    # Those with a manifest by when it was written; names say when the others were due.
    chosen = {*written[:count], *sorted(everything, reverse=True)[:count]}
    rows = [_row(store, run_id) for run_id in chosen]
    return sorted(rows, key=_when, reverse=True)[:count]


def read_running(store: Store, runs: Iterable[RunRow], now: datetime) -> RunningRow | None:
    """The run that says that it is under way, and said so lately."""
    for run in runs:
        if run["verdict"] or run["complete"]:
            continue
        try:
            said = _read(store, layout.progress(run["run_id"]))
            if not said or said["phase"] in _ENDED:
                continue
            if now - datetime.fromisoformat(said["updated_at"]) > SILENT_AFTER:
                continue
            return RunningRow(
                run_id=said["run_id"],
                attempt=said["attempt"],
                phase=said["phase"],
                done=said["done"],
                listed=said["listed"],
                failed=said["failed"],
                updated_at=said["updated_at"],
            )
        except (ValueError, KeyError, TypeError):
            log.warning("the progress of run %s is unreadable and left out", run["run_id"])
    return None


def judge(
    runs: Iterable[RunRow], running: RunningRow | None, now: datetime, max_age: timedelta
) -> Judgement:
    """Good is: the newest run that has ended is, and it is not older than ``max_age``. Pure."""
    ended = [run for run in runs if not running or run["run_id"] != running["run_id"]]
    newest = next((run for run in ended if run["good"]), None)
    if newest is None:
        return Judgement(False, "no run here can be relied on", None)
    finished = str(newest["finished_at"])
    age = now - datetime.fromisoformat(finished)
    days = round(age / timedelta(days=1), 2)
    verified = NewestVerified(run_id=newest["run_id"], finished_at=finished, age_days=days)
    if ended[0] is not newest:
        last = ended[0]
        if last["verdict"] == UNREADABLE:
            reason = f"the report of the newest run, {last['run_id']}, is unreadable"
            return Judgement(False, reason, verified)
        became = last["verdict"] or ("incomplete" if not last["complete"] else "with failures")
        return Judgement(False, f"the newest run, {last['run_id']}, ended {became}", verified)
    if age > max_age:
        limit = max_age / timedelta(days=1)
        return Judgement(
            False, f"the newest good run is {days:.1f} days old, more than {limit:g}", verified
        )
    return Judgement(True, f"the newest run is good and {days:.1f} days old", verified)


def _row(store: Store, run_id: str) -> RunRow:
    report = _report(store, run_id)
    data = store.read(layout.manifest(run_id))
    manifest = None
    try:
        manifest = Manifest.from_json(data) if data else None
    except ValueError:
        log.warning("the manifest of run %s is unreadable: it is not relied on", run_id)
        report = {}
    verdict = report.get("verdict")
    totals = manifest.totals if manifest else {}
    complete = bool(manifest and manifest.complete)
    failed = sum(entry.failed for entry in manifest.entries.values()) if manifest else 0
    finished = manifest.finished_at if manifest else None
    return RunRow(
        run_id=run_id,
        verdict=verdict,
        reason=report.get("reason"),
        good=verdict == VERIFIED if verdict else complete and not failed,
        complete=complete,
        started_at=iso(manifest.started_at) if manifest else None,
        finished_at=iso(finished) if finished else _utc(report.get("reported_at")),
        listed=totals.get("listed", 0),
        backed_up=totals.get("backed-up", 0),
        unchanged=totals.get("unchanged", 0),
        failed=failed,
        bytes_stored=totals.get("bytes_stored", 0),
    )


def _when(run: RunRow) -> str:
    return run["started_at"] or run["finished_at"] or run["run_id"]


def _utc(text: str | None) -> str | None:
    return iso(datetime.fromisoformat(text)) if text else None


def _report(store: Store, run_id: str) -> Mapping[str, str | None]:
    """What the reporter said of a run, if it did; a damaged report's run is not relied on."""
    try:
        report = _texts(_read(store, layout.report(run_id)) or {})
        _utc(report["reported_at"])
    except ValueError:
        log.warning("the report of run %s is unreadable: the run is not relied on", run_id)
        return {"verdict": UNREADABLE, "reason": "its report.json is unreadable"}
    return report


def _texts(document: Mapping[str, Any]) -> dict[str, str | None]:
    texts = {name: document.get(name) for name in ("verdict", "reason", "reported_at")}
    if not all(text is None or isinstance(text, str) for text in texts.values()):
        raise ValueError("not a text")
    return texts


def _read(store: Store, key: str) -> Mapping[str, Any] | None:
    """A JSON object, or None without one. Raises ValueError when it is none."""
    data = store.read(key)
    if not data:
        return None
    try:
        document = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(document, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - of the document, not of a caller
    return document
