"""Decides which repositories and kinds are backed up, and why others are not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from backup_contract.kinds import GIT
from backup_contract.kinds import KINDS as KINDS_OF_ALL
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Kind
from repo_backup.kinds.registry import KINDS


@dataclass(frozen=True)
class Selection:
    """Which repositories are backed up; globs match ``owner/name`` or ``name``, in lower case.

    ``only`` narrows a single run; all other fields are standing options. ``excluded_kinds`` maps a
    kind's name to the option that excludes it. This run's host does not have
    ``unavailable_kinds``.
    """

    only: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    forks: bool = True
    archived: bool = True
    excluded_kinds: Mapping[str, str] = field(default_factory=dict)
    max_size_kib: int | None = None
    unavailable_kinds: tuple[str, ...] = ()

    def names(self, remote: RemoteRepository) -> bool:
        """Whether ``--only`` names this repository, or is not given."""
        return not self.only or any(_matches(remote, glob) for glob in self.only)

    def kinds_of(self, remote: RemoteRepository) -> list[Kind]:
        """The kinds to back up of a repository that is backed up."""
        return [kind for kind in KINDS.values() if self.kind_reason(kind, remote) is None]

    def kind_reason(self, kind: Kind, remote: RemoteRepository) -> str | None:
        """Why this kind is not backed up for a repository; None if it is."""
        return self.absence(kind, remote) or self.excluded_kinds.get(kind.name)

    def absence(self, kind: Kind, remote: RemoteRepository) -> str | None:
        """Why a repository cannot have an item of this kind; None if it can."""
        if kind.name in self.unavailable_kinds:
            return "this host has none"
        if remote.starred and kind.name != GIT:
            return "of what is starred only git is saved"
        if KINDS_OF_ALL[kind.name].of != remote.of:
            return f"{'an' if remote.of == 'account' else 'a'} {remote.of} has none"
        return kind.absence(remote)

    def skip_reason(self, remote: RemoteRepository) -> str | None:
        """Why this repository is not backed up; None if it is."""
        if reason := self.standing_reason(remote):
            return reason
        return None if self.names(remote) else f"not in --only {' '.join(self.only)}"

    def standing_reason(self, remote: RemoteRepository) -> str | None:
        """Which standing option excludes it, whatever ``--only`` says; None if none does."""
        if remote.of == "account":
            return None
        if (
            self.include
            and remote.of == "repository"
            and not any(_matches(remote, glob) for glob in self.include)
        ):
            return f"not in --include {' '.join(self.include)}"
        for glob in self.exclude:
            if _matches(remote, glob):
                return f"--exclude {glob}"
        if remote.fork and not self.forks:
            return "--no-forks"
        if remote.archived and not self.archived:
            return "--no-archived"
        if self.max_size_kib is not None and remote.size_kib > self.max_size_kib:
            return f"--max-size: {remote.size_kib} KiB"
        return None


def _matches(remote: RemoteRepository, glob: str) -> bool:
    names = (remote.name.lower(), remote.full_name.lower())
    return any(fnmatchcase(name, glob.lower()) for name in names)
