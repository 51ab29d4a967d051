"""Finds the run that is under way, from its progress document and the lease."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from backup_contract import object_keys as layout
from backup_contract.documents.lease import LeaseRecord
from backup_contract.documents.output.runs import RunningRow, RunRow
from backup_contract.documents.progress import Progress
from backup_contract.moments import iso
from backup_contract.text import one_line
from repo_backup.runtime import process_identity
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import read_progress

SILENT_AFTER = timedelta(minutes=15)
"""A run without an update for this long is not under way. It writes one every 20 seconds."""
_JUST_BEGUN = "beginning"
log = logging.getLogger(__name__)


def read_running(store: Store, runs: Iterable[RunRow], now: datetime) -> RunningRow | None:
    """The run with a recent progress document, or the one that holds the lease.

    A run that has just begun has only the lease. One whose process is known to have ended is not
    under way.
    """
    lease, written_at = _lease(store)
    if lease and lease.process and process_identity.is_alive(lease.process) is False:
        runs = [run for run in runs if run["run_id"] != lease.run_id]
        lease = None
    for run in runs:
        if run["verdict"] or run["complete"]:
            continue
        stored = read_progress(store, run["run_id"])
        if stored is None:
            continue
        try:
            found = Progress.from_json(stored.data)
        except ValueError as error:
            log.warning("%s is ignored: %s", one_line(stored.key), error)
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
    if lease is None or written_at is None:
        return None
    return RunningRow(
        run_id=lease.run_id,
        attempt=lease.attempt or 1,
        phase=_JUST_BEGUN,
        done=0,
        listed=0,
        failed=0,
        updated_at=iso(written_at),
    )


def _lease(store: Store) -> tuple[LeaseRecord | None, datetime | None]:
    """A lease that has not ended and was renewed recently, and when; else None twice."""
    try:
        found = store.read_tagged(layout.LOCK)
        lease = LeaseRecord.from_json(found.data) if found else None
    except (RepositoryError, ValueError):
        return None, None
    # Older programs did not record that a lease had ended.
    if found is None or lease is None or lease.ended is not False:
        return None, None
    return (lease, found.written_at) if abs(found.age) < SILENT_AFTER else (None, None)
