"""Loads the runs' documents from the store, a few runs ahead."""

import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from backup_contract import object_keys as layout
from backup_contract.moments import named_moment
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import (
    Document,
    read_document,
    read_manifest,
    read_progress,
)
from repo_backup.store.written.run_order import MOST_UNREPORTED, reported_only

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""Before every run: the time of a run whose id contains none."""
_READ_AHEAD = 3
_MANIFEST, _REPORT, _PROGRESS = "manifest.json", "report.json", "progress.json"
_LAUNCH = "launch.json"


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A run's documents at the destination."""

    run_id: str
    report: Document | None
    manifest: Document | None
    progress: Document | None


def documents_by_run(store: Store) -> dict[str, set[str]]:
    """The names of each run's documents, except those of its attempts.

    An instance could write as an attempt of a run that never existed.
    """
    found: dict[str, set[str]] = {}
    for key in store.objects(layout.RUNS):
        run_id, slash, name = key.removeprefix(layout.RUNS).partition("/")
        if slash and run_id and "/" not in name:
            found.setdefault(run_id, set()).add(name)
    return found


def chosen_runs(store: Store, documents: dict[str, set[str]], newest: int | None) -> list[str]:
    """The runs to read, roughly in order: the newest by time of writing, and runs between them that
    left no manifest."""
    written = list(reversed(store.run_ids()))[-newest if newest else 0 :]
    moments = {run_id: named_moment(run_id) or BEGINNING for run_id in documents}
    since = min((moments[run_id] for run_id in written), default=BEGINNING)
    reported = set(written)
    without = [
        run_id for run_id in documents if run_id not in reported and moments[run_id] >= since
    ]
    chosen = sorted([*written, *without], key=lambda run_id: moments[run_id])
    older = chosen[:-MOST_UNREPORTED]
    if not older:
        return chosen
    keys = (f"{layout.RUNS}{run_id}/{name}" for run_id in older for name in documents[run_id])
    counted = reported_only(older, keys)
    return [*(run_id for run_id in older if run_id in counted), *chosen[-MOST_UNREPORTED:]]


def loaded_runs(
    store: Store, run_ids: list[str], documents: dict[str, set[str]]
) -> Iterator[LoadedRun]:
    """The documents of each run, loaded a few runs ahead."""

    def load(run_id: str) -> LoadedRun:
        names = documents.get(run_id, set())
        progresses = _REPORT not in names and names & {_PROGRESS, _LAUNCH}
        return LoadedRun(
            run_id,
            read_document(store, layout.report(run_id)) if _REPORT in names else None,
            read_manifest(store, run_id) if names & {_MANIFEST, _LAUNCH} else None,
            read_progress(store, run_id) if progresses else None,
        )

    waiting = iter(run_ids)
    with ThreadPoolExecutor(_READ_AHEAD) as pool:
        ahead: deque[Future[LoadedRun]] = deque()
        for run_id in itertools.islice(waiting, _READ_AHEAD):
            ahead.append(pool.submit(load, run_id))
        while ahead:
            loaded = ahead.popleft().result()
            for run_id in itertools.islice(waiting, 1):
                ahead.append(pool.submit(load, run_id))
            yield loaded
