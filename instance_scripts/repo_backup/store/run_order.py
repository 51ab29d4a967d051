"""Which run is the newest, by what the manifests themselves say: a copied file has a new time."""

import heapq
import re
from collections.abc import Iterator
from datetime import datetime

from backup_contract import object_keys as layout
from repo_backup.runtime.errors import NotFoundError
from repo_backup.store.base import Store
from repo_backup.store.run_documents import read_manifest

_HEAD_BYTES = 4096
_STARTED_AT = re.compile(rb'"started_at": *"([^"]+)"')


def newest_first(store: Store) -> Iterator[str]:
    """The runs that left a manifest, the one that began last first, whatever they are named.

    One writes at a time, so that a run which began after all others were written is the newest:
    where the files are as the runs wrote them, one listing and the beginning of one manifest tell
    it. In a copy by ``tar``, ``rsync`` or ``aws s3 sync`` they may all be as new as the copy; then
    the beginning of each is read, until the next run has been there.
    """
    return _in_order(store, store.manifests_written())


def _in_order(store: Store, written: list[tuple[str, datetime]]) -> Iterator[str]:
    known: list[tuple[float, int, str]] = []  # by time, and as they were written
    for place, (run_id, written_at) in enumerate(written):
        while known and -known[0][0] >= written_at.timestamp():
            yield heapq.heappop(known)[2]
        if not known and place == len(written) - 1:
            yield run_id  # it is older than all others, whenever it began
            return
        began_at = _began_at(store, run_id) or written_at
        heapq.heappush(known, (-began_at.timestamp(), place, run_id))
    while known:
        yield heapq.heappop(known)[2]


def _began_at(store: Store, run_id: str) -> datetime | None:
    """When a manifest says that its run began; None when it does not say it in its beginning."""
    try:
        found = _STARTED_AT.search(_head(store, run_id))
        moment = datetime.fromisoformat(found[1].decode()) if found else None
    except ValueError:
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
