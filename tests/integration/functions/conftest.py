"""The world that these tests happen in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.functions.world import World, new_world

BOOTSTRAP = Path(__file__).parents[3] / "instance_scripts" / "bootstrap.sh"


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launcher artifact's root: the bootstrap, and some program's zip."""
    root = tmp_path_factory.mktemp("deployment")
    (root / "bootstrap.sh").write_bytes(BOOTSTRAP.read_bytes())
    (root / "repo_backup.zip").write_bytes(b"the program")
    return root


@pytest.fixture
def world(deployment: Path) -> Iterator[World]:
    """A fresh account and a clock that stands at the schedule's time."""
    with new_world(deployment) as fresh:
        yield fresh
