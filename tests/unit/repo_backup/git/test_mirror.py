"""A mirror's look for Git LFS takes no more memory than it may."""

import sys
from pathlib import Path

import pytest

from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.git import mirror
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.runtime.cancellation import Stop

_MIB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
@pytest.mark.parametrize(("allowed", "found"), [(256 * _MIB, True), (16 * _MIB, None)])
def test_attributes_of_any_size_take_no_more_memory_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int, found: bool | None
) -> None:
    monkeypatch.setattr(mirror, "GREP_BYTES", allowed)
    repository = init_repository(tmp_path / "large.git")
    text = f"{'#' * 64 * _MIB}\n*.psd filter=lfs\n"
    commit_files(repository, {".gitattributes": text}, branch="main")
    refs = {"refs/heads/main": git(repository, "rev-parse", "main").strip()}
    known = Advertisement("", refs, {}, "refs/heads/main", None, "sha1", frozenset())
    assert Mirror(repository, known).uses_lfs(Stop()) is found
