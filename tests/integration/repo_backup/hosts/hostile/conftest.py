"""A repository that somebody prepared, and what must hold after each attack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import CORPUS_TOKEN, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, init_repository
from tests.integration.repo_backup.conftest import Destination


@pytest.fixture
def evil(hub: GitHubStandIn) -> Path:
    """A repository of octo's that a test turns against the backup."""
    hub.catalogue.add(Repository(66, "octo", "evil"))
    path = init_repository(hub.root / "octo" / "evil.git")
    commit_files(path, {"README": "harmless\n"})
    return path


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, destination: Destination, capfd: Any) -> Iterator[None]:
    """After each attack: no token anywhere, nothing run, nothing outside, no scratch left."""
    before = set(tmp_path.iterdir())
    yield
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"mirrors", "pwned.sh"}
    assert list((tmp_path / "scratch").iterdir()) == []
    output = capfd.readouterr()
    files = (path for path in destination.root.rglob("*") if path.is_file())
    for text in (output.out.encode(), output.err.encode(), *(path.read_bytes() for path in files)):
        assert CORPUS_TOKEN.encode() not in text
