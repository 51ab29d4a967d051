"""A kind of which the other results of a repository tell that there is nothing is not asked for."""

import pytest

from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.kinds import DATA, GIT, LFS
from repo_backup.kinds.item_results import is_ruled_out

ARCHIVE = Archive("github_backups/octo/one.zip", 10, "0" * 64, "run")
WITHOUT = ItemResult("unchanged", archive=ARCHIVE)
WITH = ItemResult("unchanged", lfs=True, archive=ARCHIVE)
LISTED = ItemResult("unchanged", archive=ARCHIVE)


@pytest.mark.parametrize(
    ("kind", "results", "ruled_out"),
    [
        (LFS, {GIT: WITHOUT}, True),
        (LFS, {GIT: ItemResult("failed", lfs=True)}, True),
        (LFS, {}, True),
        (LFS, {GIT: WITH}, False),
        (LFS, {GIT: WITHOUT, LFS: LISTED}, False),
        (DATA, {GIT: WITHOUT}, False),
    ],
)
def test_large_files_are_ruled_out_where_git_needs_none_and_no_list_is_kept(
    kind: str, results: dict[str, ItemResult], *, ruled_out: bool
) -> None:
    assert is_ruled_out(kind, results) is ruled_out
