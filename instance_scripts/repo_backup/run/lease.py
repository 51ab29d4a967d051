"""A lease in ``runs/lock.json``, by conditional writes: only one run at a time may write."""

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from backup_contract import object_keys as layout
from backup_contract.documents.lease import LeaseRecord
from repo_backup.run.lease_state import LEASE, Claimant, judge
from repo_backup.runtime import process_identity
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import BackupError, ConflictError, FatalError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store, Tagged

RENEW_SECONDS = 150.0
_WRITES = 3
log = logging.getLogger(__name__)


class Lease:
    """The right to write to a destination, for one attempt of one run.

    ``continues``: the run id was given, so a lease of the same run counts as its own.

    The instance may not delete objects. So a lease ends when its document says so, or when it
    expires. Programs before December 2026 read only ``expires_at``, and respect this lease by it.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        attempt: int,
        stop: CancellationToken,
        *,
        continues: bool = True,
    ) -> None:
        self._store = store
        self._claimant = Claimant(run_id, attempt, continues)
        self._stop = stop
        self._retry_policy = RetryPolicy(stop)
        self._holder = uuid.uuid4().hex
        self._process = process_identity.current()
        self._tag: str | None = None
        self._checked = False
        self._writing = threading.Lock()
        self.lost = False

    def check_free(self) -> None:
        """Check that no other run has the lease. Raises FatalError if one does.

        What is read after this call is still valid once ``hold`` succeeds: another writer would
        have taken the lease, and then ``hold`` fails.
        """
        found = self._store.read_tagged(layout.LOCK)
        self._tag = found.tag if found else None
        if found:
            self._refuse_others(found)
        self._checked = True

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lease for the block. Raises FatalError if it changed since ``check_free``."""
        self._acquire()
        done = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(done,), daemon=True, name="lease")
        keeper.start()
        try:
            yield
        finally:
            done.set()
            self._stop.cleanup(self._end, "end of lease")

    def _refuse_others(self, found: Tagged) -> None:
        try:
            lock = LeaseRecord.from_json(found.data)
        except ValueError as error:
            log.warning("%s is not a lease and is taken over: %s", layout.LOCK, error)
            return
        alive = process_identity.is_alive(lock.process) if lock.process else None
        judgement = judge(lock, found, self._claimant, alive=alive)
        if not judgement.free:
            raise FatalError(judgement.reason)

    def _acquire(self) -> None:
        if not self._checked:
            self.check_free()
        try:
            self._retry_policy.call(self._write)
        except ConflictError as error:
            raise FatalError("another run has just begun to write to this destination") from error

    def _write(self, *, ended: bool = False) -> None:
        now = datetime.now(UTC)
        data = LeaseRecord(
            run_id=self._claimant.run_id,
            expires_at=now if ended else now + LEASE,
            attempt=self._claimant.attempt,
            holder=self._holder,
            ended=ended,
            process=self._process,
        ).to_json()
        for _ in range(_WRITES):
            try:
                self._tag = self._store.write_if(layout.LOCK, data, self._tag)
            except ConflictError:
                # A response was lost, and the SDK's second request met its first. Or an earlier
                # write of this holder, which had been given up, arrived late.
                found = self._own()
                if found is None:
                    raise
                self._tag = found.tag
                if found.data == data:
                    return
            else:
                return
        raise ConflictError("the lease keeps changing")

    def _own(self) -> Tagged | None:
        """The current lease, if this holder wrote it."""
        found = self._store.read_tagged(layout.LOCK)
        with contextlib.suppress(ValueError):
            if found and LeaseRecord.from_json(found.data).holder == self._holder:
                return found
        return None

    def _end(self) -> None:
        """Mark the lease as ended. Waits for a renewal in progress; none follows."""
        with self._writing:
            if not self.lost:
                self._retry_policy.call(lambda: self._write(ended=True))

    def _renew(self, done: threading.Event) -> None:
        renewed = time.monotonic()
        while not done.wait(RENEW_SECONDS):
            try:
                with self._writing:
                    if done.is_set():
                        return
                    self._write()
                renewed = time.monotonic()
            except ConflictError:
                self._lose("another attempt has taken the lease over")
                return
            except BackupError:
                if time.monotonic() - renewed > LEASE.total_seconds() - RENEW_SECONDS:
                    self._lose("the lease could not be renewed")
                    return

    def _lose(self, reason: str) -> None:
        self.lost = True
        self._stop.request(reason)
