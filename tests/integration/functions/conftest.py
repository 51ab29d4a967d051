"""The world that these tests happen in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.integration.functions.matrix import deployed
from tests.integration.functions.world import World, new_world


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launcher artifact's root."""
    return deployed(tmp_path_factory.mktemp("deployment"))


@pytest.fixture(scope="package", autouse=True)
def one_aws() -> Iterator[None]:
    """moto starts once for all tests: that takes as long as a few dozen of its answers."""
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield


@pytest.fixture
def world(deployment: Path) -> Iterator[World]:
    """A fresh account and a clock that stands at the schedule's time."""
    with new_world(deployment) as fresh:
        yield fresh
