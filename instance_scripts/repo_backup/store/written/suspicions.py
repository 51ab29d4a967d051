"""Suspicions as they lie at a destination: in reports, and in manifests where nobody reports."""

import itertools
import logging
from collections.abc import Iterable

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.run_report import RunReport
from backup_contract.documents.suspicion import Suspicion, still_open
from backup_contract.judgement.rewrites import suspicion
from repo_backup.runtime.errors import said
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

MOST_RUNS = 20
"""So many are looked through for one with a report, and for their own suspicions meanwhile."""
log = logging.getLogger(__name__)


def open_suspicions(store: Store) -> tuple[Suspicion, ...]:
    """All that nobody has acknowledged: while one is open, nothing of its archives is given up."""
    found = found_in(store, itertools.islice(newest_first(store), MOST_RUNS))
    if not found:
        return ()
    return still_open(found, layout.acknowledged(store.objects(layout.ACKNOWLEDGED)))


def found_in(store: Store, run_ids: Iterable[str]) -> list[Suspicion]:
    """What these runs found, newest first, up to the first with a report, which tells the rest."""
    found: list[Suspicion] = []
    for run_id in run_ids:
        told = reported_suspicions(store, run_id)
        if told is not None:
            return [*found, *told]
        found += own_suspicions(store, run_id)
    return found


def reported_suspicions(store: Store, run_id: str) -> tuple[Suspicion, ...] | None:
    """What the report of a run says is open; None where none says anything of it."""
    key = layout.report(run_id)
    try:
        data = store.read(key)
        return RunReport.from_json(data).suspicions if data else None
    except ValueError as error:
        log.warning("%s is left out: %s", said(key), error)
        return None


def own_suspicions(store: Store, run_id: str) -> list[Suspicion]:
    """What a run found, by its own manifest: one or none."""
    found = read_manifest(store, run_id)
    try:
        own = suspicion(Manifest.from_json(found.data)) if found else None
    except ValueError as error:
        log.warning("%s is left out: %s", said(layout.manifest(run_id)), error)
        return []
    return [own] if own else []
