"""A repository that changes from run to run."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def hello(upstream: Callable[[str], Path]) -> Path:
    """The repository upstream."""
    return upstream("hello")
