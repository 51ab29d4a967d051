"""One repository with all its kinds: what becomes of each, whatever goes wrong with it."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from backup_contract.documents.manifest import Entry, Identity, ItemResult
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.kinds import ACCOUNT, GIT
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Kind, Resources
from repo_backup.kinds.item_backup import ItemBackup
from repo_backup.kinds.item_results import is_ruled_out, is_unheard_of
from repo_backup.kinds.registry import KINDS
from repo_backup.run.key_ownership import Key
from repo_backup.run.previous_runs import History
from repo_backup.run.selection import Selection
from repo_backup.runtime.errors import BackupError

log = logging.getLogger(__name__)
_LATE = [kind for kind in KINDS.values() if kind.is_late]


@dataclass(frozen=True)
class RepositoryBackup:
    """Backs up a run's repositories, each by itself; ``keys`` are where its archives go.

    Its kinds are backed up in two steps: what is late waits until all else of all repositories is
    done. Raises FatalError and InterruptedRunError only.
    """

    selection: Selection
    history: History
    resources: Resources
    keys: Mapping[tuple[Identity, str], Key]

    def late_kinds(self, remote: Remote, results: Mapping[str, ItemResult]) -> Collection[str]:
        """What is backed up of it in the second step; ``results`` are those of the first."""
        late = [kind for kind in _LATE if not is_ruled_out(kind.name, results)]
        if not late or self.selection.skip_reason(remote) or remote.refused:
            return ()
        return {each.name for each in late if self.selection.kind_reason(each, remote) is None}

    def with_late(self, remote: Remote, entry: Entry) -> Entry:
        """The second step, on the entry that the first one made."""
        earlier = self.history.earlier(remote.identity)
        for name in sorted(self.late_kinds(remote, entry.results)):
            before = earlier.results.get(name) if earlier else None
            result = self._without_defect(KINDS[name], remote, before, entry)
            if is_unheard_of(name, result):
                others = {each: found for each, found in entry.results.items() if each != name}
                entry = replace(entry, results=others)
            else:
                entry = entry.having(name, result)
        return entry

    def account(self, remote: Remote) -> Entry | None:
        """What became of an account's own data; None where it is not backed up, and never was.

        Raises FatalError and InterruptedRunError only.
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

    @property
    def _not_asked(self) -> str:
        return f"not in --only {' '.join(self.selection.only)}"

    def _without_defect(
        self, kind: Kind, remote: Remote, before: ItemResult | None, entry: Entry
    ) -> ItemResult:
        """What became of it; a defect that one repository brings to light costs only itself."""
        try:
            return self._back_up(kind, remote, before, entry.results)
        except BackupError:
            raise
        except Exception as error:
            log.exception("a repository met a defect of this program")
            reason = f"a defect of this program: {type(error).__name__}"
            return ItemResult("failed", reason).keeping(before)

    def entry(self, remote: Remote) -> Entry:
        """What became of one repository and all that is of it, whatever went wrong with it.

        Raises FatalError and InterruptedRunError only.
        """
        earlier = self.history.earlier(remote.identity)
        try:
            return self._worked_on(remote, earlier)
        except BackupError:
            raise
        except Exception as error:
            # A defect that one repository brings to light must not cost the others.
            log.exception("a repository met a defect of this program")
            reason = f"a defect of this program: {type(error).__name__}"
            return _failed(remote, earlier, reason)

    def _worked_on(self, remote: Remote, earlier: Entry | None) -> Entry:
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
        if renamed := _identity(remote, earlier, found[GIT]):
            found[GIT] = replace(found[GIT], warnings=(*found[GIT].warnings, *renamed))
        return _entry(remote, found)

    def _of_kind(
        self, kind: Kind, remote: Remote, earlier: Mapping[str, ItemResult]
    ) -> ItemResult | None:
        """What became of a repository's item of this kind; None where there never was one."""
        before = earlier.get(kind.name)
        reason = self.selection.kind_reason(kind, remote)
        if reason is None:
            # What is late is as an earlier run left it until its turn comes.
            return before if kind.is_late else self._back_up(kind, remote, before)
        absence = self.selection.absence(kind, remote)
        # What is late need not be there: that was never asked.
        known = absence is None and not kind.is_late
        was_there = known or (before and before.archive)
        return _skipped(reason, before) if was_there else None

    def _back_up(
        self,
        kind: Kind,
        remote: Remote,
        before: ItemResult | None,
        beside: Mapping[str, ItemResult] = MappingProxyType({}),
    ) -> ItemResult:
        """Back up under the key that was settled, and tell once if that is not the usual one.

        ``beside`` is what became of the kinds of the first step.
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
        )
        part = item.back_up(before)
        known = before and before.archive and before.archive.key == key.text
        if key.reason is None or known:
            return part
        return replace(part, warnings=(*part.warnings, f"{key.reason}; its own is {key.text}"))


def _entry(remote: Remote, results: Mapping[str, ItemResult], *, asked: bool = True) -> Entry:
    """What the manifest says of a repository that came to these results."""
    return Entry(
        remote.id,
        remote.owner,
        remote.name,
        remote.private,
        remote.fork,
        remote.archived,
        results,
        asked,
    )


def _failed(remote: Remote, earlier: Entry | None, reason: str) -> Entry:
    """A repository of which nothing could be done; what an earlier run stored is not forgotten."""
    git = ItemResult("failed", reason).keeping(earlier.git if earlier else None)
    return _entry(remote, {**(earlier.results if earlier else {}), GIT: git})


def _passed_over(remote: Remote, before: Mapping[str, ItemResult], only: str) -> Entry:
    """What a narrowed run writes of a repository that it was not asked for.

    It goes on being what the last run that tried found: a failure is none the less one.
    """

    def as_it_was(before: ItemResult | None) -> ItemResult:
        if before and before.state in ("failed", "empty", "absent"):
            return before
        return _skipped(f"not in --only {only}", before)

    results = {kind: as_it_was(each) for kind, each in before.items()}
    return _entry(remote, {GIT: as_it_was(None), **results}, asked=False)


def _skipped(reason: str, before: ItemResult | None) -> ItemResult:
    """Left out; what an earlier run stored is not forgotten."""
    return ItemResult("skipped", reason).keeping(before)


def _identity(remote: Remote, earlier: Entry | None, part: ItemResult) -> list[str]:
    """What GitHub's numeric id says beyond the name."""
    if earlier is None or earlier.full_name == remote.full_name:
        return []
    archive = earlier.git.archive
    if archive is None or (part.archive and part.archive.key == archive.key):
        return [f"renamed from {earlier.full_name}"]
    return [f"renamed from {earlier.full_name}, whose archive {archive.key} is kept"]
