"""The kinds that this program backs up, by name, in the order in which a run takes them."""

from repo_backup.kinds.base import Kind
from repo_backup.kinds.data.account_kind import AccountData
from repo_backup.kinds.data.data_kind import ProjectData
from repo_backup.kinds.git_repository import GitRepository
from repo_backup.kinds.lfs.kind import Lfs
from repo_backup.kinds.wiki import Wiki
from repo_backup.runtime.errors import UnfitMachineError, said

_KINDS: tuple[Kind, ...] = (GitRepository(), Wiki(), ProjectData(), Lfs(), AccountData())
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}


def kind_named(name: str) -> Kind:
    """The kind by its name. Raises UnfitMachineError for one of a later version."""
    if name not in KINDS:
        raise UnfitMachineError(
            f"this version of repo_backup does not know archives of the kind {said(name)}; use a "
            "later version"
        )
    return KINDS[name]
