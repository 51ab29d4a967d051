"""One run at a time on a destination: a lease in ``runs/lock.json``, kept by conditional writes."""

import contextlib
import logging
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.lease import LeaseRecord
from backup_contract.moments import iso
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import BackupError, ConflictError, FatalError, said
from repo_backup.store.base import Store

LEASE = timedelta(minutes=10)
RENEW_SECONDS = 150.0
_WRITES = 3
log = logging.getLogger(__name__)


class Lease:
    """The right to write to a destination, for one attempt of one run.

    ``continues``: the run id was given, so that a lease of the same run is an earlier attempt's.

    The instance can delete nothing, so that an ended lease is one that says so, or has expired.
    """

    def __init__(
        self, store: Store, run_id: str, attempt: int, stop: Stop, *, continues: bool = True
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._attempt = attempt
        self._continues = continues
        self._stop = stop
        self._holder = uuid.uuid4().hex
        self._tag: str | None = None
        self._looked = False
        self._writing = threading.Lock()
        self.lost = False

    def look(self) -> None:
        """See that nobody else holds it. Raises FatalError when another run does.

        What is read from here on is still true once the lease is held: whoever wrote meanwhile had
        taken the lease, and then it cannot be held by this run.
        """
        found = self._store.read_tagged(layout.LOCK)
        if found:
            data, self._tag = found
            self._refuse_others(data)
        self._looked = True

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for the block. Raises FatalError when it is not as ``look`` saw it."""
        self._acquire()
        done = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(done,), daemon=True, name="lease")
        keeper.start()
        try:
            yield
        finally:
            done.set()
            self._stop.closing(self._end, "end of lease")

    def _refuse_others(self, data: bytes) -> None:
        """An own run's lease is taken over: the attempt that held it is dead or about to be."""
        try:
            lease = LeaseRecord.from_json(data)
        except ValueError as error:
            log.warning("%s is taken over, for it is no lease: %s", layout.LOCK, error)
            return
        run_id = lease.run_id
        own = run_id == self._run_id and self._continues
        if own or lease.expires_at <= datetime.now(UTC):
            return
        remedy = ""
        if fields.RUN_ID.fullmatch(run_id):
            remedy = f". If it was killed, continue it with --run-id {run_id}"
        until = iso(lease.expires_at)
        raise FatalError(
            f"run {said(run_id)} is writing to this destination; its lease ends {until} "
            f"unless it renews it{remedy}"
        )

    def _acquire(self) -> None:
        if not self._looked:
            self.look()
        try:
            self._write(datetime.now(UTC) + LEASE)
        except ConflictError as error:
            raise FatalError("another run has just begun to write to this destination") from error

    def _write(self, expires_at: datetime) -> None:
        data = LeaseRecord(self._run_id, expires_at, self._attempt, self._holder).to_json()
        for _ in range(_WRITES):
            try:
                self._tag = self._store.write_if(layout.LOCK, data, self._tag)
            except ConflictError:
                # An answer that got lost: the SDK wrote twice, and the second met the first. Or
                # an earlier write of this holder, given up, that came late.
                found = self._own()
                if found is None:
                    raise
                written, self._tag = found
                if written == data:
                    return
            else:
                return
        raise ConflictError("the lease changes all the time")

    def _own(self) -> tuple[bytes, str] | None:
        """The lease as it is and its tag, if this holder wrote it."""
        found = self._store.read_tagged(layout.LOCK)
        with contextlib.suppress(ValueError):
            if found and LeaseRecord.from_json(found[0]).holder == self._holder:
                return found
        return None

    def _end(self) -> None:
        """Say that it has ended, after a renewal that is under way: none comes later."""
        with self._writing:
            if not self.lost:
                self._write(datetime.now(UTC))

    def _renew(self, done: threading.Event) -> None:
        expires_at = datetime.now(UTC) + LEASE
        while not done.wait(RENEW_SECONDS):
            try:
                with self._writing:
                    if done.is_set():
                        return
                    self._write(datetime.now(UTC) + LEASE)
                expires_at = datetime.now(UTC) + LEASE
            except ConflictError:
                self._lose("another attempt has taken the lease over")
                return
            except BackupError:
                if datetime.now(UTC) > expires_at - timedelta(seconds=RENEW_SECONDS):
                    self._lose("the lease could not be renewed")
                    return

    def _lose(self, reason: str) -> None:
        self.lost = True
        self._stop.request(reason)
