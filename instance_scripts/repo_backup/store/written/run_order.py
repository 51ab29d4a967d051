"""Orders runs by the start times in their manifests, because a copied file has a new time."""

import heapq
import itertools
import logging
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.judgement.reliance import CLOCK_TOLERANCE, dated_ahead
from repo_backup.runtime.errors import NotFoundError, UnavailableObjectError
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import read_manifest

MOST_UNREPORTED = 200
"""After this many runs, two years of weekly ones, only those with a report count. An instance may
not write reports, so junk that it writes cannot hide reported runs."""

_READ_AHEAD = 16
_HEAD_BYTES = 4096
_STARTED_AT = re.compile(rb'"started_at": *"([^"]+)"')
log = logging.getLogger(__name__)


def newest_first(store: Store) -> Iterator[str]:
    """The ids of runs with a manifest, by start time, newest first.

    Only one run writes at a time, so a run that started after all others were written is the
    newest. Usually one listing and the beginning of one manifest show this. In a copy made by
    ``tar``, ``rsync`` or ``aws s3 sync`` all files may be as new as the copy; then manifests are
    read until the order is certain.

    After the first :data:`MOST_UNREPORTED` runs, only reported ones follow if any run has a report,
    and the number of ignored runs is logged. So thousands of junk manifests cost one listing and
    hide no good run.
    """
    written = store.manifests_written()
    given: set[str] = set()
    for run_id in itertools.islice(_in_order(store, written), MOST_UNREPORTED):
        given.add(run_id)
        yield run_id
    if len(given) == len(written):
        return
    others = [each for each in written if each[0] not in given]
    counted = reported_only([run_id for run_id, _ in others], store.objects(layout.RUNS))
    yield from _in_order(store, [each for each in others if each[0] in counted])


def reported_only(run_ids: Collection[str], keys: Iterable[str]) -> Collection[str]:
    """The runs that have a report among ``keys``; all of them if no run has one.

    The number of ignored runs is logged.
    """
    reported = evidence.reported(keys)
    counted = reported.intersection(run_ids) if reported else run_ids
    if ignored := len(run_ids) - len(counted):
        log.warning("%d runs below %s are ignored: they have no report", ignored, layout.RUNS)
    return counted


def _in_order(store: Store, written: list[tuple[str, datetime]]) -> Iterator[str]:
    known: list[tuple[float, int, str]] = []  # a heap by start time, then by order of writing
    is_warned = False
    with _StartTimes(store, [run_id for run_id, _ in written]) as start_times:
        for place, (run_id, written_at) in enumerate(written):
            while known and -known[0][0] >= written_at.timestamp():
                yield heapq.heappop(known)[2]
            if not known and place == len(written) - 1:
                yield run_id  # the last one needs no start time
                return
            started_at = start_times.next() or written_at
            if not is_warned and started_at - datetime.now(UTC) > CLOCK_TOLERANCE:
                is_warned = True
                log.warning("run %s %s", run_id, dated_ahead(run_id, started_at))
            heapq.heappush(known, (-started_at.timestamp(), place, run_id))
        while known:
            yield heapq.heappop(known)[2]


class _StartTimes:
    """The start times of these runs, in order: reads one, then more and more in parallel."""

    def __init__(self, store: Store, run_ids: list[str]) -> None:
        self._store = store
        self._waiting = iter(run_ids)
        self._ahead: deque[Future[datetime | None]] = deque()
        self._width = 1
        self._pool = ThreadPoolExecutor(_READ_AHEAD)

    def __enter__(self) -> "_StartTimes":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def next(self) -> datetime | None:
        """The start time of the next run; None if the beginning of its manifest has none."""
        for run_id in itertools.islice(self._waiting, self._width - len(self._ahead)):
            self._ahead.append(self._pool.submit(read_started_at, self._store, run_id))
        self._width = min(2 * self._width, _READ_AHEAD)
        return self._ahead.popleft().result()


def read_started_at(store: Store, run_id: str) -> datetime | None:
    """The start time of a run; None if the beginning of its manifest has none.

    Reads only the beginning of a published manifest.
    """
    try:
        found = _STARTED_AT.search(_head(store, run_id))
        moment = datetime.fromisoformat(found[1].decode()) if found else None
    except (ValueError, UnavailableObjectError, OSError):
        return None
    return moment if moment and moment.tzinfo else None


def _head(store: Store, run_id: str) -> bytes:
    """The beginning of a run's manifest."""
    try:
        with store.open(layout.manifest(run_id)) as file:
            return file.read(_HEAD_BYTES)
    except NotFoundError:
        found = read_manifest(store, run_id)
        return found.data[:_HEAD_BYTES] if found else b""
