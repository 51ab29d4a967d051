"""Open suspicions: rewritten history that looks like an attack and is not acknowledged."""

import itertools
from collections.abc import Iterator, Sequence

from backup_contract import object_keys as layout
from backup_contract.documents.output.runs import RunRow
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
    """The open suspicions, newest first; ``runs`` are the newest runs.

    A report includes what earlier runs found. Without one, as many runs are read as for a backup.
    """
    found: list[Suspicion] = []
    for run in runs:
        reported = run["verdict"] not in (None, UNREADABLE)
        if reported and (named := reported_suspicions(store, run["run_id"])) is not None:
            found += named
            break
        if run["suspicious"]:
            found += own_suspicions(store, run["run_id"])
    else:
        found += found_in(store, _others(store, runs))
    if not found:
        return ()
    return still_open(found, layout.acknowledged(store.objects(layout.ACKNOWLEDGED)))


def _others(store: Store, runs: Sequence[RunRow]) -> Iterator[str]:
    """The other runs that count, newest first."""
    shown = {run["run_id"] for run in runs}
    newest = itertools.islice(newest_first(store), MOST_RUNS) if len(shown) < MOST_RUNS else ()
    return (run_id for run_id in newest if run_id not in shown)
