"""One embedded cloud, one stand-in for GitHub and one deployed stack for all end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud import stack as stacks
from local_cloud.github import CORPUS_OWNER, CORPUS_TOKEN, GitHubStandIn, build_corpus
from local_cloud.session import Session
from local_cloud.stack import Stack

TOKEN_PARAMETER = "/online-backup/token"


@pytest.fixture(scope="session")
def cloud() -> Iterator[Session]:
    """A running embedded cloud with minutes of half a second, and every event sent twice."""
    with Session(minute_seconds=0.5, event_copies=2) as session:
        yield session


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubStandIn]:
    """A stand-in for GitHub with a small account in it."""
    root: Path = tmp_path_factory.mktemp("github")
    build_corpus(root)
    with GitHubStandIn(root) as hub:
        yield hub


@pytest.fixture(scope="session")
def stack(cloud: Session, hub: GitHubStandIn) -> Iterator[Stack]:
    """OnlineBackup, built and deployed; at the end, no right may have been missing."""
    cloud.client("ssm").put_parameter(Name=TOKEN_PARAMETER, Type="SecureString", Value=CORPUS_TOKEN)
    stacks.build(cloud)
    yield Stack.deploy(
        cloud,
        "online-backup-e2e",
        {
            "GitHubOwner": CORPUS_OWNER,
            "GitHubApiUrl": hub.api_url,
            "GitHubTokenParameter": TOKEN_PARAMETER,
            "NotificationEmail": "you@example.com",
        },
    )
    denied = [line for line in cloud.log_end(100_000).splitlines() if "DENIED" in line]
    assert [line for line in denied if "online-backup-e2e" in line] == []


@pytest.fixture(autouse=True)
def healthy_github(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves faults behind for the next."""
    yield
    if "hub" in request.fixturenames:
        request.getfixturevalue("hub").faults.clear()
