"""Reads all runs, one manifest at a time, so that years of a large account fit in little memory.

The manifest of 10,000 repositories has megabytes. Only a letter for each repository, the size of
its uploads, and its newest entry are kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import COUNTED, Entry, Identity, Item, Manifest
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.documents.suspicion import Suspicion
from backup_contract.judgement.reliance import UNREADABLE
from backup_contract.kinds import ACCOUNT, GIST
from backup_contract.text import one_line
from repo_backup.page.run_loader import (
    BEGINNING,
    LoadedRun,
    chosen_runs,
    documents_by_run,
    loaded_runs,
)
from repo_backup.page.run_record import Run, build_run
from repo_backup.runtime.errors import FatalError
from repo_backup.store.base import Store, Stored
from repo_backup.store.written.run_documents import Document

SAVED, UNCHANGED, EMPTY, EXCLUDED, FAILED, PART_FAILED, UNSOUND, UNLISTED, NO_RESULT = b"buesfwx.-"
"""The result of a run for a repository, as a letter of its history. UNSOUND: the program saved it,
but the reporter or the restore drill found its archive bad. PART_FAILED: its own git was saved, but
another kind failed. NO_RESULT: the run left no manifest."""

GOOD = frozenset({SAVED, UNCHANGED, PART_FAILED})
UNVERIFIED = "unverified"

_LETTERS = dict(zip(COUNTED, (SAVED, UNCHANGED, EMPTY, EXCLUDED, FAILED), strict=True))
T = TypeVar("T")


@dataclass(slots=True)
class Repository:
    """``letters`` by run, ``uploads`` in bytes by the run's index, and the newest entry."""

    entry: Entry
    letters: bytearray
    uploads: dict[int, int] = field(default_factory=dict)
    former_names: set[str] = field(default_factory=set)
    seen: datetime = BEGINNING


@dataclass(slots=True)
class AccountHistory:
    """An account: its newest entry, and when a run last saved all of its data."""

    entry: Entry
    saved_at: datetime | None = None
    seen: datetime = BEGINNING

    def add(self, moment: datetime, entry: Entry) -> None:
        """Add the entry of the run that began at ``moment``."""
        if entry.results[ACCOUNT].state in ("backed-up", "unchanged"):
            self.saved_at = max(moment, self.saved_at or BEGINNING)
        if moment >= self.seen:
            self.entry, self.seen = entry, moment


@dataclass(frozen=True, slots=True)
class RunHistory:
    """Runs from the oldest to the newest, repositories by name, and the stored archives.

    ``kept`` are the keys of archives, of any run, that GitHub no longer lists. ``upstream`` is, by
    id, GitHub's answer about a repository that it no longer lists, from the newest run that asked.
    ``unreadable`` names damaged documents. ``suspicions`` are the open ones. ``accounts`` are those
    whose own data is saved, by name. ``gists`` are like repositories.
    """

    runs: tuple[Run, ...]
    repositories: tuple[Repository, ...]
    present: dict[str, Stored]
    unreadable: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    upstream: Mapping[int, Upstream] = field(default_factory=dict)
    suspicions: tuple[Suspicion, ...] = ()
    accounts: tuple[AccountHistory, ...] = ()
    gists: tuple[Repository, ...] = ()

    @property
    def current_gists(self) -> list[Item]:
        """The items of all gists in the newest complete run."""
        complete = [index for index, run in enumerate(self.runs) if run.complete]
        known = (UNLISTED, NO_RESULT)
        return [
            item
            for each in self.gists
            if complete and each.letters[complete[-1]] not in known
            for item in each.entry.items
        ]


def read(
    store: Store, newest: int | None = None, tell: Callable[[int, int], None] = lambda *_: None
) -> RunHistory:
    """Read all runs, or the ``newest`` ones. ``tell`` gets the number of runs read and the total.

    Makes two requests for each reported run, some more for others, and one for each thousand
    objects. Raises FatalError if there is no backup or the store cannot be used, TransientError if
    it cannot be reached.
    """
    documents = documents_by_run(store)
    present = {k: v for k, v in store.objects(layout.ARCHIVES).items() if k.endswith(".zip")}
    if not documents:
        count = sum(map(layout.is_archive, present))
        there = f", only {count} archives without a record" if count else ""
        raise FatalError(f"there is no backup at this source{there}: check --source")
    chosen = chosen_runs(store, documents, newest)
    reading = _Collector(len(chosen))
    for index, loaded in enumerate(loaded_runs(store, chosen, documents)):
        reading.add(index, loaded)
        tell(index + 1, len(chosen))
    return reading.run_history(present)


class _Collector:
    """Collects one run after the other."""

    def __init__(self, size: int) -> None:
        self._template = bytearray([NO_RESULT]) * size
        self._runs: dict[int, Run] = {}
        self._repositories: dict[Identity, Repository] = {}
        self._unreadable: list[str] = []
        self._kept: set[str] = set()
        self._upstream: dict[int, tuple[datetime, Upstream]] = {}
        self._accounts: dict[Identity, AccountHistory] = {}
        self._gists: dict[Identity, Repository] = {}

    def add(self, index: int, loaded: LoadedRun) -> None:
        """Add a run. Damaged documents are recorded and ignored."""
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
            known_before = (*self._repositories.values(), *self._gists.values())
            for letters in (self._template, *(each.letters for each in known_before)):
                letters[index] = UNLISTED
            unsound = _unsound(run)
            for each in manifest.kept or ():
                self._kept.add(each.key)
                known = self._upstream.get(each.id)
                if each.upstream and (known is None or run.moment >= known[0]):
                    self._upstream[each.id] = (run.moment, each.upstream)
            for entry in manifest.entries.values():
                self._add(index, run, entry, unsound, self._repositories)
            for entry in manifest.gists.values():
                self._add(index, run, entry, unsound, self._gists)
            for entry in manifest.accounts.values():
                known_account = self._accounts.setdefault(entry.identity, AccountHistory(entry))
                known_account.add(run.moment, entry)

    def run_history(self, present: dict[str, Stored]) -> RunHistory:
        """The history, with runs ordered by start time."""
        order = sorted(self._runs, key=lambda index: (self._runs[index].moment, index))
        places = {index: place for place, index in enumerate(order)}
        repositories, gists = (
            self._in_order(found, order, places) for found in (self._repositories, self._gists)
        )
        return RunHistory(
            tuple(self._runs[index] for index in order),
            tuple(repositories),
            present,
            tuple(self._unreadable),
            frozenset(self._kept),
            {number: upstream for number, (_, upstream) in self._upstream.items()},
            accounts=tuple(sorted(self._accounts.values(), key=lambda e: e.entry.owner.lower())),
            gists=tuple(gists),
        )

    def _in_order(
        self, found: Mapping[Identity, Repository], order: Sequence[int], places: Mapping[int, int]
    ) -> list[Repository]:
        """By name, with runs ordered by start time."""
        for each in found.values():
            each.letters = bytearray(each.letters[index] for index in order)
            each.uploads = {places[index]: count for index, count in each.uploads.items()}
            each.former_names.discard(each.entry.full_name)
        return sorted(found.values(), key=lambda e: (e.entry.full_name.lower(), e.entry.id))

    def _decoded(self, document: Document | None, decode: Callable[[bytes], T]) -> T | None:
        """Decode a document; None if there is none or if it is damaged, which is recorded."""
        try:
            return None if document is None else decode(document.data)
        except ValueError as error:
            self._record_damage(document, error)
            return None

    def _record_damage(self, document: Document | None, error: Exception) -> None:
        self._unreadable.append(f"{one_line(document.key if document else '')}: {error}")

    def _add(
        self,
        index: int,
        run: Run,
        entry: Entry,
        unsound: Callable[[Entry], bool],
        among: dict[Identity, Repository],
    ) -> None:
        known = among.get(entry.identity)
        if known is None:
            known = among[entry.identity] = Repository(entry, self._template[:])
        known.letters[index] = letter = _letter(entry, unsound)
        known.former_names.add(entry.full_name)
        uploaded = sum(result.bytes_put_by(run.id) for result in entry.results.values())
        if uploaded and letter in (SAVED, PART_FAILED, UNCHANGED):
            known.uploads[index] = uploaded
        if run.moment >= known.seen:
            known.entry, known.seen = entry, run.moment


def _letter(entry: Entry, unsound: Callable[[Entry], bool]) -> int:
    if not entry.asked:
        return UNSOUND if entry.archives and unsound(entry) else EXCLUDED
    letter = _LETTERS[entry.results.get(GIST, entry.git).state]
    if letter in GOOD and unsound(entry):
        return UNSOUND
    return PART_FAILED if letter in GOOD and entry.failed else letter


def _unsound(run: Run) -> Callable[[Entry], bool]:
    """Returns a function that tells which entries of a run are not to be trusted.

    The reporter writes ``owner/name: what is wrong``. If an unverified run names nothing, the
    reporter rejected its manifest, and none of its entries is to be trusted.
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
