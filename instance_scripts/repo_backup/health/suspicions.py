"""Rewritten history that looks like an attack, until somebody acknowledges it."""

import itertools
from collections.abc import Iterator, Sequence

from backup_contract import object_keys as layout
from backup_contract.documents.output.commands import RunRow
from backup_contract.documents.suspicion import Suspicion, still_open
from backup_contract.judgement.reliance import UNREADABLE
from repo_backup.store.base import Store
from repo_backup.store.written.run_order import newest_first
from repo_backup.store.written.suspicions import (
    MOST_RUNS,
    found_in,
    own_suspicions,
    reported_suspicions,
)


def read_suspicions(store: Store, runs: Sequence[RunRow]) -> tuple[Suspicion, ...]:
    """What is open, by the newest of these ``runs``, newest first.

    The reporter carries what earlier runs found. Where there is none, as many runs count as for a
    backup.
    """
    found: list[Suspicion] = []
    for run in runs:
        reported = run["verdict"] not in (None, UNREADABLE)
        if reported and (told := reported_suspicions(store, run["run_id"])) is not None:
            found += told
            break
        if run["suspicious"]:
            found += own_suspicions(store, run["run_id"])
    else:
        found += found_in(store, _others(store, runs))
    if not found:
        return ()
    return still_open(found, layout.acknowledged(store.objects(layout.ACKNOWLEDGED)))


def _others(store: Store, runs: Sequence[RunRow]) -> Iterator[str]:
    """The runs that count and are not among these, newest first."""
    shown = {run["run_id"] for run in runs}
    newest = itertools.islice(newest_first(store), MOST_RUNS) if len(shown) < MOST_RUNS else ()
    return (run_id for run_id in newest if run_id not in shown)
