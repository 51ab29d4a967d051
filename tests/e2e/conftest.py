"""One embedded cloud for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from local_cloud.session import Session


@pytest.fixture(scope="session")
def cloud() -> Iterator[Session]:
    """A running embedded cloud whose ``shutdown +N`` minutes last half a second."""
    with Session(minute_seconds=0.5) as session:
        yield session
