"""Backs up one item of a repository, of any kind."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult, State
from backup_contract.documents.parts.data_state import DataState
from backup_contract.kinds import GIST, GIT
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.archive_upload import ArchiveUpload
from repo_backup.kinds.base import (
    CurrentState,
    Fetched,
    Grown,
    Kind,
    Resources,
    Unchanged,
    Upstream,
)
from repo_backup.kinds.item_results import (
    empty_result,
    is_known,
    lacking,
    result_of,
    rewrites_in,
)
from repo_backup.runtime.errors import (
    AbsentError,
    DiskFullError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)
from repo_backup.runtime.scratch import disk_error, scratch_room
from repo_backup.store.chain_store import find_chain
from repo_backup.store.object_lists import object_list_key, with_object_list

_ONCE_THERE: dict[State, str] = {
    "empty": "became empty; its archive is kept",
    "absent": "no longer exists; its archive is kept",
}


@dataclass
class _Step:
    """Fetching once what ``earlier`` lacks. ``resumed``: a part was stored just before.

    ``paused``: this stored a part, and there is more to fetch.
    """

    upstream: Upstream
    earlier: ItemResult | None
    resumed: bool = False
    paused: bool = False


@dataclass(frozen=True)
class ItemBackup:
    """Backs up a repository's item of one kind, with its archive under ``key``.

    ``overlays`` maps the id of each chain under this key to its highest stored overlay number.
    ``beneath`` is the result of an archive of this item under the same key that is not its newest,
    because the item had another name since. ``superseded`` is the recorded result of an archive
    under the key that something else has replaced. ``damaged_chains`` are the keys of lists (of
    overlays, or of binaries) that are damaged, or whose objects are. ``is_settled``: the host's
    list shows that nothing has changed, so no request is made.
    """

    kind: Kind
    remote: RemoteRepository
    key: str
    resources: Resources
    overlays: Mapping[str, int] = field(default_factory=dict)
    superseded: ItemResult | None = None
    beneath: ItemResult | None = None
    damaged_chains: Collection[str] = ()
    is_settled: bool = False

    def back_up(
        self, earlier: ItemResult | None, saved: Callable[[ItemResult], None] = lambda part: None
    ) -> ItemResult:
        """Fetch and store it, unless ``earlier`` is still the whole truth.

        ``saved`` gets the result of each part that is stored while the rest is still to be fetched.
        Every trouble that is this item's own comes back as state ``failed`` with its reason,
        keeping the earlier archive. Raises FatalError and InterruptedRunError only.
        """
        step, seconds, warnings = _Step(self._upstream(), earlier), 0.0, dict[str, None]()
        while True:
            result = self._classified(step.earlier, partial(self._patiently, step))
            seconds += result.seconds
            warnings |= dict.fromkeys(result.warnings)
            result = replace(result, seconds=seconds, warnings=tuple(warnings))
            if not step.paused or self.resources.stop.requested:
                return result
            saved(result)
            step = _Step(step.upstream, result, resumed=True)

    def dry_run(self, earlier: ItemResult | None) -> ItemResult:
        """What ``back_up`` would return; ``backed-up`` for what it would fetch. Fetches nothing."""
        upstream = self._upstream()

        def attempt() -> ItemResult:
            if earlier and self.is_settled and self._may_stay(earlier):
                return self._as_stored((), earlier)
            with upstream.find() as found:
                result = self._without_fetching(found, earlier)
                return result or ItemResult("backed-up", refs=found.count)

        return self._classified(earlier, lambda: self.resources.retry_policy.call(attempt))

    def _upstream(self) -> Upstream:
        return self.kind.upstream(self.remote, self.resources)

    def _classified(
        self, earlier: ItemResult | None, action: Callable[[], ItemResult]
    ) -> ItemResult:
        started = time.monotonic()
        try:
            result = action()
        except AbsentError as error:
            result = (
                ItemResult("absent")
                if self.kind.optional
                else ItemResult("failed", self._not_found(error))
            )
        except UnauthorizedError as error:
            # Without a token, GitHub asks for credentials if a repository does not exist.
            if self.kind.optional and not self.resources.http.has_token:
                result = ItemResult("absent")
            else:
                result = ItemResult("failed", str(error))
        except RepositoryError as error:
            result = ItemResult("failed", str(error))
        if result.archive is None and earlier and earlier.archive:
            result = result.keeping(earlier)
            if once := _ONCE_THERE.get(result.state):
                result = replace(result, warnings=(*result.warnings, once))
        rewrites = rewrites_in(result, earlier, self.resources.run_id)
        return replace(result, rewrites=rewrites, seconds=time.monotonic() - started)

    def _patiently(self, step: _Step) -> ItemResult:
        retry_policy = self.resources.retry_policy

        def attempt(disk_bytes: int) -> ItemResult:
            try:
                return self._once(step, disk_bytes)
            except TransientError as error:
                after = step.upstream.after(error)
                if after is error:
                    raise
                raise after from error

        try:
            return retry_policy.call(lambda: attempt(self.kind.disk_bytes(self.remote)))
        except DiskFullError:
            # Once more, with the whole disk for itself.
            return retry_policy.call(lambda: attempt(self.resources.disk.total))

    def _once(self, step: _Step, disk_bytes: int) -> ItemResult:
        earlier = step.earlier
        if earlier and self.is_settled and self._may_stay(earlier):
            return self._as_stored((), earlier)
        with step.upstream.find() as found:
            if not step.resumed and (result := self._without_fetching(found, earlier)):
                return result
            with self.resources.disk.reserve(disk_bytes):
                return self._fetch(found, step)

    def _without_fetching(
        self, found: CurrentState, earlier: ItemResult | None
    ) -> ItemResult | None:
        """The result if the current state determines it; None if the item must be fetched."""
        if found.is_empty:
            return empty_result(found)
        if not earlier or not self._may_stay(earlier) or not is_known(found, earlier):
            return None
        return self._as_stored(found.warnings, earlier)

    def _may_stay(self, earlier: ItemResult) -> bool:
        """Whether the earlier archive may stay if nothing has changed upstream."""
        if self.resources.full or not earlier.archive or earlier.archive.key != self.key:
            return False
        if self._has_unnamed_overlays(earlier) or self._is_damaged(earlier):
            return False
        return not self._has_damaged_objects(earlier)

    def _as_stored(
        self, warnings: tuple[str, ...], earlier: ItemResult, data: DataState | None = None
    ) -> ItemResult:
        """The result if everything is stored already."""
        mine = earlier.stored_by == self.resources.run_id
        same = replace(
            earlier,
            state="backed-up" if mine else "unchanged",
            reason=None,
            warnings=(*warnings, *earlier.warnings) if mine else warnings,
            rewrites=None,
            data=data or earlier.data,
        )
        return lacking(same)

    def _has_unnamed_overlays(self, earlier: ItemResult) -> bool:
        """Whether the store has overlays that no manifest names; a restore by hand unpacks them."""
        assert earlier.archive  # noqa: S101 - checked by the caller
        there = self.overlays.get(layout.chain_id(earlier.archive.sha256), 0)
        return there > (earlier.chain.links if earlier.chain else 0)

    def _is_damaged(self, earlier: ItemResult) -> bool:
        """Whether a report found this archive or its overlays damaged."""
        archive = earlier.archive
        if archive is None:
            return False
        identity = layout.chain_id(archive.sha256)
        return layout.chain_document(archive.key, identity) in self.damaged_chains

    def _has_damaged_objects(self, earlier: ItemResult) -> bool:
        """Whether a report found binaries of this archive or their list damaged."""
        key = object_list_key(earlier)
        return key is not None and key in self.damaged_chains

    def _fetch(self, found: CurrentState, step: _Step) -> ItemResult:
        stored_at, earlier = (self.resources.store, self.resources.retry_policy), step.earlier
        try:
            with scratch_room(self.resources.directory) as room:
                grown = self._grown(found, step, room)
                there = self._archive_to_grow(found, earlier)
                if there and isinstance(grown, Unchanged):
                    if grown.objects:
                        there = replace(there, objects=grown.objects, unserved=grown.unserved)
                    same = self._as_stored(found.warnings, there, grown.data)
                    return with_object_list(*stored_at, same, there, grown.saved)
                assert isinstance(grown, Grown)  # noqa: S101 - only what is stored is unchanged
                if there and grown.onto:
                    upload = ArchiveUpload(self.key, self.resources)
                    result = upload.put_overlay(grown.fetched, grown.onto, there)
                else:
                    result = self._put_base(grown.fetched, earlier)
        except OSError as error:
            raise disk_error(error) from error
        warnings = (*found.warnings, *grown.warnings, *grown.fetched.remarks)
        if (rewrites := result.rewrites) and self.kind.name == GIT:
            result = replace(result, rewrites=self.resources.with_actors(self.remote, rewrites))
        result = lacking(replace(result, warnings=warnings))
        result = with_object_list(*stored_at, result, there, grown.fetched.saved)
        step.paused = grown.fetched.paused
        return result

    def _grown(self, found: CurrentState, step: _Step, room: Path) -> Grown | Unchanged:
        """What is new, if there is a chain that it can be added to; else everything."""
        there = self._archive_to_grow(found, step.earlier)
        grow = found.resume if step.resumed else found.grow
        if not (grow and there and there.archive):
            return Grown(found.fetch(room))
        store = self.resources.store
        chain = self.resources.retry_policy.call(lambda: find_chain(store, there))
        anew = there is self.superseded or self._is_damaged(there)
        anew = anew or there.archive.key != self.key
        doubted = self._has_damaged_objects(there)
        chain = replace(chain, base_replaced=anew, objects_damaged=doubted)
        return grow(room, chain, there)

    def _archive_to_grow(
        self, found: CurrentState, earlier: ItemResult | None
    ) -> ItemResult | None:
        """The result of the archive to grow: the newest, or the one under the key."""
        if found.carries_over and earlier and earlier.archive:
            return earlier
        return self._archive_under_key(earlier)

    def _archive_under_key(self, earlier: ItemResult | None) -> ItemResult | None:
        """The result of the archive that is, or was, under this item's key."""
        for each in (earlier, self.beneath, self.superseded):
            if each and each.archive and each.archive.key == self.key:
                return each
        return None

    def _put_base(self, fetched: Fetched, earlier: ItemResult | None) -> ItemResult:
        """Upload a whole archive, unless it is stored. Its chain id never had an overlay before."""
        if earlier and earlier.archive and self._is_there(fetched, earlier):
            mine = earlier.archive.run_id == self.resources.run_id
            result = result_of(fetched, earlier.archive)
            return result if mine else replace(result, state="unchanged")
        if fetched.commented and layout.chain_id(fetched.archive.sha256) in self.overlays:
            fetched = replace(fetched, archive=fetched.commented(self.resources.run_id))
        return ArchiveUpload(self.key, self.resources).put_whole(fetched)

    def _is_there(self, fetched: Fetched, earlier: ItemResult) -> bool:
        """Whether the earlier archive is this very zip, and may stay."""
        archive = earlier.archive
        if archive is None or self.resources.full or earlier.chain or self._is_damaged(earlier):
            return False
        return (archive.key, archive.sha256) == (self.key, fetched.archive.sha256)

    def _not_found(self, error: AbsentError) -> str:
        """The reason for an absent item, with the likely cause if the host listed it."""
        answer = str(error).rstrip(".")
        if self.kind.name == GIST:
            return f"{answer}; it was listed, so it was deleted since, or the token may not read it"
        if not self.remote.private:
            return str(error)
        return (
            f"{answer}; it was listed, so the token lacks the permission to read its contents "
            "(Contents), or it was renamed or deleted since"
        )
