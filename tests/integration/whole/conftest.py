"""An account on AWS and one on GitHub."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.catalogue import Account, Catalogue
from local_cloud.github.corpus import CORPUS_TOKEN, commit_files, git, init_repository
from local_cloud.github.remembered import RememberingBackend
from repo_backup.runtime import retry
from tests.integration.functions.matrix import deployed
from tests.integration.functions.world import World, new_world
from tests.integration.whole.system import System


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launcher artifact's root."""
    return deployed(tmp_path_factory.mktemp("deployment"))


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``hello`` with a wiki and a branch ``topic``, and ``other``; nobody writes to it."""
    root = tmp_path_factory.mktemp("account")
    catalogue = Catalogue({"octo": Account("octo")}, tokens={CORPUS_TOKEN: "octo"})
    for number, name in enumerate(("hello", "other", "hello.wiki"), 1):
        path = init_repository(root / "octo" / f"{name}.git")
        commit_files(path, {"README.md": f"{name}\n"})
        commit_files(path, {"more.txt": "1\n"}, message="More")
        if not name.endswith(".wiki"):
            catalogue.add(Repository(number, "octo", name, has_wiki=name == "hello"))
    git(root / "octo/hello.git", "branch", "topic", "main")
    catalogue.save(root)
    return root


@pytest.fixture(scope="session")
def backend() -> RememberingBackend:
    """git on GitHub's side."""
    return RememberingBackend()


@pytest.fixture
def world(deployment: Path) -> Iterator[World]:
    """A fresh account and a clock that stands at the schedule's time."""
    with new_world(deployment) as fresh:
        yield fresh


@pytest.fixture
def system(
    world: World,
    account: Path,
    backend: RememberingBackend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[System]:
    """Everything together; the program's scratch directory is the test's."""
    root, scratch = tmp_path / "hub", tmp_path / "scratch"
    shutil.copytree(account, root, symlinks=True)
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(retry, "FIRST_DELAY_SECONDS", 0.01)
    with GitHubStandIn(root, backend=backend.open) as hub:
        yield System(world, hub, monkeypatch)
