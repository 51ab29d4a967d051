"""The kind ``wiki``: a git repository beside that of the code.

GitHub says of each repository whether its wiki is switched on, and of none whether it has a page:
https://docs.github.com/en/communities/documenting-your-project-with-wikis
"""

from backup_contract.kinds import WIKI
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git_mirror import GitMirror, MirrorKind

_USUAL_BYTES = 16 << 20


class Wiki(MirrorKind):
    """A repository's wiki."""

    name = WIKI
    optional = True
    is_late = False

    def absence(self, remote: Remote) -> str | None:
        """Only what is switched on can be fetched."""
        return None if remote.has_wiki else "wiki switched off"

    def disk_bytes(self, remote: Remote) -> int:
        """A guess: GitHub's sizes leave wikis out."""
        return _USUAL_BYTES

    def upstream(self, remote: Remote, resources: Resources) -> GitMirror:
        """The wiki at its clone address."""
        return GitMirror(wiki_url(remote), f"{remote.name}.wiki.git", resources)


def wiki_url(remote: Remote) -> str:
    """The wiki's clone address: only the trailing ``.git`` is replaced (``octo.github.io``)."""
    return remote.clone_url.removesuffix(".git") + ".wiki.git"
