"""The kind ``gist``: the git repository that a gist is.

The list of gists tells when each was changed last, so that one which was not is not asked for.
"""

from datetime import datetime, timedelta

from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import GIST
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git.git_mirror import GitMirror
from repo_backup.kinds.git.git_repository import GitRepository

ASKED_AGAIN_AFTER = timedelta(days=28)
"""Whatever the list says, the refs of each gist are compared that often."""
_SETTLED = ("backed-up", "unchanged")


class Gist(GitRepository):
    """A gist with its history: a git repository whose estimated size is that of its files."""

    name = GIST

    def upstream(self, remote: RemoteRepository, resources: Resources) -> GitMirror:
        """The gist at its clone address, without LFS objects and without who rewrote it."""
        return GitMirror(remote.clone_url, f"{remote.name}.git", resources)


def is_settled(remote: RemoteRepository, earlier: ItemResult | None, now: datetime) -> bool:
    """Whether the list alone tells that a gist is as an earlier run left it. Pure.

    One whose date cannot be read, or that failed, is asked for.
    """
    if earlier is None or earlier.listing is None or earlier.state not in _SETTLED:
        return False
    asked_at = datetime.fromisoformat(earlier.listing.asked_at)
    is_same = bool(remote.updated_at) and remote.updated_at == earlier.listing.updated_at
    return is_same and timedelta() <= now - asked_at < ASKED_AGAIN_AFTER
