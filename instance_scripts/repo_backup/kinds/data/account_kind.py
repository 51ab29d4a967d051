"""The kind ``account``: members, teams, stars, followers and settings of an account.

It is saved like project data, as documents in an archive and overlays, and is read again each week.
"""

from dataclasses import dataclass

from backup_contract.kinds import ACCOUNT
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.data.data_kind import ProjectData, RemoteData
from repo_backup.runtime.errors import RepositoryError


@dataclass(frozen=True)
class AccountData(ProjectData):
    """An account's data. ``clock`` decides what is due."""

    name = ACCOUNT

    def upstream(self, remote: RemoteRepository, resources: Resources) -> RemoteData:
        """The account's data at its host. Raises RepositoryError if the host serves none."""
        if resources.accounts is None:
            raise RepositoryError("account data cannot be read from this host")
        return RemoteData(remote, resources, resources.accounts, self.clock())
