"""Which run is the newest, by what the manifests themselves say: a copied file has a new time."""

import heapq
import itertools
import logging
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from backup_contract import evidence
from backup_contract import object_keys as layout
from repo_backup.runtime.errors import NotFoundError, NotHandedOutError
from repo_backup.store.base import Store
from repo_backup.store.written.run_documents import read_manifest

MOST_UNREPORTED = 200
"""How many runs are looked through before only those count that the reporter reported on: two years
of weekly runs. An instance may not write a report, so that junk cannot hide what has one."""

_READ_AHEAD = 16
_HEAD_BYTES = 4096
_STARTED_AT = re.compile(rb'"started_at": *"([^"]+)"')
log = logging.getLogger(__name__)


def newest_first(store: Store) -> Iterator[str]:
    """The runs that left a manifest, the one that began last first, whatever they are named.

    One writes at a time, so that a run which began after all others were written is the newest:
    where the files are as the runs wrote them, one listing and the beginning of one manifest tell
    it. In a copy by ``tar``, ``rsync`` or ``aws s3 sync`` they may all be as new as the copy; then
    the beginning of each is read, until the next run has been there.

    Behind the first :data:`MOST_UNREPORTED` only reported runs are given where there are any, and
    how many are left out is logged: thousands of junk manifests cost a listing, and hide no good
    one.
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
    """Those of these runs that have a report among these keys; all where no run has one.

    How many are left out is logged.
    """
    reported = evidence.reported(keys)
    counted = reported.intersection(run_ids) if reported else run_ids
    if left_out := len(run_ids) - len(counted):
        log.warning("%d runs below %s are left out: no report tells of them", left_out, layout.RUNS)
    return counted


def _in_order(store: Store, written: list[tuple[str, datetime]]) -> Iterator[str]:
    known: list[tuple[float, int, str]] = []  # by time, and as they were written
    with _Beginnings(store, [run_id for run_id, _ in written]) as beginnings:
        for place, (run_id, written_at) in enumerate(written):
            while known and -known[0][0] >= written_at.timestamp():
                yield heapq.heappop(known)[2]
            if not known and place == len(written) - 1:
                yield run_id  # it is older than all others, whenever it began
                return
            began_at = beginnings.next() or written_at
            heapq.heappush(known, (-began_at.timestamp(), place, run_id))
        while known:
            yield heapq.heappop(known)[2]


class _Beginnings:
    """When each of these runs began, in turn: one is read at first, then more and more at once."""

    def __init__(self, store: Store, run_ids: list[str]) -> None:
        self._store = store
        self._waiting = iter(run_ids)
        self._ahead: deque[Future[datetime | None]] = deque()
        self._width = 1
        self._pool = ThreadPoolExecutor(_READ_AHEAD)

    def __enter__(self) -> "_Beginnings":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def next(self) -> datetime | None:
        """That of the next run; None where its manifest does not say it in its beginning."""
        for run_id in itertools.islice(self._waiting, self._width - len(self._ahead)):
            self._ahead.append(self._pool.submit(began_at, self._store, run_id))
        self._width = min(2 * self._width, _READ_AHEAD)
        return self._ahead.popleft().result()


def began_at(store: Store, run_id: str) -> datetime | None:
    """When a manifest says that its run began; None when it does not say it in its beginning.

    No more than the beginning is read, where the manifest is published.
    """
    try:
        found = _STARTED_AT.search(_head(store, run_id))
        moment = datetime.fromisoformat(found[1].decode()) if found else None
    except (ValueError, NotHandedOutError, OSError):
        return None
    return moment if moment and moment.tzinfo else None


def _head(store: Store, run_id: str) -> bytes:
    """The beginning of its manifest."""
    try:
        with store.open(layout.manifest(run_id)) as file:
            return file.read(_HEAD_BYTES)
    except NotFoundError:
        found = read_manifest(store, run_id)
        return found.data[:_HEAD_BYTES] if found else b""
