"""Reads what all runs left, one manifest at a time: years of a large account fit in little memory.

A manifest of 10,000 repositories is megabytes. Kept of it is a letter for each repository, the
size of what it uploaded, and each repository's newest entry.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import COUNTED, Entry, Identity, Manifest
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.documents.suspicion import Suspicion
from backup_contract.judgement.reliance import UNREADABLE
from backup_contract.moments import named_moment
from repo_backup.page.run_record import Run, build_run
from repo_backup.runtime.errors import FatalError, said
from repo_backup.store.base import Store, Stored
from repo_backup.store.written.run_documents import (
    Document,
    read_document,
    read_manifest,
    read_progress,
)
from repo_backup.store.written.run_order import MOST_UNREPORTED, reported_only

SAVED, UNCHANGED, EMPTY, LEFT_OUT, FAILED, PART_FAILED, UNSOUND, UNLISTED, NO_RESULT = b"buesfwx.-"
"""What a run did to a repository, as a letter of its history. UNSOUND: the program saved it, and
the reporter or the restore drill found that the archive is not what it should be. PART_FAILED:
its own git was saved, and something beside it failed. NO_RESULT: the
run left no manifest, so that it says nothing of any repository."""

GOOD = frozenset({SAVED, UNCHANGED, PART_FAILED})
UNVERIFIED = "unverified"

_LETTERS = dict(zip(COUNTED, (SAVED, UNCHANGED, EMPTY, LEFT_OUT, FAILED), strict=True))
_READ_AHEAD = 3
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
T = TypeVar("T")
_MANIFEST, _REPORT, _PROGRESS = "manifest.json", "report.json", "progress.json"
_LAUNCH = "launch.json"


@dataclass(slots=True)
class Repository:
    """``letters`` by run, ``uploads`` in bytes by the index of the run, and the newest entry."""

    entry: Entry
    letters: bytearray
    uploads: dict[int, int] = field(default_factory=dict)
    former_names: set[str] = field(default_factory=set)
    seen: datetime = _BEGINNING


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Runs from the oldest to the newest, repositories by name, and the archives that are there.

    ``kept`` are the keys of archives of what GitHub does not list any more, of whatever run.
    ``upstream`` is, by id, what GitHub said of a repository that it no longer listed in the newest
    run that asked. ``unreadable`` names documents that are not what they should be.
    ``suspicions`` are those that nobody acknowledged.
    """

    runs: tuple[Run, ...]
    repositories: tuple[Repository, ...]
    present: dict[str, Stored]
    unreadable: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    upstream: Mapping[int, Upstream] = field(default_factory=dict)
    suspicions: tuple[Suspicion, ...] = ()


def read(
    store: Store, newest: int | None = None, tell: Callable[[int, int], None] = lambda *_: None
) -> Chronicle:
    """Read all runs, or the ``newest`` so many; ``tell`` hears how many of how many are read.

    Two requests for each run that is reported, some more for another, and one for each thousand
    objects. Raises FatalError where there is no backup or the store cannot be used, TransientError
    where it cannot be reached.
    """
    documents = _documents(store)
    present = {k: v for k, v in store.objects(layout.ARCHIVES).items() if k.endswith(".zip")}
    if not documents:
        count = sum(map(layout.is_archive, present))
        there = f", only {count} archives without a record" if count else ""
        raise FatalError(f"there is no backup at this source{there}")
    chosen = _chosen(store, documents, newest)
    reading = _Reading(len(chosen))
    for index, loaded in enumerate(_loaded(store, chosen, documents)):
        reading.absorb(index, loaded)
        tell(index + 1, len(chosen))
    return reading.chronicle(present)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A run's documents as they are at the destination."""

    run_id: str
    report: Document | None
    manifest: Document | None
    progress: Document | None


def _documents(store: Store) -> dict[str, set[str]]:
    """The names of the documents of each run, without those of its attempts.

    An instance may write as an attempt of a run that there never was.
    """
    found: dict[str, set[str]] = {}
    for key in store.objects(layout.RUNS):
        run_id, slash, name = key.removeprefix(layout.RUNS).partition("/")
        if slash and run_id and "/" not in name:
            found.setdefault(run_id, set()).add(name)
    return found


def _chosen(store: Store, documents: dict[str, set[str]], newest: int | None) -> list[str]:
    """The runs to read, about in order: the newest by when they were written, and those between
    them that left no manifest."""
    written = list(reversed(store.run_ids()))[-newest if newest else 0 :]
    moments = {run_id: named_moment(run_id) or _BEGINNING for run_id in documents}
    since = min((moments[run_id] for run_id in written), default=_BEGINNING)
    told = set(written)
    without = [run_id for run_id in documents if run_id not in told and moments[run_id] >= since]
    chosen = sorted([*written, *without], key=lambda run_id: moments[run_id])
    older = chosen[:-MOST_UNREPORTED]
    if not older:
        return chosen
    keys = (f"{layout.RUNS}{run_id}/{name}" for run_id in older for name in documents[run_id])
    counted = reported_only(older, keys)
    return [*(run_id for run_id in older if run_id in counted), *chosen[-MOST_UNREPORTED:]]


def _loaded(store: Store, run_ids: list[str], documents: dict[str, set[str]]) -> Iterator[_Loaded]:
    """The documents of each run, a few runs ahead of whoever asks."""

    def load(run_id: str) -> _Loaded:
        names = documents.get(run_id, set())
        progresses = _REPORT not in names and names & {_PROGRESS, _LAUNCH}
        return _Loaded(
            run_id,
            read_document(store, layout.report(run_id)) if _REPORT in names else None,
            read_manifest(store, run_id) if names & {_MANIFEST, _LAUNCH} else None,
            read_progress(store, run_id) if progresses else None,
        )

    waiting = iter(run_ids)
    with ThreadPoolExecutor(_READ_AHEAD) as pool:
        ahead: deque[Future[_Loaded]] = deque()
        for run_id in itertools.islice(waiting, _READ_AHEAD):
            ahead.append(pool.submit(load, run_id))
        while ahead:
            loaded = ahead.popleft().result()
            for run_id in itertools.islice(waiting, 1):
                ahead.append(pool.submit(load, run_id))
            yield loaded


class _Reading:
    """Takes in one run after the other."""

    def __init__(self, size: int) -> None:
        self._template = bytearray([NO_RESULT]) * size
        self._runs: dict[int, Run] = {}
        self._repositories: dict[Identity, Repository] = {}
        self._unreadable: list[str] = []
        self._kept: set[str] = set()
        self._upstream: dict[int, tuple[datetime, Upstream]] = {}

    def absorb(self, index: int, loaded: _Loaded) -> None:
        """Take a run in; what cannot be read is named and left out."""
        blamed = len(self._unreadable)
        report = self._decoded(loaded.report, RunReport.from_json)
        manifest = self._decoded(loaded.manifest, Manifest.from_json)
        damage = self._unreadable[blamed:]
        progress = self._decoded(loaded.progress, Progress.from_json)
        run = build_run(loaded.run_id, report, manifest, progress)
        if run is None:
            return
        if damage:
            run = replace(run, verdict=UNREADABLE, reason=f"{damage[0]}.", reported=False)
        self._runs[index] = run
        if manifest:
            for letters in (self._template, *(r.letters for r in self._repositories.values())):
                letters[index] = UNLISTED
            unsound = _unsound(run)
            for each in manifest.kept or ():
                self._kept.add(each.key)
                known = self._upstream.get(each.id)
                if each.upstream and (known is None or run.moment >= known[0]):
                    self._upstream[each.id] = (run.moment, each.upstream)
            for entry in manifest.entries.values():
                self._add(index, run, entry, unsound)

    def chronicle(self, present: dict[str, Stored]) -> Chronicle:
        """All of it, runs in the order of their moments."""
        order = sorted(self._runs, key=lambda index: (self._runs[index].moment, index))
        places = {index: place for place, index in enumerate(order)}
        repositories = list(self._repositories.values())
        for each in repositories:
            each.letters = bytearray(each.letters[index] for index in order)
            each.uploads = {places[index]: count for index, count in each.uploads.items()}
            each.former_names.discard(each.entry.full_name)
        repositories.sort(key=lambda each: (each.entry.full_name.lower(), each.entry.id))
        return Chronicle(
            tuple(self._runs[index] for index in order),
            tuple(repositories),
            present,
            tuple(self._unreadable),
            frozenset(self._kept),
            {number: upstream for number, (_, upstream) in self._upstream.items()},
        )

    def _decoded(self, document: Document | None, decode: Callable[[bytes], T]) -> T | None:
        """The document; None if there is none, and if it is damaged, which is told."""
        try:
            return None if document is None else decode(document.data)
        except ValueError as error:
            self._blame(document, error)
            return None

    def _blame(self, document: Document | None, error: Exception) -> None:
        self._unreadable.append(f"{said(document.key if document else '')}: {error}")

    def _add(self, index: int, run: Run, entry: Entry, unsound: Callable[[Entry], bool]) -> None:
        known = self._repositories.get(entry.identity)
        if known is None:
            known = self._repositories[entry.identity] = Repository(entry, self._template[:])
        known.letters[index] = letter = _letter(entry, unsound)
        known.former_names.add(entry.full_name)
        uploaded = sum(result.bytes_put_by(run.id) for result in entry.results.values())
        if uploaded and letter in (SAVED, PART_FAILED, UNCHANGED):
            known.uploads[index] = uploaded
        if run.moment >= known.seen:
            known.entry, known.seen = entry, run.moment


def _letter(entry: Entry, unsound: Callable[[Entry], bool]) -> int:
    if not entry.asked:
        return UNSOUND if entry.archives and unsound(entry) else LEFT_OUT
    letter = _LETTERS[entry.git.state]
    if letter in GOOD and unsound(entry):
        return UNSOUND
    return PART_FAILED if letter in GOOD and entry.failed else letter


def _unsound(run: Run) -> Callable[[Entry], bool]:
    """Which entries of a run are not to be believed.

    The reporter writes ``owner/name: what is wrong``. An unverified run of which it names nothing
    is one whose manifest it did not believe: then nothing of it is.
    """
    bad = run.drill.bad if run.drill else frozenset()
    named: frozenset[str] = frozenset()
    everything = run.verdict == UNVERIFIED and not run.problems
    if run.verdict == UNVERIFIED:
        named = frozenset(problem.partition(": ")[0].lower() for problem in run.problems)
    if not (everything or named or bad):
        return lambda entry: False

    def judge(entry: Entry) -> bool:
        return (
            everything
            or any(item.name.lower() in named for item in entry.items)
            or any(archive.key in bad for archive in entry.archives)
        )

    return judge
