"""Estimates the storage of an account's release assets, from the sizes that GitHub lists; USD."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from backup_contract.prices import storage_month
from backup_contract.text import size
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import ReleaseHost
from repo_backup.runtime.errors import RepositoryError

MOST_REPOSITORIES = 200
"""How many repositories are counted. Each takes one request or more."""

LFS_UNKNOWN = (
    "Git LFS objects are not in these figures, because GitHub does not list their sizes. The mail "
    "of the first run says how many there are. With --lfs, each costs its storage and one download "
    "from the owner's LFS bandwidth."
)


@dataclass(frozen=True)
class AssetEstimate:
    """Number and bytes of release assets. ``uncounted`` is the number of repositories not counted.

    A run fetches at most ``run_bytes``. ``errors`` say why some could not be counted.
    """

    count: int
    bytes: int
    uncounted: int
    run_bytes: int
    errors: tuple[str, ...] = ()

    @property
    def storage(self) -> Decimal:
        """USD per month, once all are saved."""
        return storage_month(self.bytes)

    @property
    def runs(self) -> int:
        """How many runs it takes to fetch them."""
        return math.ceil(self.bytes / self.run_bytes) if self.run_bytes else 0

    @property
    def sentence(self) -> str:
        """The estimate as text; empty if there is nothing to say."""
        missing = ""
        if self.uncounted:
            noun = "repository" if self.uncounted == 1 else "repositories"
            missing = f" The releases of {self.uncounted} {noun} were not counted."
        if not self.count:
            return f"There are no release assets.{missing}" if missing else ""
        files = "1 release asset" if self.count == 1 else f"{self.count} release assets"
        when = "The first run" if self.runs <= 1 else f"The first {self.runs} runs"
        verb = "downloads" if self.runs <= 1 else "download"
        return f"{when} {verb} {files} ({size(self.bytes)}).{missing}"


def estimate_assets(
    host: ReleaseHost,
    remotes: Sequence[RemoteRepository],
    counts: Sequence[Mapping[str, int]],
    run_bytes: int,
) -> AssetEstimate:
    """Count the assets of the first ``MOST_REPOSITORIES`` repositories that have releases.

    ``counts`` are GitHub's counts by name, in the order of ``remotes``.
    """
    with_releases = [
        remote for remote, found in zip(remotes, counts, strict=True) if found.get("releases")
    ]
    sizes: list[int] = []
    errors: list[str] = []
    for remote in with_releases[:MOST_REPOSITORIES]:
        try:
            sizes += host.asset_sizes(remote)
        except RepositoryError as error:
            errors.append(f"{remote.full_name}: its release assets are not counted: {error}")
    uncounted = max(0, len(with_releases) - MOST_REPOSITORIES) + len(errors)
    return AssetEstimate(len(sizes), sum(sizes), uncounted, run_bytes, tuple(errors))
