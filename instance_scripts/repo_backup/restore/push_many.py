"""Restores many repositories to another owner: creates each one and pushes to it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backup_contract.kinds import DATA, GIT
from repo_backup.git.protocol.advertisement import mirror_refs
from repo_backup.git.pushing.push import push
from repo_backup.git.pushing.push_plan import hidden_refs, is_github
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.new_repositories import (
    NewOwner,
    NewRepository,
    described,
    description_in,
    new_name,
)
from repo_backup.restore.archive_reader import Restored, unreadable
from repo_backup.restore.catalogue import ArchiveListing
from repo_backup.restore.many import RestoredArchive, memory_needed
from repo_backup.restore.selected_archives import SelectedRepository
from repo_backup.runtime.background import at_once
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.errors import ForbiddenError, RepositoryError

_PEELED = "^{}"
"""The suffix of a peeled tag's name: https://git-scm.com/docs/git-ls-remote"""


@dataclass
class _Refused:
    """Why GitHub refuses to create any repository with this token, once known."""

    reason: str = ""


@dataclass(frozen=True)
class ManyPushes:
    """Creates repositories for ``owner`` and pushes all refs to them.

    ``fetch`` restores one archive to a folder with a limit of memory. ``target`` returns the push
    target of a name. An existing repository is left alone if it has the same refs, filled if it has
    none or only some of them, and never overwritten.
    """

    owner: NewOwner
    fetch: Callable[[ArchiveListing, Path, int], Restored]
    target: Callable[[str], Target]
    room: Path
    memory: ResourceBudget
    refused: _Refused = field(default_factory=_Refused)

    def restore(
        self,
        selected: Sequence[SelectedRepository],
        jobs: int,
        tell: Callable[[Sequence[RestoredArchive]], None],
    ) -> list[RestoredArchive]:
        """Restore all of them, ``jobs`` in parallel. A failure does not stop the others."""
        telling = threading.Lock()

        def one(number: int) -> RestoredArchive:
            row = self.repository(selected[number])
            with telling:
                tell([row])
            return row

        return at_once(one, len(selected), jobs)

    def repository(self, selected: SelectedRepository) -> RestoredArchive:
        """Create one repository with its saved settings, and push to it."""
        by_kind = {each.kind: each for each in selected.archives}
        git = by_kind[GIT]
        row = RestoredArchive(selected.name, GIT, git.key, "failed")
        if self.refused.reason:
            return replace(row, reason=self.refused.reason)
        try:
            with (
                self.memory.reserve(min(memory_needed(git), self.memory.total)) as reservation,
                TemporaryDirectory(dir=self.room) as room,
            ):
                restored = self.fetch(git, Path(room), reservation.amount)
                known, remarks = self._description(
                    by_kind.get(DATA), Path(room), reservation.amount
                )
                new = described(new_name(row.repository), private=git.private, repository=known)
                found = replace(row, incomplete=restored.incomplete)
                found = self._push(found, restored, new)
                return replace(found, remarks=(*restored.remarks, *remarks, *found.remarks))
        except ForbiddenError as error:
            self.refused.reason = str(error)
            return replace(row, reason=str(error))
        except RepositoryError as error:
            return replace(row, reason=str(error))
        except OSError as error:
            return replace(row, reason=str(unreadable(error, self.room)))

    def _description(
        self, data: ArchiveListing | None, room: Path, memory_bytes: int
    ) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """Its saved settings; empty, with a remark, if their archive is damaged."""
        if data is None:
            return {}, ()
        try:
            return description_in(self.fetch(data, room, memory_bytes).path), ()
        except RepositoryError as error:
            return {}, (f"without description and topics: {error}",)

    def _push(
        self, row: RestoredArchive, restored: Restored, new: NewRepository
    ) -> RestoredArchive:
        target = self.target(new.name)
        there: dict[str, str] = {}
        if self.owner.exists(new.name):
            there = {name: oid for name, oid in target.refs().items() if not name.endswith(_PEELED)}
            wanted = _wanted(restored.path, target)
            if there == wanted:
                return replace(row, state="present", pushed_to=target.url)
            if any(wanted.get(ref) != oid for ref, oid in there.items()):
                raise RepositoryError(
                    f"{self.owner.login}/{new.name} exists and has other refs: delete or rename "
                    "it, or push to it with --push-to URL --force"
                )
        else:
            self.owner.create(new)
        pushed = push(restored.path, target, force=bool(there))
        return replace(row, state="restored", pushed_to=target.url, remarks=pushed.remarks)


def _wanted(mirror: Path, target: Target) -> dict[str, str]:
    """The refs that a push sends to the target."""
    _, refs = mirror_refs(mirror)
    hidden = set(hidden_refs(refs, github=is_github(target.url, target.api_url)))
    return {name: oid for name, oid in refs.items() if name not in hidden}
