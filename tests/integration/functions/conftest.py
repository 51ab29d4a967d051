"""The world that these tests happen in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.functions.matrix import deployed
from tests.integration.functions.world import World, new_world


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launcher artifact's root."""
    return deployed(tmp_path_factory.mktemp("deployment"))


@pytest.fixture
def world(deployment: Path) -> Iterator[World]:
    """A fresh account and a clock that stands at the schedule's time."""
    with new_world(deployment) as fresh:
        yield fresh
