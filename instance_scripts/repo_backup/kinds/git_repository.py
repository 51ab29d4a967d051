"""The kind ``git``: a repository itself, which each has."""

from functools import partial

from backup_contract.kinds import GIT
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git_mirror import GitMirror, MirrorKind

_LEAST_BYTES = 4 << 20


class GitRepository(MirrorKind):
    """A repository's own branches, tags and other refs."""

    name = GIT
    optional = False
    is_late = False

    def absence(self, remote: Remote) -> None:
        """None: what is listed is there."""

    def disk_bytes(self, remote: Remote) -> int:
        """By GitHub's estimate."""
        return remote.size_kib * 1024 + _LEAST_BYTES

    def upstream(self, remote: Remote, resources: Resources) -> GitMirror:
        """The repository at its clone address."""
        return GitMirror(
            remote.clone_url,
            f"{remote.name}.git",
            resources,
            seeks_lfs=True,
            replaced_since=partial(resources.replaced_since, remote),
        )
