"""Writes the run's own documents: checkpoints, progress, and at the end manifest and marker."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import COUNTED, Entry, Identity, Manifest
from backup_contract.documents.parts.objects_put import ObjectsPut
from backup_contract.documents.progress import Progress
from repo_backup.run.key_ownership import KeyOwners
from repo_backup.run.progress_display import Display
from repo_backup.runtime.background import in_background
from repo_backup.runtime.errors import ConflictError, FatalError, TransientError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store

CHECKPOINT_SECONDS = 20.0
_SHARE = 20
"""After a checkpoint, twenty times its duration passes before the next one."""
_GOING_ON = "backing-up"
_MARKER_TYPE = "text/plain; charset=utf-8"
_MARKER_NAMES = 10
"""How many free names to try, in case another writer, without the lease, takes each of them."""


class RunRecorder:
    """Collects entries from all threads and writes them at a bounded rate.

    ``attempt`` is the prefix under which only this attempt may write. It is empty if nobody
    publishes the attempt's documents: then the recorder writes the run's documents itself.
    ``objects_put`` counts the large files that this attempt has stored.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        display: Display,
        retry_policy: RetryPolicy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        attempt: str = "",
        objects_put: Callable[[], ObjectsPut] = ObjectsPut,
    ) -> None:
        self.manifest = manifest
        self._objects_put = objects_put
        self._store = store
        self._display = display
        self._retry_policy = retry_policy
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
        self._key_owners: KeyOwners | None = None
        self._put_before = ObjectsPut()
        self._writing: Future[None] | None = None
        self._one_writer = threading.Lock()
        self._requests: Callable[[], Mapping[str, int]] = dict
        self._requests_before: Mapping[str, int] = {}

    def count_requests(self, requests: Callable[[], Mapping[str, int]]) -> None:
        """Have each manifest state how many requests this attempt and those before it made.

        ``requests`` returns the number that this attempt made, by purpose.
        """
        self._requests = requests

    def begin(self, earlier: Manifest | None, listed: set[Identity], key_owners: KeyOwners) -> None:
        """Take over the entries of an earlier attempt of this run, for repositories still listed.

        A marker may name a complete manifest, so only another complete one replaces it. An attempt
        that writes under its own prefix replaces none.
        """
        self._key_owners = key_owners
        if earlier:
            self._complete_before = earlier.complete and not self._alone
            self.manifest.started_at = earlier.started_at
            kept = {key: entry for key, entry in earlier.entries.items() if key in listed}
            self.manifest.entries |= kept
            self._requests_before = earlier.api_requests
            self._put_before = earlier.objects_put
            for key, each in (*earlier.accounts.items(), *earlier.gists.items()):
                if key in listed:
                    self.manifest.add(each)
        self._display.listed(self.manifest.listed)

    def start(self, name: str) -> None:
        """Note that work on a repository begins."""
        self._display.started(name)

    def sizes(self, bytes_by_name: Mapping[str, int]) -> None:
        """Set the sizes of the repositories to back up, in bytes."""
        self._display.sizes(bytes_by_name)

    def further(self, count: int) -> None:
        """Note that this many repositories are processed a second time."""
        self._display.further(count)

    def record(self, entry: Entry, kinds: Container[str] | None = None) -> None:
        """Record the entry of a repository whose ``kinds`` are done; None means all."""
        with self._lock:
            self.manifest.add(entry)
            if entry.of == "repository":
                self._done.add(entry.identity)
            self._recorded += 1
        self._display.finished(entry, self.manifest.run_id, kinds)

    def save_part(self, entry: Entry) -> None:
        """Record the entry of a repository that is being worked on: the next checkpoint has it."""
        with self._lock:
            self.manifest.add(entry)
            self._recorded += 1

    def tick(self) -> None:
        """Start writing a checkpoint in the background if one is due.

        Raises the error of an earlier checkpoint, if it is final.
        """
        if self._writing and self._writing.done():
            self._writing.result()
            self._writing = None
        if self._writing is None and time.monotonic() >= self._due:
            self._writing = in_background(self.checkpoint, "checkpoint")

    def checkpoint(self, phase: str = _GOING_ON) -> None:
        """Write a checkpoint. An unreachable store is no error: it may be reachable later."""
        with self._one_writer:
            started = time.monotonic()
            try:
                written = self._recorded
                changed = bool(written > self._written or self.manifest.errors)
                # The last checkpoint of an attempt states its number of requests even so.
                changed = changed or (phase != _GOING_ON and bool(self._requests()))
                if changed and not self._complete_before:
                    self._store.write(self._manifest_key, self._document())
                    self._written = written
                self._progress(phase)
            except TransientError as error:
                self._display.note(str(error))
            took = time.monotonic() - started
            self._due = time.monotonic() + max(CHECKPOINT_SECONDS, took * _SHARE)

    def complete(self) -> None:
        """Write the manifest, then the date marker as the last object."""
        # A checkpoint that is still being written would replace the manifest.
        with self._one_writer:
            self._complete()

    def _complete(self) -> None:
        manifest, finished = self.manifest, self._now()
        manifest.complete, manifest.finished_at = True, finished
        document = self._document()
        key = self._manifest_key
        self._retry_policy.call(lambda: self._store.write(key, document))
        try:
            if self._shown:
                self._progress("done")
        except TransientError as error:  # the marker shows completion, too
            self._display.note(str(error))
        digest = hashlib.sha256(document).hexdigest()
        totals = manifest.totals
        counts = {name: totals[name] for name in ("listed", *COUNTED)}
        marker = Marker("", manifest.run_id, manifest.attempt, digest, counts, manifest=key)
        self._mark(finished, marker.to_text(finished))

    def _mark(self, finished: datetime, data: bytes) -> None:
        """Write the date marker. If another run has the marker of a minute, try a free one."""
        key = layout.marker(finished)
        for _ in range(_MARKER_NAMES):
            try:
                self._retry_policy.call(
                    partial(self._store.write_if, key, data, None, _MARKER_TYPE)
                )
            except ConflictError:
                # The response to an earlier try was lost: this marker is stored already.
                if self._is_there(key, data):
                    return
            else:
                return
            key = self._retry_policy.call(partial(self._free_name, finished))
        raise FatalError("the date marker could not be written: others take each of its names")

    def _is_there(self, key: str, data: bytes) -> bool:
        try:
            return self._retry_policy.call(lambda: self._store.read(key)) == data
        except ValueError:  # something larger than a marker
            return False

    def _free_name(self, finished: datetime) -> str:
        """The key of the first minute from ``finished`` that has no marker, by one listing."""
        minute = finished
        for taken in self._store.names(layout.ARCHIVES, layout.marker(minute)):
            if taken > layout.marker(minute):
                break
            if taken == layout.marker(minute):
                minute += timedelta(minutes=1)
        return layout.marker(minute)

    def _document(self) -> bytes:
        with self._lock:
            asked = Counter(self._requests_before) + Counter(self._requests())
            self.manifest.api_requests = {**asked}
            if self._key_owners:
                self.manifest.kept = self._key_owners.kept(self.manifest.all_entries)
            self.manifest.objects_put = self._put_before + self._objects_put()
            return self.manifest.to_json()

    def _progress(self, phase: str) -> None:
        with self._lock:
            totals = self.manifest.totals
            failed = sum(self.manifest.entries[key].failed for key in self._done)
        message = Progress(
            self.manifest.attempt,
            phase,
            len(self._done),
            self.manifest.listed,
            failed,
            totals["bytes_uploaded"],
            self.manifest.run_id,
            self._now(),
        )
        self._store.write(self._progress_key, message.to_json())
        self._shown = True
