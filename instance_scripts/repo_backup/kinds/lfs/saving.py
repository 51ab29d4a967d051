"""Large files on their way from Git LFS's server to the destination, each once ever."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backup_contract import object_keys as layout
from backup_contract.text import size
from repo_backup.git.lfs.batch import MOST_OBJECTS, Offer, ask
from repo_backup.git.lfs.pointers import Pointer
from repo_backup.kinds.base import Resources
from repo_backup.net.download import Download
from repo_backup.net.http import Answer
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import RepositoryError, WrongBytesError
from repo_backup.store.objects import ObjectStore

AT_ONCE = 4
"""Of one repository; each takes a connection to its storage and one to the destination."""
LOOKS_AT_ONCE = 8
_MOST_NAMED = 3


@dataclass
class Outcome:
    """What became of the objects that were wanted, by SHA-256; ``false`` ones were replaced."""

    saved: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)

    @property
    def reason(self) -> str | None:
        """Why the backup is incomplete, if it is."""
        parts = []
        if self.failed:
            few = [f"{oid[:12]}: {said}" for oid, said in [*self.failed.items()][:_MOST_NAMED]]
            more = len(self.failed) - len(few)
            few += [f"and {more} more"] if more else []
            parts.append(f"{_objects(len(self.failed))} could not be saved: {'; '.join(few)}")
        for oid in sorted(self.false):
            parts.append(f"{layout.content(oid)} was not what its key says, and was replaced")
        return "; ".join(parts) or None

    def warning(self, allowance: int | None) -> str | None:
        """What is left to later runs, if anything is; ``allowance`` in bytes."""
        if not self.left:
            return None
        rest = f"{_objects(len(self.left))} ({size(sum(self.left.values()))})"
        told = f"{rest} are left to later runs: --max-lfs allows {size(allowance or 0)} in each"
        too_large = sum(each > (allowance or 0) for each in self.left.values())
        verb = "fits" if too_large == 1 else "fit"
        return f"{told}, and {too_large} of them never {verb}" if too_large else told


@dataclass(frozen=True)
class Saver:
    """Saves objects of the repository at ``clone_url``."""

    clone_url: str
    resources: Resources
    objects: ObjectStore

    def save(self, wanted: Sequence[Pointer]) -> Outcome:
        """Save what is not there yet, the small ones first, as far as the run's allowance goes.

        What is one object's own trouble is in the outcome. Raises FatalError and
        InterruptedRunError.
        """
        outcome = Outcome()
        every = sorted(wanted, key=_by_size)
        for start in range(0, len(every), MOST_OBJECTS):
            self.resources.stop.check()
            missing = self._missing(every[start : start + MOST_OBJECTS], outcome)
            self._save_batch(self._allowed(missing, outcome), outcome)
        return outcome

    def _missing(self, batch: Sequence[Pointer], outcome: Outcome) -> list[Pointer]:
        """Those that the destination does not have; what another repository saved, it has."""

        def look(number: int) -> bool | str:
            try:
                return self.objects.has(batch[number].oid)
            except RepositoryError as error:
                return str(error)

        missing = []
        for each, found in zip(batch, at_once(look, len(batch), LOOKS_AT_ONCE), strict=True):
            if isinstance(found, str):
                outcome.failed[each.oid] = found
            elif found:
                outcome.saved.add(each.oid)
            else:
                missing.append(each)
        return missing

    def _allowed(self, batch: Sequence[Pointer], outcome: Outcome) -> list[Pointer]:
        """What the run may still fetch of these."""
        allowed = []
        for each in batch:
            if self.resources.lfs.allowance.take(each.size):
                allowed.append(each)
            else:
                outcome.left[each.oid] = each.size
        return allowed

    def _save_batch(self, batch: list[Pointer], outcome: Outcome) -> None:
        if not batch:
            return
        source = _Source(self.clone_url, self.resources, batch)
        try:
            source.ask(batch)
        except RepositoryError as error:
            for each in batch:
                self.resources.lfs.allowance.give_back(each.size)
                outcome.failed[each.oid] = str(error)
            return
        lock = threading.Lock()

        def save(number: int) -> None:
            pointer = batch[number]
            try:
                stored = self._put(pointer, source)
            except RepositoryError as error:
                with lock:
                    outcome.failed[pointer.oid] = str(error)
                return
            with lock:
                outcome.saved.add(pointer.oid)
                if stored:
                    outcome.false.add(pointer.oid)

        at_once(save, len(batch), AT_ONCE)

    def _put(self, pointer: Pointer, source: "_Source") -> bool:
        """Store one object; whether something false was in its place. Raises RepositoryError."""
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
        # It was put together of several answers, which may be of several things.
        return self.objects.put(pointer.oid, pointer.size, opened).was_false


class _Source:
    """Where the objects of one batch are, asked again for one whose address is good no more."""

    def __init__(self, clone_url: str, resources: Resources, batch: Sequence[Pointer]) -> None:
        self._clone_url = clone_url
        self._resources = resources
        self._offers: dict[str, Offer] = {}

    def ask(self, wanted: Sequence[Pointer]) -> None:
        """Ask for these. Raises RepositoryError."""
        http = self._resources.http
        found = self._resources.patience.call(lambda: ask(http, self._clone_url, wanted))
        self._offers.update(found)

    def download(self, pointer: Pointer) -> Download:
        """The object's bytes; nothing is sent before they are read."""

        @contextlib.contextmanager
        def opened(headers: Mapping[str, str], anew: bool) -> Iterator[Answer]:
            offer = self._offers[pointer.oid]
            if anew or (offer.action and offer.action.expired):
                self.ask([pointer])
                offer = self._offers[pointer.oid]
            if offer.action is None:
                raise RepositoryError(offer.reason)
            address, sent = offer.action.url, {**headers, **offer.action.headers}
            with self._resources.http.open("GET", address, None, sent) as answer:
                yield answer

        return Download(pointer.size, opened, self._resources.stop)


def _by_size(pointer: Pointer) -> tuple[int, str]:
    return pointer.size, pointer.oid


def _objects(count: int) -> str:
    return "1 LFS object" if count == 1 else f"{count} LFS objects"
