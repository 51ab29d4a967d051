"""Reads suspicions from a destination: from reports, or from manifests if there is no reporter."""

import itertools
import logging
from collections.abc import Iterable

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.run_report import RunReport
from backup_contract.documents.suspicion import Suspicion, still_open
from backup_contract.judgement.rewrites import suspicion
from backup_contract.text import one_line
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

MOST_RUNS = 20
"""How many runs are searched for a report, and for suspicions of their own until one is found."""
log = logging.getLogger(__name__)


def open_suspicions(store: Store) -> tuple[Suspicion, ...]:
    """The suspicions that nobody has acknowledged. Archives under one are not given up."""
    found = found_in(store, itertools.islice(newest_first(store), MOST_RUNS))
    if not found:
        return ()
    return still_open(found, layout.acknowledged(store.objects(layout.ACKNOWLEDGED)))


def found_in(store: Store, run_ids: Iterable[str]) -> list[Suspicion]:
    """The suspicions of these runs, newest first, up to the first report, which has the rest."""
    found: list[Suspicion] = []
    for run_id in run_ids:
        reported = reported_suspicions(store, run_id)
        if reported is not None:
            return [*found, *reported]
        found += own_suspicions(store, run_id)
    return found


def reported_suspicions(store: Store, run_id: str) -> tuple[Suspicion, ...] | None:
    """The open suspicions in the report of a run; None if it has no report or no such field."""
    key = layout.report(run_id)
    try:
        data = store.read(key)
        return RunReport.from_json(data).suspicions if data else None
    except ValueError as error:
        log.warning("%s is ignored: %s", one_line(key), error)
        return None


def own_suspicions(store: Store, run_id: str) -> list[Suspicion]:
    """The suspicion in a run's own manifest: one or none."""
    found = read_manifest(store, run_id)
    try:
        own = suspicion(Manifest.from_json(found.data)) if found else None
    except ValueError as error:
        log.warning("%s is ignored: %s", one_line(layout.manifest(run_id)), error)
        return []
    return [own] if own else []
