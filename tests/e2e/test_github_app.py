"""The deployed system with a GitHub App instead of a token, whose tokens end in mid-run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.github import CORPUS_OWNER, GitHubStandIn, build_corpus
from local_cloud.session import Session, SessionError
from local_cloud.stack import Stack
from tests.e2e.test_whole_run import start

pytestmark = pytest.mark.slow

KEY_PARAMETER = "/online-backup/app-key"


@pytest.fixture(scope="module")
def app_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubStandIn]:
    """A GitHub that knows an App, installed at octo, and no token of anybody's."""
    root: Path = tmp_path_factory.mktemp("github-app")
    build_corpus(root)
    with GitHubStandIn(root) as hub:
        hub.catalogue.tokens.clear()
        hub.apps.token_uses = 3
        yield hub


def parameters(hub: GitHubStandIn) -> dict[str, str]:
    return {
        "GitHubOwner": CORPUS_OWNER,
        "GitHubApiUrl": hub.api_url,
        "GitHubAppId": "4711",
        "GitHubAppKeyParameter": KEY_PARAMETER,
        "BackupOptions": "--jobs=1",
        "NotificationEmail": "you@example.com",
    }


def test_a_run_by_an_app_is_verified_though_its_tokens_end_on_the_way(
    cloud: Session, stack: Stack, app_hub: GitHubStandIn
) -> None:
    key = app_hub.apps.create()
    app_hub.apps.install(CORPUS_OWNER)
    cloud.client("ssm").put_parameter(Name=KEY_PARAMETER, Type="SecureString", Value=key)
    by_app = Stack.deploy(cloud, "online-backup-app", parameters(app_hub))
    rehearsed = by_app.start({"dry_run": True})
    assert (rehearsed["status"], rehearsed["rights"]) == ("would launch", [])
    run = start(by_app)
    report = run.report()
    assert report["verdict"] == "verified", report["log"]
    assert run.states()["secret"] == "backed-up"
    assert app_hub.apps.made > 3
    log = by_app.log(run.run_id)
    secret = key.splitlines()[1]
    assert secret not in log + str(run.mails()) + str(run.manifest())
    assert "ghs_" not in log + str(run.mails()) + str(run.manifest())
    denied = [line for line in cloud.log_end(100_000).splitlines() if "DENIED" in line]
    assert [line for line in denied if "online-backup-app" in line] == []


@pytest.mark.parametrize("half", ["GitHubAppId", "GitHubAppKeyParameter"])
def test_half_an_app_is_refused_by_its_rule(
    cloud: Session, stack: Stack, app_hub: GitHubStandIn, half: str
) -> None:
    whole = parameters(app_hub)
    del whole[half]
    with pytest.raises(SessionError):
        Stack.deploy(cloud, "online-backup-half", whole)
