"""A GitHub App instead of a token: signed for real, and its tokens made anew during the run."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from backup_contract.app_jwt import PrivateKey
from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn
from local_cloud.github.data.rest.routes import ROUTES
from repo_backup.cli.main import main
from repo_backup.hosts.github.app_installations import AppSignature, Installations
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from tests.integration.repo_backup.conftest import ALL, Destination

ALL_PERMISSIONS = {each for route in ROUTES for each in route.permissions} | {"discussions"}


@pytest.fixture
def key(hub: GitHubStandIn, environment: pytest.MonkeyPatch, app_key: rsa.RSAPrivateKey) -> str:
    """An App that is installed at octo, given to the program; its private key."""
    key = hub.apps.create(key=app_key)
    hub.apps.install("octo")
    environment.delenv("GITHUB_TOKEN")
    environment.setenv("GITHUB_APP_ID", "4711")
    environment.setenv("GITHUB_APP_KEY", key)
    return key


def backup(destination: Destination, *arguments: str) -> int:
    return destination.public_backup("--no-drill", "--jobs", "1", *arguments)


def test_everything_is_backed_up_private_repositories_and_wikis_too(
    destination: Destination, key: str
) -> None:
    assert backup(destination) == 0
    assert {name for name in destination.states() if ".wiki" not in name} == set(ALL)
    assert destination.states()["secret"] == "backed-up"
    assert destination.states()["secret.wiki"] == "backed-up"
    assert destination.manifest()["token_expires_at"] is None
    assert destination.manifest()["notices"] == []


def test_an_app_with_all_rights_saves_all_project_data_of_a_private_repository(
    destination: Destination, hub: GitHubStandIn, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.apps.installations["octo"].permissions = dict.fromkeys(ALL_PERMISSIONS, "read")
    assert destination.public_backup("--include", "secret", data=True) == 0
    data = destination.entry("secret")["data"]
    assert (data["state"], data.get("sections", [])) == ("backed-up", [])
    assert "of octo/secret" not in capsys.readouterr().out


def test_what_an_app_may_not_read_is_named_by_its_permission_and_fails_nothing(
    destination: Destination, hub: GitHubStandIn, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.public_backup("--include", "secret", "--no-drill", data=True) == 0
    (*_, lacking) = destination.entry("secret")["data"]["sections"]
    assert lacking["names"] == ["settings.variables"]
    assert lacking["reason"] == "needs Variables (read)"
    answer = capsys.readouterr().out
    assert "not saved because a permission is missing" in answer


def test_a_token_that_ends_in_mid_run_is_made_anew_for_the_api_and_for_git(
    destination: Destination, hub: GitHubStandIn, key: str
) -> None:
    hub.apps.token_uses = 2
    assert backup(destination) == 0
    assert "failed" not in destination.states().values()
    assert hub.apps.made > 5
    rejected = {
        request.path.rpartition("/")[2] for request in hub.requests if request.status == 401
    }
    assert rejected >= {"repos", "refs", "git-upload-pack"}


def test_a_token_is_made_anew_before_it_ends(hub: GitHubStandIn, key: str) -> None:
    moment = [datetime.now(UTC)]
    hub.apps.now = lambda: moment[0].timestamp()
    rate_limit_gate = RateLimitGate(CancellationToken())
    signature = AppSignature("4711", PrivateKey.from_pem(key), lambda: moment[0])
    signing = Http(signature, rate_limit_gate, stall_seconds=10, connections=1)
    tokens = Installations(signing, hub.api_url, ["octo"], lambda: moment[0])
    first = tokens.token("octo")
    moment[0] += timedelta(minutes=54)
    assert tokens.token("octo") == first
    moment[0] += timedelta(minutes=2)
    second = tokens.token("octo")
    assert second != first
    assert hub.apps.made == 2
    assert not tokens.renew("octo", "neither") or tokens.token("octo") == second


def test_a_signature_is_made_after_a_rate_limit_not_before(hub: GitHubStandIn, key: str) -> None:
    moment = [datetime.now(UTC)]
    hub.apps.now = lambda: moment[0].timestamp()

    class Limited(RateLimitGate):
        def wait(self) -> None:
            moment[0] += timedelta(minutes=50)

    signature = AppSignature("4711", PrivateKey.from_pem(key), lambda: moment[0])
    signing = Http(signature, Limited(CancellationToken()), stall_seconds=10, connections=1)
    assert Installations(signing, hub.api_url, ["octo"], lambda: moment[0]).token("octo")


def test_each_owner_has_an_installation_of_its_own(
    destination: Destination, hub: GitHubStandIn, key: str
) -> None:
    hub.apps.install("octo-org")
    hub.catalogue.repositories["octo-org/tools"].private = True
    assert backup(destination, "--owner", "octo-org") == 0
    assert destination.entry("tools")["state"] == "backed-up"
    assert destination.entry("secret")["state"] == "backed-up"
    assert hub.apps.made == 2


def test_an_owner_without_an_installation_is_named_and_costs_the_others_nothing(
    destination: Destination, key: str
) -> None:
    assert backup(destination, "--owner", "octo-org") == 1
    assert destination.states()["secret"] == "backed-up"
    (error,) = destination.manifest()["errors"]
    assert "the GitHub App is not installed at octo-org" in error


def test_a_suspended_installation_is_named(
    destination: Destination,
    hub: GitHubStandIn,
    key: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.apps.installations["octo"].suspended = True
    assert backup(destination) == 1
    assert "installation at octo is suspended" in capsys.readouterr().err


def test_missing_permissions_and_a_selection_are_in_the_manifest(
    destination: Destination, hub: GitHubStandIn, key: str
) -> None:
    installed = hub.apps.installations["octo"]
    installed.permissions = {"metadata": "read"}
    installed.selected = frozenset({"octo/secret"})
    assert backup(destination) == 3
    contents, selected = destination.manifest()["notices"]
    assert contents == "the GitHub App lacks the permission Contents (read-only) at octo"
    assert "selected repositories of octo only" in selected
    secret = destination.entry("secret")
    assert (secret["state"], "Contents" in secret["reason"]) == ("failed", True)
    assert destination.states()["hello"] == "backed-up"


@pytest.mark.parametrize("wrong", ["key", "id", "clock"])
def test_a_signature_that_github_rejects_is_fatal_and_says_what_to_look_at(
    destination: Destination,
    hub: GitHubStandIn,
    key: str,
    wrong: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if wrong == "key":
        hub.apps.create()
    elif wrong == "id":
        destination.environment.setenv("GITHUB_APP_ID", "4712")
    else:
        hub.apps.now = lambda: time.time() - 3600
    assert backup(destination) == 1
    output = capsys.readouterr().err
    assert "that is the App's signature" in output
    assert "PRIVATE KEY" not in output
    assert destination.markers() == []


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"GITHUB_APP_KEY": ""}, "needs the App's private key"),
        ({"GITHUB_APP_KEY": "canary-not-a-key"}, "it is not a PEM private key"),
        ({"GITHUB_APP_ID": "my app"}, "neither an App's id nor its client id"),
        ({"GITHUB_TOKEN": CORPUS_TOKEN}, "not both"),
        ({"GITHUB_APP_ID": "", "GITHUB_TOKEN": "canary\nline"}, "contains blanks or line breaks"),
    ],
    ids=["no-key", "no-pem", "no-id", "both", "two-lines"],
)
def test_what_cannot_work_is_refused_before_github_is_asked(
    destination: Destination,
    hub: GitHubStandIn,
    key: str,
    variables: dict[str, str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        destination.environment.setenv(name, value)
    assert backup(destination) == 2
    output = capsys.readouterr().err
    assert reason in output
    assert "canary" not in output
    assert hub.requests == []


def test_an_app_without_an_owner_is_refused(
    key: str, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--destination", str(tmp_path_factory.mktemp("d"))]) == 2
    assert "name an --owner" in capsys.readouterr().err


def test_a_github_in_trouble_while_a_token_is_made_is_outlasted(
    destination: Destination, hub: GitHubStandIn, key: str
) -> None:
    hub.faults.add(
        Fault("/app/installations/*", status=502, times=2),
        Fault("/users/octo/installation", status=200, body=b"{", times=1),
    )
    assert backup(destination, "--only", "hello") == 0


def test_the_key_and_the_tokens_are_nowhere_in_the_destination(
    destination: Destination, hub: GitHubStandIn, key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert backup(destination) == 0
    written = [each.read_bytes() for each in destination.root.rglob("*") if each.is_file()]
    output = capfd.readouterr()
    for text in (*written, output.out.encode(), output.err.encode()):
        assert b"ghs_" not in text
        assert key.splitlines()[1].encode() not in text
