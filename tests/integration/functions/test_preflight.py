"""GitHub is asked before anything is spent, and only a definite answer stops a launch."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.github import Account, Catalogue, Fault, GitHubStandIn
from tests.integration.functions.world import SCHEDULED, World

TOKEN = "/online-backup/token"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubStandIn]:
    """A GitHub that knows octo, whose token is ``good``."""
    with GitHubStandIn(tmp_path) as running:
        running.catalogue = Catalogue({"octo": Account("octo")}, {}, {"good": "octo"})
        monkeypatch.setenv("GITHUB_API_URL", running.api_url)
        yield running


def store_token(world: World, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    world.aws.client("ssm").put_parameter(Name=TOKEN, Value=value, Type="SecureString")
    monkeypatch.setenv("GITHUB_TOKEN_PARAMETER", TOKEN)


def test_an_owner_that_exists_is_launched(world: World, hub: GitHubStandIn) -> None:
    assert world.invoke("launcher", {})["status"] == "launched"
    assert [request.path for request in hub.requests] == ["/users/octo"]


def test_an_owner_that_does_not_exist_is_refused_by_name(
    world: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OWNERS", "octo,ghost")
    answer = world.invoke("launcher", {})
    assert answer["status"] == "refused"
    assert answer["problem"].startswith("GitHubOwner: GitHub knows no account named ghost.")
    assert world.running() == []


def test_a_token_that_github_rejects_is_refused_and_never_shown(
    world: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_token(world, monkeypatch, "canary-bad-token")
    world.send("launcher", SCHEDULED)
    (mail,) = world.mails
    assert "GitHubTokenParameter: GitHub rejects the token in /online-backup/token" in mail.body
    assert "aws ssm put-parameter --overwrite" in mail.body
    stored = world.aws.client("dynamodb").scan(TableName="runs")["Items"]
    assert "canary" not in mail.body + str(stored)
    assert world.running() == []


def test_a_good_token_is_sent_in_the_header_and_kept_out_of_the_user_data(
    world: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_token(world, monkeypatch, "good")
    assert world.invoke("launcher", {})["status"] == "launched"
    assert hub.requests[0].authorization == "Bearer"
    (run,) = [
        item["document"]["S"]
        for item in world.aws.client("dynamodb").scan(TableName="runs")["Items"]
        if "document" in item
    ]
    assert "GITHUB_TOKEN_PARAMETER=/online-backup/token" in run
    assert "good" not in run


@pytest.mark.parametrize(
    "fault",
    [
        Fault("*", status=500),
        Fault("*", status=403, headers={"Retry-After": "60"}),
        Fault("*", status=429),
        Fault("*", status=401),
        Fault("*", action="reset"),
    ],
    ids=["500", "403", "429", "401-without-a-token", "reset"],
)
def test_github_in_trouble_never_keeps_a_backup_from_being_tried(
    world: World, hub: GitHubStandIn, fault: Fault
) -> None:
    hub.faults.add(fault)
    assert world.invoke("launcher", {})["status"] == "launched"
