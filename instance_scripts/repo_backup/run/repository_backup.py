"""Backs up one repository with all its kinds, and turns every error into a result."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from backup_contract.documents.manifest import Entry, Identity, ItemResult
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.documents.parts.gists import gist_entry
from backup_contract.documents.parts.results import LastListing
from backup_contract.kinds import ACCOUNT, GIST, GIT
from backup_contract.moments import iso
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Kind, Resources
from repo_backup.kinds.gists.gist_kind import is_settled
from repo_backup.kinds.item_backup import ItemBackup
from repo_backup.kinds.item_results import is_ruled_out, is_unremarkable
from repo_backup.kinds.registry import KINDS
from repo_backup.run.key_ownership import Key
from repo_backup.run.previous_runs import History
from repo_backup.run.selection import Selection
from repo_backup.runtime.errors import BackupError

log = logging.getLogger(__name__)
_LATE = [kind for kind in KINDS.values() if kind.is_late]


@dataclass(frozen=True)
class RepositoryBackup:
    """Backs up a run's repositories, one per call; ``keys`` are the keys of their archives.

    The kinds are backed up in two steps: late kinds wait until all other kinds of all repositories
    are done. ``saved`` gets the entry of a repository of which a late kind is stored in part.
    Raises only FatalError and InterruptedRunError.
    """

    selection: Selection
    history: History
    resources: Resources
    keys: Mapping[tuple[Identity, str], Key]
    saved: Callable[[Entry], None] = lambda entry: None

    def late_kinds(
        self, remote: RemoteRepository, results: Mapping[str, ItemResult]
    ) -> Collection[str]:
        """The kinds to back up in the second step; ``results`` are those of the first."""
        late = [kind for kind in _LATE if not is_ruled_out(kind.name, results)]
        if not late or self.selection.skip_reason(remote) or remote.refused:
            return ()
        return {each.name for each in late if self.selection.kind_reason(each, remote) is None}

    def with_late(self, remote: RemoteRepository, entry: Entry) -> Entry:
        """Run the second step on the entry that the first one made."""
        earlier = self.history.earlier(remote.identity)
        for name in sorted(self.late_kinds(remote, entry.results)):
            before = earlier.results.get(name) if earlier else None
            result = self._without_defect(KINDS[name], remote, before, entry)
            if is_unremarkable(name, result):
                others = {each: found for each, found in entry.results.items() if each != name}
                entry = replace(entry, results=others)
            else:
                entry = entry.having(name, result)
        return entry

    def account(self, remote: RemoteRepository) -> Entry | None:
        """Back up an account's own data; None if it is not backed up and never was.

        Raises only FatalError and InterruptedRunError.
        """
        earlier = self.history.earlier(remote.identity)
        before = earlier.results.get(ACCOUNT) if earlier else None
        reason = self.selection.kind_reason(KINDS[ACCOUNT], remote)
        if reason:
            skipped = account_entry(remote.owner, _skipped(reason, before))
            return skipped if before and before.archive else None
        if self.selection.names(remote):
            return self.with_late(remote, account_entry(remote.owner, ItemResult("absent")))
        if before is None:
            return None
        left = before if before.state == "failed" else _skipped(self._not_asked, before)
        return account_entry(remote.owner, left, asked=False)

    def gist(self, remote: RemoteRepository) -> Entry | None:
        """Back up a gist; None for a new one that a narrowed run does not select.

        Raises only FatalError and InterruptedRunError.
        """
        earlier = self.history.earlier(remote.identity)
        before = earlier.results.get(GIST) if earlier else None
        entry = partial(gist_entry, remote.owner, remote.name, secret=remote.private)
        if reason := self.selection.standing_reason(remote):
            return entry(_skipped(reason, before))
        if not self.selection.names(remote):
            if before is None:
                return None
            left = before if before.state == "failed" else _skipped(self._not_asked, before)
            return entry(left, asked=False)
        now = datetime.now(UTC)
        settled = is_settled(remote, before, now)
        empty = entry(ItemResult("absent"))
        result = self._without_defect(KINDS[GIST], remote, before, empty, is_settled=settled)
        if remote.updated_at and result.state in ("backed-up", "unchanged"):
            known = result.listing if settled else None
            asked = known or LastListing(remote.updated_at, iso(now))
            result = replace(result, listing=asked)
        return entry(result)

    @property
    def _not_asked(self) -> str:
        return f"not in --only {' '.join(self.selection.only)}"

    def _without_defect(
        self,
        kind: Kind,
        remote: RemoteRepository,
        before: ItemResult | None,
        entry: Entry,
        *,
        is_settled: bool = False,
    ) -> ItemResult:
        """Back up an item. An internal error fails only this item, not the run."""
        stored = before

        def saved(part: ItemResult) -> None:
            nonlocal stored
            stored = part
            self.saved(entry.having(kind.name, part))

        try:
            beside = entry.results
            return self._back_up(kind, remote, before, beside, saved, is_settled=is_settled)
        except BackupError:
            raise
        except Exception as error:
            log.exception("an internal error in a repository")
            reason = f"an internal error: {type(error).__name__}"
            return ItemResult("failed", reason).keeping(stored)

    def entry(self, remote: RemoteRepository) -> Entry:
        """Back up one repository; the entry says what became of each of its kinds.

        Raises only FatalError and InterruptedRunError.
        """
        earlier = self.history.earlier(remote.identity)
        try:
            return self._worked_on(remote, earlier)
        except BackupError:
            raise
        except Exception as error:
            # An internal error in one repository must not fail the others.
            log.exception("an internal error in a repository")
            reason = f"an internal error: {type(error).__name__}"
            return _failed(remote, earlier, reason)

    def _worked_on(self, remote: RemoteRepository, earlier: Entry | None) -> Entry:
        before = earlier.results if earlier else {}
        selection = self.selection
        reason = selection.standing_reason(remote)
        if not reason and not selection.names(remote):
            return _passed_over(remote, before, " ".join(selection.only))
        if reason:
            left_out = {kind: _skipped(reason, each) for kind, each in before.items()}
            return _entry(remote, {GIT: _skipped(reason, None), **left_out})
        if remote.refused:
            return _failed(remote, earlier, remote.refused)
        results = {name: self._of_kind(kind, remote, before) for name, kind in KINDS.items()}
        found = {kind: result for kind, result in results.items() if result}
        found = {kind: _known(each, found[GIT], before.get(kind)) for kind, each in found.items()}
        if renamed := _identity(remote, earlier, found[GIT]):
            found[GIT] = replace(found[GIT], warnings=(*found[GIT].warnings, *renamed))
        return _entry(remote, found)

    def _of_kind(
        self, kind: Kind, remote: RemoteRepository, earlier: Mapping[str, ItemResult]
    ) -> ItemResult | None:
        """The result for a repository's item of this kind; None if there never was one."""
        before = earlier.get(kind.name)
        reason = self.selection.kind_reason(kind, remote)
        if reason is None:
            # Until the second step, a late item keeps its earlier result.
            return before if kind.is_late else self._back_up(kind, remote, before)
        absence = self.selection.absence(kind, remote)
        # A late item need not exist: nobody has asked yet.
        known = absence is None and not kind.is_late
        was_there = known or (before and before.archive)
        return _skipped(reason, before) if was_there else None

    def _back_up(
        self,
        kind: Kind,
        remote: RemoteRepository,
        before: ItemResult | None,
        beside: Mapping[str, ItemResult] = MappingProxyType({}),
        saved: Callable[[ItemResult], None] = lambda part: None,
        *,
        is_settled: bool = False,
    ) -> ItemResult:
        """Back up under the assigned key. A warning tells once if it is not the usual one.

        ``beside`` has the results of the kinds of the first step. ``saved`` gets the result of each
        part that is stored before all is fetched.
        """
        key = self.keys[remote.identity, kind.name]
        history = self.history
        item = ItemBackup(
            kind,
            remote,
            key.text,
            replace(self.resources, beside=beside) if beside else self.resources,
            overlays=history.overlays.get(key.text, {}),
            superseded=history.superseded.get(key.text),
            beneath=history.beneath(key.text, remote.identity, kind.name),
            damaged_chains=history.damaged_chains,
            is_settled=is_settled,
        )
        part = item.back_up(before, saved)
        known = before and before.archive and before.archive.key == key.text
        if key.reason is None or known:
            return part
        return replace(part, warnings=(*part.warnings, f"{key.reason}; its own is {key.text}"))


def _entry(
    remote: RemoteRepository, results: Mapping[str, ItemResult], *, asked: bool = True
) -> Entry:
    """The manifest's entry for a repository with these results."""
    return Entry(
        remote.id,
        remote.owner,
        remote.name,
        remote.private,
        remote.fork,
        remote.archived,
        results,
        asked,
        starred=remote.starred,
    )


def _failed(remote: RemoteRepository, earlier: Entry | None, reason: str) -> Entry:
    """The entry of a repository that failed as a whole. It keeps what earlier runs stored."""
    git = ItemResult("failed", reason).keeping(earlier.git if earlier else None)
    return _entry(remote, {**(earlier.results if earlier else {}), GIT: git})


def _passed_over(remote: RemoteRepository, before: Mapping[str, ItemResult], only: str) -> Entry:
    """The entry of a repository that a narrowed run did not select.

    It keeps the result of the last run that tried; a failure remains a failure.
    """

    def as_it_was(before: ItemResult | None) -> ItemResult:
        if before and before.state in ("failed", "empty", "absent"):
            return before
        return _skipped(f"not in --only {only}", before)

    results = {kind: as_it_was(each) for kind, each in before.items()}
    return _entry(remote, {GIT: as_it_was(None), **results}, asked=False)


def _known(result: ItemResult, git: ItemResult, before: ItemResult | None) -> ItemResult:
    """The result of an item whose repository has this result.

    A token that lost the repository is not shown its wiki either: that says not that it is gone.
    """
    if git.state != "failed" or result.state != "absent" or not (before and before.archive):
        return result
    reason = "whether it is still there is not known: its repository could not be read"
    return ItemResult("failed", reason).keeping(before)


def _skipped(reason: str, before: ItemResult | None) -> ItemResult:
    """The result of an excluded item. It keeps what an earlier run stored."""
    return ItemResult("skipped", reason).keeping(before)


def _identity(remote: RemoteRepository, earlier: Entry | None, part: ItemResult) -> list[str]:
    """The warning about a rename, which GitHub's numeric id reveals."""
    if earlier is None or earlier.full_name == remote.full_name:
        return []
    archive = earlier.git.archive
    if archive is None or (part.archive and part.archive.key == archive.key):
        return [f"renamed from {earlier.full_name}"]
    return [f"renamed from {earlier.full_name}, whose archive {archive.key} is kept"]
