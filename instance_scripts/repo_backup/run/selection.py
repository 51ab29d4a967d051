"""What is left out, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from backup_contract.kinds import KINDS as KINDS_OF_ALL
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Kind
from repo_backup.kinds.registry import KINDS


@dataclass(frozen=True)
class Selection:
    """Which repositories are backed up; globs match ``owner/name`` or ``name``, in lower case.

    ``only`` narrows one run and says nothing of what the others are worth; all else stands.
    ``excluded_kinds`` tell by the kind's name which option excludes it; of ``unavailable_kinds``
    this run's host has none.
    """

    only: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    forks: bool = True
    archived: bool = True
    excluded_kinds: Mapping[str, str] = field(default_factory=dict)
    max_size_kib: int | None = None
    unavailable_kinds: tuple[str, ...] = ()

    def names(self, remote: Remote) -> bool:
        """Whether ``--only``, where it is given, names this repository."""
        return not self.only or any(_matches(remote, glob) for glob in self.only)

    def kinds_of(self, remote: Remote) -> list[Kind]:
        """What is backed up of a repository that is backed up."""
        return [kind for kind in KINDS.values() if self.kind_reason(kind, remote) is None]

    def kind_reason(self, kind: Kind, remote: Remote) -> str | None:
        """Why nothing of this kind is backed up of a repository; None if it is."""
        return self.absence(kind, remote) or self.excluded_kinds.get(kind.name)

    def absence(self, kind: Kind, remote: Remote) -> str | None:
        """Why a repository cannot have one of this kind; None if it can."""
        if kind.name in self.unavailable_kinds:
            return "this host has none"
        if KINDS_OF_ALL[kind.name].of_account != remote.is_account:
            return "a repository has none" if remote.name else "an account has none"
        return kind.absence(remote)

    def skip_reason(self, remote: Remote) -> str | None:
        """Why this repository is left out; None when it is backed up."""
        if reason := self.standing_reason(remote):
            return reason
        return None if self.names(remote) else f"not in --only {' '.join(self.only)}"

    def standing_reason(self, remote: Remote) -> str | None:
        """Why it is left out whatever this one run is narrowed to; None when it is not."""
        if remote.is_account:
            return None
        if self.include and not any(_matches(remote, glob) for glob in self.include):
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


def _matches(remote: Remote, glob: str) -> bool:
    names = (remote.name.lower(), remote.full_name.lower())
    return any(fnmatchcase(name, glob.lower()) for name in names)
