"""The kind ``gist``: the git repository of a gist.

The list of gists has the date of each gist's last change, so an unchanged gist needs no request.
"""

from datetime import datetime, timedelta

from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import GIST
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git.git_mirror import GitMirror
from repo_backup.kinds.git.git_repository import GitRepository

COMPARED_AGAIN_AFTER = timedelta(days=28)
"""The refs of a gist are compared at least this often, even if its date has not changed."""
_SETTLED = ("backed-up", "unchanged")


class Gist(GitRepository):
    """A gist with its history. The estimate of its size is the size of its files."""

    name = GIST

    def upstream(self, remote: RemoteRepository, resources: Resources) -> GitMirror:
        """The gist at its clone URL. It has no LFS objects, and GitHub does not report who rewrote
        it."""
        return GitMirror(remote.clone_url, f"{remote.name}.git", resources)


def is_settled(remote: RemoteRepository, earlier: ItemResult | None, now: datetime) -> bool:
    """Whether the list alone shows that a gist is as an earlier run left it. Pure.

    False if its date cannot be read, or if the earlier run failed.
    """
    if earlier is None or earlier.listing is None or earlier.state not in _SETTLED:
        return False
    asked_at = datetime.fromisoformat(earlier.listing.asked_at)
    is_same = bool(remote.updated_at) and remote.updated_at == earlier.listing.updated_at
    return is_same and timedelta() <= now - asked_at < COMPARED_AGAIN_AFTER
