"""The run that is under way, by what it says of itself."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from backup_contract.documents.output.commands import RunningRow, RunRow
from backup_contract.documents.progress import Progress
from backup_contract.moments import iso
from repo_backup.runtime.errors import said
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import read_progress

SILENT_AFTER = timedelta(minutes=15)
"""A run that says nothing for so long is not under way; it says something every 20 seconds."""
log = logging.getLogger(__name__)


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
