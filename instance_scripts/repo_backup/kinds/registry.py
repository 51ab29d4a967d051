"""The kinds that this program backs up, by name, in the order in which a run takes them."""

from backup_contract.text import one_line
from repo_backup.kinds.base import Kind
from repo_backup.kinds.data.account_kind import AccountData
from repo_backup.kinds.data.data_kind import ProjectData
from repo_backup.kinds.gists.gist_kind import Gist
from repo_backup.kinds.git.git_repository import GitRepository
from repo_backup.kinds.git.wiki import Wiki
from repo_backup.kinds.lfs.kind import Lfs
from repo_backup.runtime.errors import UnfitMachineError

_KINDS: tuple[Kind, ...] = (GitRepository(), Wiki(), ProjectData(), Lfs(), AccountData(), Gist())
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}


def kind_named(name: str) -> Kind:
    """The kind by its name. Raises UnfitMachineError for one of a later version."""
    if name not in KINDS:
        raise UnfitMachineError(
            f"this version of repo-backup does not know archives of the kind {one_line(name)}; "
            "use a later version"
        )
    return KINDS[name]
