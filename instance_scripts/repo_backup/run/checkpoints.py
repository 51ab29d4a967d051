"""The run's own record as it grows: checkpoints, progress, and at the end manifest and marker."""

import hashlib
import threading
import time
from collections.abc import Callable, Container
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import COUNTED, Entry, Identity, Manifest
from backup_contract.documents.progress import Progress
from repo_backup.run.key_ownership import Claims
from repo_backup.run.progress_display import Display
from repo_backup.runtime.background import in_background
from repo_backup.runtime.errors import ConflictError, FatalError, TransientError
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Store

CHECKPOINT_SECONDS = 20.0
_SHARE = 20
"""A checkpoint that took long is not repeated before twenty times as long."""
_MARKER_TYPE = "text/plain; charset=utf-8"
_MARKER_NAMES = 10
"""How many free names are tried that somebody else, who holds no lease, takes meanwhile."""


class Journal:
    """Collects entries from all threads and writes them down at a bounded rate.

    ``attempt`` is the prefix below which this attempt alone may write; empty where nobody publishes
    what it writes: then it writes the run's own documents.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        display: Display,
        patience: Patience,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        attempt: str = "",
    ) -> None:
        self.manifest = manifest
        self._store = store
        self._display = display
        self._patience = patience
        self._now = now
        self._alone = bool(attempt)
        run_id = manifest.run_id
        self._manifest_key = evidence.document(attempt) if attempt else layout.manifest(run_id)
        self._progress_key = evidence.progress(attempt) if attempt else layout.progress(run_id)
        self._lock = threading.Lock()
        self._done: set[Identity] = set()
        self._recorded = self._written = 0
        self._due = time.monotonic() + CHECKPOINT_SECONDS
        self._shown = False
        self._complete_before = False
        self._claims: Claims | None = None
        self._writing: Future[None] | None = None
        self._one_writer = threading.Lock()

    def begin(self, earlier: Manifest | None, listed: set[Identity], claims: Claims) -> None:
        """Take over what an earlier attempt of this run did to repositories that still exist.

        A complete manifest, for which a marker may vouch, is replaced by a complete one only;
        an attempt that writes where no other does replaces none.
        """
        self._claims = claims
        if earlier:
            self._complete_before = earlier.complete and not self._alone
            self.manifest.started_at = earlier.started_at
            kept = {key: entry for key, entry in earlier.entries.items() if key in listed}
            self.manifest.entries |= kept
            self.manifest.api_requests = dict(earlier.api_requests)
            accounts = earlier.accounts.items()
            self.manifest.accounts |= {key: each for key, each in accounts if key in listed}
        self._display.listed(self.manifest.listed)

    def start(self, name: str) -> None:
        """Work on a repository begins."""
        self._display.started(name)

    def further(self, count: int) -> None:
        """So many repositories are gone through once more."""
        self._display.further(count)

    def record(self, entry: Entry, kinds: Container[str] | None = None) -> None:
        """A repository is done, one way or another: with these kinds, None for all."""
        with self._lock:
            if entry.is_account:
                self.manifest.accounts[entry.identity] = entry
            else:
                self.manifest.entries[entry.identity] = entry
                self._done.add(entry.identity)
            self._recorded += 1
        self._display.finished(entry, self.manifest.run_id, kinds)

    def tick(self) -> None:
        """Let a checkpoint be written when one is due; nobody waits for a store that is slow.

        Raises what kept an earlier one from being written, if that is final.
        """
        if self._writing and self._writing.done():
            self._writing.result()
            self._writing = None
        if self._writing is None and time.monotonic() >= self._due:
            self._writing = in_background(self.checkpoint, "checkpoint")

    def checkpoint(self, phase: str = "backing-up") -> None:
        """Write down how far the run is; a store that cannot be reached now may be later."""
        with self._one_writer:
            started = time.monotonic()
            try:
                written = self._recorded
                changed = written > self._written or self.manifest.errors
                if changed and not self._complete_before:
                    self._store.write(self._manifest_key, self._document())
                    self._written = written
                self._progress(phase)
            except TransientError as error:
                self._display.note(str(error))
            took = time.monotonic() - started
            self._due = time.monotonic() + max(CHECKPOINT_SECONDS, took * _SHARE)

    def complete(self) -> None:
        """Write the manifest, and last of all the date marker."""
        # A checkpoint that is still being written would replace the manifest.
        with self._one_writer:
            self._complete()

    def _complete(self) -> None:
        manifest, finished = self.manifest, self._now()
        manifest.complete, manifest.finished_at = True, finished
        document = self._document()
        key = self._manifest_key
        self._patience.call(lambda: self._store.write(key, document))
        try:
            if self._shown:
                self._progress("done")
        except TransientError as error:  # the marker says it, too
            self._display.note(str(error))
        digest = hashlib.sha256(document).hexdigest()
        totals = manifest.totals
        counts = {name: totals[name] for name in ("listed", *COUNTED)}
        marker = Marker("", manifest.run_id, manifest.attempt, digest, counts, manifest=key)
        self._mark(finished, marker.to_text(finished))

    def _mark(self, finished: datetime, data: bytes) -> None:
        """Write the date marker; a minute that another run has taken is left to that run."""
        key = layout.marker(finished)
        for _ in range(_MARKER_NAMES):
            try:
                self._patience.call(partial(self._store.write_if, key, data, None, _MARKER_TYPE))
            except ConflictError:
                # An answer that got lost: this marker is there already.
                if self._is_there(key, data):
                    return
            else:
                return
            key = self._patience.call(partial(self._free_name, finished))
        raise FatalError("the date marker could not be written: others take each of its names")

    def _is_there(self, key: str, data: bytes) -> bool:
        try:
            return self._patience.call(lambda: self._store.read(key)) == data
        except ValueError:  # something larger than a marker
            return False

    def _free_name(self, finished: datetime) -> str:
        """The key of the first minute that no marker has, by one listing as far as that."""
        minute = finished
        for taken in self._store.names(layout.ARCHIVES, layout.marker(minute)):
            if taken > layout.marker(minute):
                break
            if taken == layout.marker(minute):
                minute += timedelta(minutes=1)
        return layout.marker(minute)

    def _document(self) -> bytes:
        with self._lock:
            if self._claims:
                self.manifest.kept = self._claims.kept(self.manifest.all_entries)
            return self.manifest.to_json()

    def _progress(self, phase: str) -> None:
        with self._lock:
            totals = self.manifest.totals
            failed = sum(self.manifest.entries[key].failed for key in self._done)
        said = Progress(
            self.manifest.attempt,
            phase,
            len(self._done),
            self.manifest.listed,
            failed,
            totals["bytes_uploaded"],
            self.manifest.run_id,
            self._now(),
        )
        self._store.write(self._progress_key, said.to_json())
        self._shown = True
