"""The kind ``wiki``: a git repository of its own, beside the code's.

GitHub reports whether a repository's wiki is switched on, but not whether it has any page:
https://docs.github.com/en/communities/documenting-your-project-with-wikis
"""

from backup_contract.kinds import WIKI
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git.git_mirror import GitMirror, MirrorKind

_USUAL_BYTES = 16 << 20


class Wiki(MirrorKind):
    """A repository's wiki."""

    name = WIKI
    optional = True
    is_late = False

    def absence(self, remote: RemoteRepository) -> str | None:
        """Only a wiki that is switched on can be fetched."""
        return None if remote.has_wiki else "wiki switched off"

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """A guess: the sizes that GitHub reports do not include wikis."""
        return _USUAL_BYTES

    def upstream(self, remote: RemoteRepository, resources: Resources) -> GitMirror:
        """The wiki at its clone address."""
        return GitMirror(wiki_url(remote), f"{remote.name}.wiki.git", resources)


def wiki_url(remote: RemoteRepository) -> str:
    """The wiki's clone address: only the trailing ``.git`` is replaced (``octo.github.io``)."""
    return remote.clone_url.removesuffix(".git") + ".wiki.git"
