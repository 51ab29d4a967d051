"""What release assets would cost is counted from GitHub's sizes, within a bound of requests."""

from dataclasses import replace

from repo_backup.health import asset_estimate
from repo_backup.health.asset_estimate import AssetEstimate, estimate_assets
from repo_backup.hosts.base import RemoteRepository
from repo_backup.runtime.errors import RepositoryError
from tests.unit.repo_backup.kinds.data.host import HELLO, MemoryHost


class Host(MemoryHost):
    """Refuses one repository."""

    def asset_sizes(self, remote: RemoteRepository) -> list[int]:
        if remote.id == 2:
            raise RepositoryError("refused")
        return [1 << 30, 1 << 30]


def test_only_repositories_that_have_releases_are_asked_and_a_refusal_is_named() -> None:
    remotes = [replace(HELLO, id=number) for number in (1, 2, 3)]
    found = estimate_assets(Host(), remotes, [{"releases": 1}, {"releases": 1}, {}], 1 << 30)
    assert (found.count, found.bytes, found.uncounted, found.runs) == (2, 2 << 30, 1, 2)
    assert found.errors == ("octo/hello: its release assets are not counted: refused",)
    assert f"{found.storage:.3f}" == "0.046"
    assert found.sentence == (
        "The first 2 runs download 2 release assets (2.1 GB). "
        "The releases of 1 repository were not counted."
    )


def test_no_more_repositories_are_asked_than_the_bound() -> None:
    count = asset_estimate.MOST_REPOSITORIES + 5
    remotes = [replace(HELLO, id=number + 10) for number in range(count)]
    found = estimate_assets(Host(), remotes, [{"releases": 1}] * count, 1 << 40)
    assert (found.count, found.uncounted) == (2 * asset_estimate.MOST_REPOSITORIES, 5)


def test_an_account_without_release_assets_is_not_told_of_any() -> None:
    assert AssetEstimate(0, 0, 0, 1).sentence == ""
    assert AssetEstimate(1, 5, 0, 9).sentence == "The first run downloads 1 release asset (5 B)."
