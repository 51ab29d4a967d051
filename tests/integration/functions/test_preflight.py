"""GitHub is asked before anything is spent, and only a definite answer stops a launch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local_cloud.github import Account, Catalogue, Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import init_repository
from shared.errors import ConfigError
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
        Fault("*", status=404, body=b"<title>404 Not Found</title>"),
        Fault("*", action="reset"),
    ],
    ids=["500", "403", "429", "401-without-a-token", "404-of-a-proxy", "reset"],
)
def test_github_in_trouble_never_keeps_a_backup_from_being_tried(
    world: World, hub: GitHubStandIn, fault: Fault
) -> None:
    hub.faults.add(fault)
    assert world.invoke("launcher", {})["status"] == "launched"


@pytest.fixture
def account(hub: GitHubStandIn) -> Catalogue:
    """octo with a private repository and an organization with another."""
    catalogue = hub.catalogue
    catalogue.accounts["octo-org"] = Account("octo-org", "Organization")
    catalogue.add(Repository(1, "octo", "secret", private=True))
    catalogue.add(Repository(2, "octo-org", "plans", private=True))
    for repository in catalogue.repositories.values():
        init_repository(hub.root / repository.owner / f"{repository.name}.git")
    return catalogue


def rights(world: World) -> list[str]:
    """What a dry run says about the token's rights."""
    answer = world.invoke("launcher", {"dry_run": True})
    assert answer["status"] == "would launch", answer
    output: list[str] = answer["rights"]
    return output


def test_a_token_with_every_right_is_not_complained_of(
    world: World, hub: GitHubStandIn, account: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OWNERS", "octo,octo-org")
    store_token(world, monkeypatch, "good")
    hub.api_headers = {"X-OAuth-Scopes": "read:org, repo"}
    assert rights(world) == []


@pytest.mark.parametrize(
    ("headers", "output"),
    [
        ({"X-OAuth-Scopes": "public_repo"}, "lacks the scope repo"),
        ({"X-OAuth-Scopes": ""}, "lacks the scope repo"),
        ({"X-GitHub-SSO": "required; url=https://github.com/x"}, "requires single sign-on"),
        ({"GitHub-Authentication-Token-Expiration": "2020-01-01 18:00:00 UTC"}, "expires in -"),
        ({"GitHub-Authentication-Token-Expiration": "2999-01-01 18:00:00 -0500"}, None),
        ({"GitHub-Authentication-Token-Expiration": "soon"}, None),
    ],
    ids=["scope", "no-scope", "single-sign-on", "expired", "later", "no-date"],
)
def test_a_right_that_is_missing_is_named_in_the_dry_run_and_launches_nothing_less(
    world: World,
    hub: GitHubStandIn,
    account: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    output: str | None,
) -> None:
    store_token(world, monkeypatch, "good")
    hub.api_headers = headers
    found = rights(world)
    assert [line for line in found if output and output in line] == found
    assert bool(found) is bool(output)
    assert world.invoke("launcher", {})["status"] == "launched"


@pytest.mark.parametrize(
    ("status", "body", "reported"),
    [
        (
            404,
            b"Repository not found.\n",
            "404: Repository not found.): give it Contents (read-only)",
        ),
        (
            403,
            b"remote: Write access to repository not granted.\n",
            "403: Write access to repository not granted.; the token lacks the permission Contents "
            "(read))",
        ),
        (
            403,
            b"Access to this repository has been disabled by GitHub staff.",
            "403: Access to this repository has been disabled by GitHub staff.)",
        ),
    ],
)
def test_a_token_that_lists_but_must_not_read_is_told_by_the_repository(
    world: World,
    hub: GitHubStandIn,
    account: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    reported: str,
) -> None:
    store_token(world, monkeypatch, "good")
    hub.faults.add(Fault("/octo/secret.git/info/refs", status=status, body=body))
    (note,) = rights(world)
    assert note == f"the token may list octo/secret but not read it ({reported}"


def test_a_token_of_somebody_else_is_told(
    world: World, hub: GitHubStandIn, account: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.accounts["ann"] = Account("ann")
    account.tokens["anns"] = "ann"
    store_token(world, monkeypatch, "anns")
    (note,) = rights(world)
    assert note.startswith("the token belongs to ann: of octo it only sees public")


def test_a_token_with_a_line_break_is_refused_and_never_shown(
    world: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_token(world, monkeypatch, "canary\ncanary")
    answer = world.invoke("launcher", {})
    assert answer["problem"].startswith("GitHubTokenParameter: what is stored in")
    assert "canary" not in str(answer)
    assert hub.requests == []


@pytest.fixture
def app(
    world: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    app_key: rsa.RSAPrivateKey,
) -> str:
    """A GitHub App, deployed but not yet installed; its private key."""
    key = hub.apps.create(key=app_key)
    world.aws.client("ssm").put_parameter(Name="/online-backup/key", Value=key, Type="SecureString")
    monkeypatch.setenv("GITHUB_APP_ID", "4711")
    monkeypatch.setenv("GITHUB_APP_KEY_PARAMETER", "/online-backup/key")
    return key


def test_an_app_that_is_installed_is_launched_and_its_key_stays_where_it_is(
    world: World, hub: GitHubStandIn, app: str
) -> None:
    hub.apps.install("octo")
    assert world.invoke("launcher", {})["status"] == "launched"
    assert hub.apps.made == 0
    stored = str(world.aws.client("dynamodb").scan(TableName="runs")["Items"])
    assert "GITHUB_APP_ID=4711" in stored
    assert "GITHUB_APP_KEY_PARAMETER=/online-backup/key" in stored
    assert app.splitlines()[1] not in stored
    assert "PRIVATE" not in stored


def test_an_apps_missing_rights_are_named_in_the_dry_run(
    world: World, hub: GitHubStandIn, app: str
) -> None:
    hub.apps.install("octo", permissions={"metadata": "read"}, selected=frozenset())
    contents, selected = rights(world)
    assert "lacks the permission Contents (read-only) at octo" in contents
    assert "on selected repositories of octo only" in selected


def test_an_app_that_is_not_installed_is_refused_with_the_way_there(
    world: World, hub: GitHubStandIn, app: str
) -> None:
    problem = world.invoke("launcher", {})["problem"]
    assert problem.startswith("GitHubAppId: App 4711 is not installed at octo. Install it there:")


def test_a_suspended_installation_is_refused(world: World, hub: GitHubStandIn, app: str) -> None:
    hub.apps.install("octo", suspended=True)
    assert "is suspended" in world.invoke("launcher", {})["problem"]


def test_a_key_of_another_app_is_refused(world: World, hub: GitHubStandIn, app: str) -> None:
    hub.apps.install("octo")
    hub.apps.create()
    problem = world.invoke("launcher", {})["problem"]
    assert problem.startswith("GitHubAppId: GitHub rejects the signature of App 4711")


def test_what_is_no_key_is_refused_and_never_shown(
    world: World, hub: GitHubStandIn, app: str
) -> None:
    world.aws.client("ssm").put_parameter(
        Name="/online-backup/key", Value="canary", Type="SecureString", Overwrite=True
    )
    problem = world.invoke("launcher", {})["problem"]
    assert problem.startswith("GitHubAppKeyParameter: what is stored in /online-backup/key is not")
    assert "file://KEY.pem" in problem
    assert "canary" not in problem


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"GITHUB_APP_ID": "4711"}, "go together"),
        ({"GITHUB_APP_KEY_PARAMETER": "/key"}, "go together"),
        (
            {
                "GITHUB_APP_ID": "4711",
                "GITHUB_APP_KEY_PARAMETER": "/key",
                "GITHUB_TOKEN_PARAMETER": "/token",
            },
            "exclude each other",
        ),
    ],
    ids=["no-key", "no-id", "token-too"],
)
def test_half_an_app_is_an_error_of_the_configuration(
    world: World, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], problem: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=problem):
        world.invoke("launcher", {})
