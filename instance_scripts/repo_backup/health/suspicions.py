"""Rewritten history that looks like an attack, until somebody acknowledges it."""

from collections.abc import Sequence

from backup_contract import object_keys as layout
from backup_contract.documents.command_output import RunRow
from backup_contract.documents.suspicion import Suspicion, still_open
from backup_contract.judgement.reliance import UNREADABLE
from repo_backup.store.base import Store
from repo_backup.store.suspicions import own_suspicions, reported_suspicions


def read_suspicions(store: Store, runs: Sequence[RunRow]) -> tuple[Suspicion, ...]:
    """What is open, by the newest of these ``runs``, newest first.

    The reporter carries what earlier runs found. Where there is none, only these runs count.
    """
    found: list[Suspicion] = []
    for run in runs:
        reported = run["verdict"] not in (None, UNREADABLE)
        if reported and (told := reported_suspicions(store, run["run_id"])) is not None:
            found += told
            break
        if run["suspicious"]:
            found += own_suspicions(store, run["run_id"])
    if not found:
        return ()
    return still_open(found, layout.acknowledged(store.objects(layout.ACKNOWLEDGED)))
