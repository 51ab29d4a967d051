"""The walk: back up each repository with all its kinds, checkpoint, drill, finish."""

import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from backup_contract import exit_codes as exits
from backup_contract import object_keys as layout
from backup_contract.documents.manifest import (
    Identity,
    Manifest,
    OrphanedArchive,
)
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Resources
from repo_backup.run.checkpoints import Journal
from repo_backup.run.given_up import long_chains
from repo_backup.run.key_ownership import Claims, Key, archive_keys
from repo_backup.run.listing import Listing, covered_owners, objection, shrunk
from repo_backup.run.previous_runs import History
from repo_backup.run.repository_backup import RepositoryBackup
from repo_backup.run.selection import Selection
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import FatalError, InterruptedRunError
from repo_backup.store.base import Store

log = logging.getLogger(__name__)

STOPPING_SECONDS = 9.0
"""How long an interrupted run waits for what is in flight before it writes down what is done."""


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do. ``owners`` empty means all that the token can see.

    ``notices`` are what is known before it begins.
    """

    run_id: str
    attempt: int
    owners: tuple[str, ...]
    jobs: int
    selection: Selection
    allow_shrink: bool = False
    notices: tuple[str, ...] = ()


class Backup:
    """One attempt of one run; ``listing`` and ``history`` wait for what is being asked for."""

    def __init__(
        self,
        plan: Plan,
        listing: Callable[[], Listing],
        history: Callable[[], History],
        resources: Resources,
        store: Store,
        journal: Journal,
        stop: Stop,
        drill: Callable[[Manifest, History], None],
    ) -> None:
        self._plan = plan
        self._listing = listing
        self._history = history
        self._resources = resources
        self._store = store
        self._journal = journal
        self._stop = stop
        self._drill = drill
        self._keys: dict[tuple[Identity, str], Key] = {}

    def run(self) -> int:
        """Everything; the exit code. Raises FatalError and InterruptedRunError."""
        plan, journal = self._plan, self._journal
        manifest = journal.manifest
        history = self._history()
        listing = self._listing()
        manifest.errors += listing.errors
        manifest.token_expires_at = listing.token_expires_at
        manifest.listed = len(listing.remotes)
        manifest.visibility = listing.visibility
        if not plan.allow_shrink:
            manifest.errors += shrunk(listing.remotes, history.listed)
        self._begin(listing, history)
        said = objection(
            listing.remotes,
            plan.owners,
            plan.selection,
            allow_none=plan.allow_shrink,
            has_token=self._resources.http.has_token,
        )
        if said:
            manifest.errors.append(said)
            raise FatalError("; ".join(manifest.errors))
        items = RepositoryBackup(plan.selection, history, self._resources, self._keys)
        self._walk(listing.remotes, lambda remote: self._first(items, remote))
        if late := self._late(items, listing.remotes):
            journal.further(len(late))
            if self._resources.data:
                self._resources.data.announce(late)
            self._walk(late, lambda remote: self._second(items, remote))
        self._walk(self._accounts(listing), lambda remote: self._account(items, remote))
        if self._resources.data:
            asked, before = self._resources.data.requests, manifest.api_requests
            manifest.api_requests = {**Counter(before) + Counter(asked)}
        if self._stop.requested:
            raise InterruptedRunError(self._stop.reason)
        left = len({remote.identity for remote in listing.remotes} - manifest.entries.keys())
        if left:
            raise FatalError(f"a defect of this program: {left} repositories were not looked at")
        manifest.notices += long_chains(self._store, manifest.items)
        self._stop.begin(lambda: self._drill(manifest, history), "drill")()
        if manifest.errors:
            raise FatalError("; ".join(manifest.errors))
        journal.complete()
        failed = any(entry.failed and entry.asked for entry in manifest.all_entries.values())
        drilled = manifest.drill is None or manifest.drill.ok
        return exits.NOT_ALL if failed or not drilled else exits.GOOD

    def _begin(self, listing: Listing, history: History) -> None:
        """Settle whose each key is, and what is kept of what is not listed any more."""
        remotes, folded = listing.remotes, not self._store.case_sensitive
        listed = {remote.identity for remote in (*remotes, *self._accounts(listing))}
        accounts = self._accounts(listing)
        self._keys = archive_keys(
            [*remotes, *accounts],
            history.claims,
            history.entries,
            kinds_of=self._plan.selection.kinds_of,
            folded=folded,
        )
        owners = covered_owners(self._plan.owners, history.owners, remotes)
        # Whether what a doubtful listing lacks has vanished is not known.
        if self._journal.manifest.errors:
            unkept = history.claims.keys() - history.carried
            awaited = listed | {history.claims[key].identity for key in unkept}
        else:
            awaited = listed
        claims = Claims.of_run(
            history.claims,
            history.entries,
            owners=owners,
            awaited=awaited,
            folded=folded,
            now={**listing.upstream, **{remote.identity: remote for remote in remotes}},
        )
        unlisted = [
            f"{owner}: GitHub lists no repository of it"
            for owner in self._plan.owners
            if remotes and not any(owner.lower() == each.owner.lower() for each in remotes)
        ]
        for document in history.lists:
            self._resources.patience.call(
                partial(self._store.write, document.key, document.to_bytes())
            )
        lost = [_lost(each) for each in history.lost if layout.owner_of(each.key) in owners]
        notices = [*self._plan.notices, *listing.notices, *unlisted, *lost, *history.damaged]
        self._journal.manifest.notices = notices
        self._journal.begin(history.mine, listed, claims)

    def _walk(self, remotes: list[Remote], back_up: Callable[[Remote], None]) -> None:
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
                        back_up(remote)
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

    def _first(self, items: RepositoryBackup, remote: Remote) -> None:
        """Back up a repository with all that is not late."""
        entry = items.entry(remote)
        late = items.late_kinds(remote, entry.results)
        self._journal.record(entry, entry.results.keys() - late)

    def _second(self, items: RepositoryBackup, remote: Remote) -> None:
        """Back up what is late of a repository, whose other kinds are done."""
        entry = self._journal.manifest.entries[remote.identity]
        late = items.late_kinds(remote, entry.results)
        self._journal.record(items.with_late(remote, entry), late)

    def _account(self, items: RepositoryBackup, remote: Remote) -> None:
        """Back up an account's own data."""
        if entry := items.account(remote):
            self._journal.record(entry)

    def _accounts(self, listing: Listing) -> list[Remote]:
        """The accounts whose own data is backed up; none when told to stop."""
        return [] if self._stop.requested else listing.accounts(self._plan.owners)

    def _late(self, items: RepositoryBackup, remotes: list[Remote]) -> list[Remote]:
        """The repositories of which something late is backed up; none when told to stop."""
        if self._stop.requested:
            return []
        entries = self._journal.manifest.entries
        done = ((each, entries.get(each.identity)) for each in remotes)
        return [each for each, entry in done if entry and items.late_kinds(each, entry.results)]


def _lost(kept: OrphanedArchive) -> str:
    """What became of a kept archive that is not as it was."""
    if kept.result.archive is None:
        return f"{kept.full_name}: what lay under its former key {kept.key} is gone"
    return (
        f"{kept.full_name}: its kept archive {kept.key} (of {kept.result.archive.bytes} bytes) is "
        "gone, or was replaced by something that no run wrote down"
    )
