"""The kind ``git``: the git repository itself. Every repository has one."""

from functools import partial

from backup_contract.kinds import GIT
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git.git_mirror import GitMirror, MirrorKind

_LEAST_BYTES = 4 << 20


class GitRepository(MirrorKind):
    """A repository's own branches, tags and other refs."""

    name = GIT
    optional = False
    is_late = False

    def absence(self, remote: RemoteRepository) -> None:
        """None: whatever is listed has one."""

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """The host's estimate of the repository's size, and a minimum."""
        return remote.size_kib * 1024 + _LEAST_BYTES

    def upstream(self, remote: RemoteRepository, resources: Resources) -> GitMirror:
        """The repository at its clone address."""
        return GitMirror(
            remote.clone_url,
            f"{remote.name}.git",
            resources,
            seeks_lfs=True,
            replaced_since=partial(resources.replaced_since, remote),
        )
