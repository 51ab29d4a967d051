"""What a full run would give up, and when somebody is told to make one."""

from pathlib import Path

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain
from backup_contract.documents.manifest import Archive, Entry, ItemResult
from backup_contract.kinds import GIT
from repo_backup.run.lost_runs import long_chains, objection
from repo_backup.store.base import Capabilities
from repo_backup.store.directory import DirectoryStore


def _entry(links: int, version_id: str | None = None) -> Entry:
    archive = Archive("github_backups/octo/a.zip", 10, "a" * 64, "r1", version_id=version_id)
    chain = Chain(layout.chain_id("a" * 64), links, 10, 1, "b" * 64, "r2", None, 0)
    result = ItemResult("unchanged", archive=archive, chain=chain)
    return Entry(1, "octo", "a", False, False, False, {GIT: result})


class Versioned(DirectoryStore):
    """A destination that keeps versions."""

    capabilities = Capabilities(conditional_writes=True, versions=True, full_checksums=True)


def test_the_latest_of_the_runs_that_would_be_given_up_are_named() -> None:
    assert "r3, r2, r1 could no longer be restored" in objection(["r3", "r2", "r1"])
    assert "r7, r6, r5, r4, r3 and 2 earlier ones could" in objection(
        [f"r{number}" for number in range(7, 0, -1)]
    )


def test_a_long_chain_is_told_of_only_where_no_run_makes_a_new_base(tmp_path: Path) -> None:
    folder = DirectoryStore(tmp_path)
    assert long_chains(folder, _entry(59).items) == []
    (notice,) = long_chains(folder, _entry(60).items)
    assert notice.startswith("1 archive has 60 overlays")
    bucket = Versioned(tmp_path)
    assert long_chains(bucket, _entry(60, "v1").items) == []
    # Its versioning is suspended.
    assert long_chains(bucket, _entry(60, "null").items) == [notice]
