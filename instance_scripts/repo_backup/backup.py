"""The walk: list, back up each repository with its wiki, checkpoint, drill, finish."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from repo_backup import layout
from repo_backup.errors import BackupError, FatalError, InterruptedRunError
from repo_backup.fetching import Address, Fetcher
from repo_backup.github import GitHub, ListingError, Remote
from repo_backup.history import History
from repo_backup.journal import Journal
from repo_backup.manifest import Entry, Manifest, Part
from repo_backup.selection import Selection
from repo_backup.stop import Stop
from repo_backup.store import Store

log = logging.getLogger(__name__)

EXIT_COMPLETE, EXIT_FATAL, EXIT_INCOMPLETE = 0, 1, 3
STOPPING_SECONDS = 9.0
"""How long an interrupted run waits for what is in flight before it writes down what is done."""
_LEAST_BYTES, _WIKI_BYTES = 4 << 20, 16 << 20
_SHRUNK_BELOW = 0.5
_SHRINKING_MATTERS_FROM = 5


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do. ``owners`` empty means all that the token can see."""

    run_id: str
    attempt: int
    owners: tuple[str, ...]
    jobs: int
    selection: Selection
    allow_shrink: bool = False


@dataclass(frozen=True)
class Listing:
    """What GitHub listed, what was wrong with it, and what the token lacks (``notices``)."""

    remotes: list[Remote]
    errors: list[str]
    token_expires_at: str | None = None
    notices: tuple[str, ...] = ()


def list_all(github: GitHub, owners: Iterable[str]) -> Listing:
    """Every owner's repositories, once each.

    A listing that fails is an error of the run, but what it had listed is backed up. Raises
    FatalError for an unknown owner or a rejected token, or when nothing could be listed.
    """
    viewer = github.viewer()
    found: dict[int, Remote] = {}
    errors = []
    wanted: list[str | None] = [*owners]
    for owner in wanted or [None]:
        try:
            listed = github.repositories(owner, viewer)
        except ListingError as error:
            errors.append(str(error))
            listed = error.found
        found |= {remote.id: remote for remote in listed}
    if errors and not found:
        raise FatalError("; ".join(errors))
    remotes = sorted(found.values(), key=lambda r: r.full_name.lower())
    return Listing(remotes, errors, github.token_expires_at, tuple(github.notices))


def shrunk(remotes: list[Remote], before: dict[str, int]) -> list[str]:
    """Which owners list far fewer repositories than in their last complete run. Pure."""
    errors = []
    for owner, count in sorted(before.items()):
        now = sum(remote.owner.lower() == owner for remote in remotes)
        if count >= _SHRINKING_MATTERS_FROM and now < count * _SHRUNK_BELOW:
            errors.append(
                f"{owner} lists {now} repositories, {count} in the last complete run "
                "(--allow-shrink accepts that)"
            )
    return errors


def key_clashes(remotes: list[Remote], *, wikis: bool, folded: bool) -> dict[int, str]:
    """Repositories whose archives would overwrite another's, with the reason. Pure.

    ``folded``: the destination does not tell upper from lower case.
    """
    taken: dict[str, str] = {}
    clashes: dict[int, str] = {}
    for remote in remotes:
        if remote.refused:
            continue
        for wiki in (False, True) if wikis and remote.has_wiki else (False,):
            key = layout.archive(remote.owner, remote.name, wiki=wiki)
            other = taken.setdefault(key.lower() if folded else key, remote.full_name)
            if other != remote.full_name:
                clashes[remote.id] = f"the destination cannot tell {key} from that of {other}"
    return clashes


class Backup:
    """One attempt of one run; ``listing`` and ``history`` wait for what is being asked for."""

    def __init__(
        self,
        plan: Plan,
        listing: Callable[[], Listing],
        history: Callable[[], History],
        fetcher: Fetcher,
        store: Store,
        journal: Journal,
        stop: Stop,
        drill: Callable[[Manifest, History], None],
    ) -> None:
        self._plan = plan
        self._listing = listing
        self._history = history
        self._fetcher = fetcher
        self._store = store
        self._journal = journal
        self._stop = stop
        self._drill = drill
        self._clashes: dict[int, str] = {}

    def run(self) -> int:
        """Everything; the exit code. Raises FatalError and InterruptedRunError."""
        plan, journal = self._plan, self._journal
        manifest = journal.manifest
        history = self._history()
        listing = self._listing()
        if listing.remotes and not any(map(plan.selection.names, listing.remotes)):
            raise FatalError(f"no repository matches --only {' '.join(plan.selection.only)}")
        manifest.errors += listing.errors
        manifest.token_expires_at = listing.token_expires_at
        manifest.notices = list(listing.notices)
        manifest.listed = len(listing.remotes)
        if not plan.allow_shrink:
            manifest.errors += shrunk(listing.remotes, history.listed)
        journal.begin(history.mine, {remote.id for remote in listing.remotes})
        self._clashes = key_clashes(
            listing.remotes, wikis=plan.selection.wikis, folded=not self._store.case_sensitive
        )
        self._walk(listing.remotes, history)
        if self._stop.requested:
            raise InterruptedRunError(self._stop.reason)
        left = len({remote.id for remote in listing.remotes} - manifest.entries.keys())
        if left:
            raise FatalError(f"a defect of this program: {left} repositories were not looked at")
        self._stop.begin(lambda: self._drill(manifest, history), "drill")()
        if manifest.errors:
            raise FatalError("; ".join(manifest.errors))
        journal.complete()
        failed = any(entry.failed and entry.asked for entry in manifest.entries.values())
        drilled = manifest.drill is None or manifest.drill["ok"]
        return EXIT_INCOMPLETE if failed or not drilled else EXIT_COMPLETE

    def _walk(self, remotes: list[Remote], history: History) -> None:
        """Back up all repositories, ``jobs`` at once, largest first so that none is last alone."""
        work: queue.SimpleQueue[Remote] = queue.SimpleQueue()
        for remote in sorted(remotes, key=lambda r: -r.size_kib):
            work.put(remote)
        troubles: list[BaseException] = []

        def worker() -> None:
            with contextlib.suppress(queue.Empty):
                while not (self._stop.requested or troubles):
                    remote = work.get_nowait()
                    self._journal.start(remote.full_name)
                    try:
                        self._journal.record(self._entry(remote, history))
                    except InterruptedRunError:
                        return
                    except BaseException as error:  # noqa: BLE001 - raised by the main thread
                        troubles.append(error)

        threads = [
            threading.Thread(target=worker, daemon=True, name=f"backup-{number}")
            for number in range(min(self._plan.jobs, len(remotes)))
        ]
        for thread in threads:
            thread.start()
        deadline = float("inf")
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            if self._stop.requested and deadline == float("inf"):
                deadline = time.monotonic() + STOPPING_SECONDS
            next((t for t in threads if t.is_alive()), threads[0]).join(0.2)
            self._journal.tick()
        for trouble in troubles:
            raise trouble

    def _entry(self, remote: Remote, history: History) -> Entry:
        """What became of one repository and its wiki, whatever went wrong with it.

        Raises FatalError and InterruptedRunError only.
        """
        earlier = history.earlier(remote.id)
        unfinished = Entry(
            remote.id,
            remote.owner,
            remote.name,
            remote.private,
            remote.fork,
            remote.archived,
            Part("failed").keeping(earlier.part if earlier else None),
            wiki=earlier.wiki if earlier else None,
        )
        try:
            return self._worked_on(remote, earlier, unfinished, history)
        except BackupError:
            raise
        except Exception as error:
            # A defect that one repository brings to light must not cost the others.
            log.exception("a repository met a defect of this program")
            reason = f"a defect of this program: {type(error).__name__}"
            return replace(unfinished, part=replace(unfinished.part, reason=reason))

    def _worked_on(
        self, remote: Remote, earlier: Entry | None, entry: Entry, history: History
    ) -> Entry:
        before, wiki_before = (earlier.part, earlier.wiki) if earlier else (None, None)
        selection = self._plan.selection
        reason = selection.standing_reason(remote)
        if not reason and not selection.names(remote):
            return _passed_over(entry, earlier, " ".join(selection.only))
        if reason:
            wiki = _skipped(reason, wiki_before) if wiki_before else None
            return replace(entry, part=_skipped(reason, before), wiki=wiki)
        if refused := remote.refused or self._clashes.get(remote.id):
            return replace(entry, part=replace(entry.part, reason=refused))
        part = self._fetcher.back_up(address_of(remote, wiki=False), before)
        part = replace(part, warnings=(*part.warnings, *_identity(remote, earlier, history)))
        if remote.has_wiki and selection.wikis:
            wiki = self._fetcher.back_up(address_of(remote, wiki=True), wiki_before)
        elif remote.has_wiki or (wiki_before and wiki_before.archive):
            wiki = _skipped("--no-wikis" if remote.has_wiki else "wiki switched off", wiki_before)
        else:
            wiki = None
        return replace(entry, part=part, wiki=wiki)


def _passed_over(entry: Entry, earlier: Entry | None, only: str) -> Entry:
    """What a narrowed run writes of a repository that it was not asked for.

    It goes on being what the last run that tried found: a failure is none the less one.
    """

    def as_it_was(before: Part | None) -> Part:
        if before and before.state in ("failed", "empty", "absent"):
            return before
        return _skipped(f"not in --only {only}", before)

    wiki = as_it_was(earlier.wiki) if earlier and earlier.wiki else None
    return replace(entry, part=as_it_was(earlier.part if earlier else None), wiki=wiki, asked=False)


def _skipped(reason: str, before: Part | None) -> Part:
    """Left out; what an earlier run stored is not forgotten."""
    return Part("skipped", reason).keeping(before)


def _identity(remote: Remote, earlier: Entry | None, history: History) -> list[str]:
    """What GitHub's numeric id says beyond the name."""
    if earlier and earlier.full_name != remote.full_name:
        return [f"renamed from {earlier.full_name}, whose archive stays"]
    namesake = history.names.get(remote.full_name.lower())
    if earlier is None and namesake and namesake.id != remote.id:
        return [
            f"deleted and created anew (id {namesake.id}, now {remote.id}); "
            "the archive of the former is an older version"
        ]
    return []


def address_of(remote: Remote, *, wiki: bool) -> Address:
    """Where a repository, or its wiki, is fetched from, and where its archive goes."""
    name = f"{remote.name}.wiki" if wiki else remote.name
    return Address(
        url=remote.wiki_url if wiki else remote.clone_url,
        key=layout.archive(remote.owner, remote.name, wiki=wiki),
        mirror_name=f"{name}.git",
        size_bytes=_WIKI_BYTES if wiki else remote.size_kib * 1024 + _LEAST_BYTES,
        is_wiki=wiki,
        is_private=remote.private,
    )
