"""What the tests of a bucket share: an archive that goes in parts, made once."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.store import s3 as s3_module

PART_BYTES = 5 << 20
"""The smallest part that S3 takes."""
BYTES = PART_BYTES + (1 << 18)


@pytest.fixture(scope="session")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed repository of a part and a bit: git would compress it anew for each clone."""
    repository = init_repository(tmp_path_factory.mktemp("noise") / "large.git")
    git(repository, "config", "core.compression", "0")
    commit_files(repository, {"noise": random.Random(7).randbytes(BYTES)})
    git(repository, "repack", "-a", "-d", "-q")
    return repository


@pytest.fixture
def large(
    hub: GitHubStandIn,
    upstream: Callable[[str], Path],
    noise: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A repository whose archive goes in two parts; its key."""
    monkeypatch.setattr(s3_module.S3Store, "part_bytes", PART_BYTES)
    shutil.copytree(noise, upstream("large"))
    hub.catalogue.add(Repository(88, "octo", "large"))
    return "github_backups/octo/large.zip"
