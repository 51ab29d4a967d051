"""A mirror's look for Git LFS takes no more memory than it may."""

import sys

import pytest

from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.git import mirror
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.runtime.cancellation import CancellationToken

_MIB = 1 << 20


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """A mirror whose attributes have 64 MiB; nobody writes to it."""
    repository = init_repository(tmp_path_factory.mktemp("attributes") / "large.git")
    text = f"{'#' * 64 * _MIB}\n*.psd filter=lfs\n"
    commit_files(repository, {".gitattributes": text}, branch="main")
    refs = {"refs/heads/main": git(repository, "rev-parse", "main").strip()}
    return Mirror(
        repository, Advertisement("", refs, {}, "refs/heads/main", None, "sha1", frozenset())
    )


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
@pytest.mark.parametrize(("allowed", "found"), [(256 * _MIB, True), (16 * _MIB, None)])
def test_attributes_of_any_size_take_no_more_memory_than_allowed(
    large: Mirror, monkeypatch: pytest.MonkeyPatch, allowed: int, found: bool | None
) -> None:
    monkeypatch.setattr(mirror, "GREP_BYTES", allowed)
    assert large.uses_lfs(CancellationToken()) is found
