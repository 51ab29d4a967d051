"""Downloads LFS objects from the LFS server to the store, each once."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repo_backup.git.lfs.batch import MOST_OBJECTS, Offer, ask
from repo_backup.git.lfs.pointers import Pointer
from repo_backup.git.lfs.quota import (
    DownloadsRefusedError,
    refused_batch,
    refused_object,
    remedy,
)
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.lfs.outcome import Outcome
from repo_backup.kinds.outage import NotTriedError, Outage
from repo_backup.net.download import Download
from repo_backup.net.http import Answer
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import RepositoryError, WrongBytesError
from repo_backup.store.objects import ObjectStore

AT_ONCE = 4
"""Parallel downloads of one repository. Each has a connection to the LFS storage and one to the
store."""
CHECKS_AT_ONCE = 8


@dataclass(frozen=True)
class Saver:
    """Saves objects of one repository."""

    remote: RemoteRepository
    resources: Resources
    objects: ObjectStore

    def save(self, wanted: Sequence[Pointer]) -> Outcome:
        """Save the objects that are not in the store yet, small ones first, within the run's
        allowance.

        Pointers to the same object may state different sizes: each size is tried. Failures of
        single objects are in the outcome. Raises FatalError and InterruptedRunError.
        """
        outcome, outage = Outcome(self.remote.owner), Outage()
        for every in _rounds(wanted):
            # After the first round only objects are left for which another size failed.
            due = [each for each in every if not outcome.knows(each.oid)]
            for start in range(0, len(due), MOST_OBJECTS):
                self._save_some(due[start : start + MOST_OBJECTS], outcome, outage)
        return outcome

    def _save_some(self, batch: Sequence[Pointer], outcome: Outcome, outage: Outage) -> None:
        self.resources.stop.check()
        for each in batch:
            outcome.failed.pop(each.oid, None)
        missing = self._missing(batch, outcome)
        if outcome.is_refused or self.remote.owner in self.resources.lfs.refused:
            outcome.refused |= {each.oid: each.size for each in missing}
        elif allowed := self._allowed(missing, outcome):
            self._save_batch(allowed, outcome, outage)

    def _missing(self, batch: Sequence[Pointer], outcome: Outcome) -> list[Pointer]:
        """The objects that are not in the store; another repository may have saved some."""

        def is_stored(number: int) -> bool | str:
            try:
                return self.objects.has(batch[number].oid)
            except RepositoryError as error:
                return str(error)

        missing = []
        for each, found in zip(batch, at_once(is_stored, len(batch), CHECKS_AT_ONCE), strict=True):
            if isinstance(found, str):
                outcome.failed[each.oid] = found
            elif found:
                outcome.saved.add(each.oid)
            else:
                missing.append(each)
        return missing

    def _allowed(self, batch: Sequence[Pointer], outcome: Outcome) -> list[Pointer]:
        """The objects that this run may still fetch."""
        allowed = []
        for each in batch:
            if self.resources.lfs.allowance.take(each.size):
                allowed.append(each)
            else:
                outcome.left[each.oid] = each.size
        return allowed

    def _save_batch(self, batch: list[Pointer], outcome: Outcome, outage: Outage) -> None:
        source = _Source(self.remote.clone_url, self.resources)
        lock = threading.Lock()
        try:
            source.ask(batch)
        except RepositoryError as error:
            refused = error
            if not isinstance(error, DownloadsRefusedError):
                # All useful retries were made, so the next batch would fail too.
                refused = DownloadsRefusedError(str(error), 0, of_owner=False)
            for each in batch:
                self._note(refused, each, outcome)
            return

        def save(number: int) -> None:
            pointer = batch[number]
            try:
                with outage.download():
                    was_false = self._put(pointer, source)
            except RepositoryError as error:
                with lock:
                    self._note(error, pointer, outcome)
                return
            with lock:
                outcome.saved.add(pointer.oid)
                outcome.sizes[pointer.oid] = pointer.size
                if was_false:
                    outcome.false.add(pointer.oid)

        at_once(save, len(batch), AT_ONCE)

    def _note(self, error: RepositoryError, pointer: Pointer, outcome: Outcome) -> None:
        """Record why an object is not saved. If nothing was fetched, release its allowance."""
        if isinstance(error, DownloadsRefusedError | NotTriedError):
            self.resources.lfs.allowance.give_back(pointer.size)
        if not isinstance(error, DownloadsRefusedError):
            outcome.failed[pointer.oid] = str(error)
            return
        outcome.refused[pointer.oid] = pointer.size
        if outcome.is_refused:
            return
        outcome.is_refused = True
        owner = self.remote.owner
        # GitHub charges the downloads of a fork to the owner of its parent.
        of_owner = error.of_owner and not self.remote.fork
        if not of_owner or self.resources.lfs.refused.add(owner):
            advice = remedy(error, owner if of_owner else "")
            outcome.refusal = f"{str(error).rstrip('.')}; {advice}"

    def _put(self, pointer: Pointer, source: "_Source") -> bool:
        """Store one object. Returns whether it replaced a wrong one. Raises RepositoryError."""
        resumed = False

        @contextlib.contextmanager
        def opened() -> Iterator[Download]:
            nonlocal resumed
            with contextlib.closing(source.download(pointer)) as download:
                try:
                    yield download
                finally:
                    resumed = download.resumed

        try:
            return self.objects.put(pointer.oid, pointer.size, opened).was_false
        except WrongBytesError:
            if not resumed:
                raise
        # A resumed download combines several responses, which may come from different objects.
        return self.objects.put(pointer.oid, pointer.size, opened).was_false


class _Source:
    """The download URLs of a batch of objects. An expired URL is requested again."""

    def __init__(self, clone_url: str, resources: Resources) -> None:
        self._clone_url = clone_url
        self._resources = resources
        self._offers: dict[str, Offer] = {}

    def ask(self, wanted: Sequence[Pointer]) -> None:
        """Request the URLs of these objects. Raises DownloadsRefusedError, or another
        RepositoryError."""
        http = self._resources.http
        try:
            found = self._resources.retry_policy.call(lambda: ask(http, self._clone_url, wanted))
        except RepositoryError as error:
            raise refused_batch(error) or error from error
        self._offers.update(found)

    def download(self, pointer: Pointer) -> Download:
        """The object's bytes. The request is made when they are read."""

        @contextlib.contextmanager
        def opened(headers: Mapping[str, str], anew: bool) -> Iterator[Answer]:
            offer = self._offers[pointer.oid]
            if anew or (offer.action and offer.action.expired):
                self.ask([pointer])
                offer = self._offers[pointer.oid]
            if offer.action is None:
                refused = refused_object(offer.code, offer.reason)
                raise refused or RepositoryError(offer.reason)
            address, sent = offer.action.url, {**headers, **offer.action.headers}
            with self._resources.http.open("GET", address, None, sent) as answer:
                yield answer

        return Download(pointer.size, opened, self._resources.stop)


def _rounds(wanted: Sequence[Pointer]) -> Iterator[list[Pointer]]:
    """Lists with each object at most once, sorted by size; more than one if sizes disagree."""
    rest = sorted(set(wanted), key=_by_size)
    while rest:
        first = {each.oid: each for each in reversed(rest)}
        yield sorted(first.values(), key=_by_size)
        rest = [each for each in rest if each is not first[each.oid]]


def _by_size(pointer: Pointer) -> tuple[int, str]:
    return pointer.size, pointer.oid
