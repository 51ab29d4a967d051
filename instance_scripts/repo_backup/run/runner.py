"""Runs a backup: each repository with all its kinds, checkpoints, restore drill, completion."""

import contextlib
import logging
import queue
import threading
import time
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
from backup_contract.kinds import GIST
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.run.checkpoints import RunRecorder
from repo_backup.run.gists import GistPlan, gist_plan
from repo_backup.run.key_ownership import Key, KeyOwners, archive_keys
from repo_backup.run.listing import Listing, covered_owners, objection, shrunk
from repo_backup.run.lost_runs import long_chains
from repo_backup.run.previous_runs import History
from repo_backup.run.repository_backup import RepositoryBackup
from repo_backup.run.selection import Selection
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import FatalError, InterruptedRunError
from repo_backup.store.base import Store

log = logging.getLogger(__name__)

STOPPING_SECONDS = 9.0
"""How long an interrupted run waits for work in progress before it records what is done."""


@dataclass(frozen=True)
class Plan:
    """What a run should do. Empty ``owners`` means all that the token can see.

    ``notices`` are those known before it begins.
    """

    run_id: str
    attempt: int
    owners: tuple[str, ...]
    jobs: int
    selection: Selection
    allow_shrink: bool = False
    notices: tuple[str, ...] = ()


class Backup:
    """One attempt of one run; ``listing`` and ``history`` wait for requests in progress."""

    def __init__(
        self,
        plan: Plan,
        listing: Callable[[], Listing],
        history: Callable[[], History],
        resources: Resources,
        store: Store,
        recorder: RunRecorder,
        stop: CancellationToken,
        drill: Callable[[Manifest, History], None],
    ) -> None:
        self._plan = plan
        self._listing = listing
        self._history = history
        self._resources = resources
        self._store = store
        self._recorder = recorder
        self._stop = stop
        self._drill = drill
        self._keys: dict[tuple[Identity, str], Key] = {}
        self._gists = GistPlan()

    def run(self) -> int:
        """Run the backup; returns the exit code. Raises FatalError and InterruptedRunError."""
        plan, recorder = self._plan, self._recorder
        manifest = recorder.manifest
        history = self._history()
        listing = self._listing()
        manifest.errors += listing.errors
        manifest.token_expires_at = listing.token_expires_at
        manifest.listed = len(listing.remotes)
        manifest.visibility = listing.visibility
        if not plan.allow_shrink:
            manifest.errors += shrunk(listing.remotes, history.listed)
        if data := self._resources.data:
            recorder.count_requests(lambda: data.requests)
        self._begin(listing, history)
        message = objection(
            [*listing.remotes, *self._gists.remotes],
            plan.owners,
            plan.selection,
            allow_none=plan.allow_shrink,
            has_token=self._resources.http.has_token,
        )
        if message:
            manifest.errors.append(message)
            raise FatalError("; ".join(manifest.errors))
        chosen = (each for each in listing.remotes if plan.selection.skip_reason(each) is None)
        recorder.sizes({each.full_name: each.size_kib * 1024 for each in chosen})
        saved = recorder.save_part
        items = RepositoryBackup(plan.selection, history, self._resources, self._keys, saved)
        self._walk(listing.remotes, lambda remote: self._first(items, remote))
        if gists := self._gists.remotes:
            recorder.further(len(gists))
            self._walk(gists, lambda remote: self._gist(items, remote))
        if late := self._late(items, listing.remotes):
            recorder.further(len(late))
            if self._resources.data:
                self._resources.data.announce(late)
            self._walk(late, lambda remote: self._second(items, remote))
        self._walk(self._accounts(listing), lambda remote: self._account(items, remote))
        if self._stop.requested:
            raise InterruptedRunError(self._stop.reason)
        left = len({remote.identity for remote in listing.remotes} - manifest.entries.keys())
        if left:
            raise FatalError(f"an internal error: {left} repositories were not looked at")
        manifest.notices += long_chains(self._store, manifest.items)
        self._stop.begin(lambda: self._drill(manifest, history), "drill")()
        if manifest.errors:
            raise FatalError("; ".join(manifest.errors))
        recorder.complete()
        failed = any(entry.failed and entry.asked for entry in manifest.all_entries.values())
        drilled = manifest.drill is None or manifest.drill.ok
        return exits.NOT_ALL if failed or not drilled else exits.GOOD

    def _begin(self, listing: Listing, history: History) -> None:
        """Assign the keys, and decide what to retain of repositories that are no longer listed."""
        remotes, folded = listing.remotes, not self._store.case_sensitive
        owners = covered_owners(self._plan.owners, history.owners, remotes)
        excluded = self._plan.selection.excluded_kinds.get(GIST)
        known = history.entries.values()
        self._gists = gist_plan(listing.gists, known, owners, excluded)
        others = [*self._accounts(listing), *self._gists.remotes]
        listed = {each.identity for each in (*remotes, *others)} | self._gists.identities
        self._keys = archive_keys(
            [*remotes, *others],
            history.key_owners,
            history.entries,
            kinds_of=self._plan.selection.kinds_of,
            folded=folded,
        )
        # If the listing is incomplete, a repository that it lacks may still exist.
        if self._recorder.manifest.errors:
            unkept = history.key_owners.keys() - history.carried
            awaited = listed | {history.key_owners[key].identity for key in unkept}
        else:
            awaited = listed
        key_owners = KeyOwners.of_run(
            history.key_owners,
            history.entries,
            owners=owners,
            awaited=awaited,
            folded=folded,
            now={
                **listing.upstream,
                **{remote.identity: remote for remote in remotes},
                **dict.fromkeys(self._gists.gone),
            },
        )
        unlisted = [
            f"{owner}: GitHub lists no repository of it"
            for owner in self._plan.owners
            if remotes and not any(owner.lower() == each.owner.lower() for each in remotes)
        ]
        lists = {each.key: each.to_bytes() for each in history.lists} | history.object_lists
        for key, data in lists.items():
            self._resources.retry_policy.call(partial(self._store.write, key, data))
        lost = [_lost(each) for each in history.lost if layout.owner_of(each.key) in owners]
        notices = [*self._plan.notices, *listing.notices, *unlisted, *lost, *history.damaged]
        self._recorder.manifest.notices = notices
        self._recorder.begin(history.mine, listed, key_owners)
        for entry in self._gists.carried:
            self._recorder.record(entry)

    def _walk(
        self, remotes: list[RemoteRepository], back_up: Callable[[RemoteRepository], None]
    ) -> None:
        """Back up all repositories, ``jobs`` at once, largest first so that none is last alone."""
        work: queue.SimpleQueue[RemoteRepository] = queue.SimpleQueue()
        for remote in sorted(remotes, key=lambda r: -r.size_kib):
            work.put(remote)
        troubles: list[BaseException] = []

        def worker() -> None:
            with contextlib.suppress(queue.Empty):
                while not (self._stop.requested or troubles):
                    remote = work.get_nowait()
                    self._recorder.start(remote.full_name)
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
            self._recorder.tick()
        for trouble in troubles:
            raise trouble

    def _first(self, items: RepositoryBackup, remote: RemoteRepository) -> None:
        """Back up the kinds of a repository that are not late."""
        entry = items.entry(remote)
        late = items.late_kinds(remote, entry.results)
        self._recorder.record(entry, entry.results.keys() - late)

    def _second(self, items: RepositoryBackup, remote: RemoteRepository) -> None:
        """Back up the late kinds of a repository whose other kinds are done."""
        entry = self._recorder.manifest.entries[remote.identity]
        late = items.late_kinds(remote, entry.results)
        self._recorder.record(items.with_late(remote, entry), late)

    def _account(self, items: RepositoryBackup, remote: RemoteRepository) -> None:
        """Back up an account's own data."""
        if entry := items.account(remote):
            self._recorder.record(entry)

    def _gist(self, items: RepositoryBackup, remote: RemoteRepository) -> None:
        """Back up a gist."""
        if entry := items.gist(remote):
            self._recorder.record(entry)

    def _accounts(self, listing: Listing) -> list[RemoteRepository]:
        """The accounts whose own data is backed up; none after cancellation."""
        return [] if self._stop.requested else listing.accounts(self._plan.owners)

    def _late(
        self, items: RepositoryBackup, remotes: list[RemoteRepository]
    ) -> list[RemoteRepository]:
        """The repositories with late kinds to back up; none after cancellation."""
        if self._stop.requested:
            return []
        entries = self._recorder.manifest.entries
        done = ((each, entries.get(each.identity)) for each in remotes)
        return [each for each, entry in done if entry and items.late_kinds(each, entry.results)]


def _lost(kept: OrphanedArchive) -> str:
    """The notice about a retained archive that is gone or has changed."""
    if kept.result.archive is None:
        return f"{kept.full_name}: what lay under its former key {kept.key} is gone"
    return (
        f"{kept.full_name}: its kept archive {kept.key} (of {kept.result.archive.bytes} bytes) is "
        "gone, or was replaced by an object that no run recorded"
    )
