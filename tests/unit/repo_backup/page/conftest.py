"""A destination to write runs to."""

from pathlib import Path

import pytest

from tests.unit.repo_backup.page.runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """An empty directory."""
    return Runs(tmp_path / "store")
