"""Many repositories created in another account, and pushed there."""

import json
import os
from pathlib import Path

import pytest

from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.catalogue import Account
from local_cloud.github.corpus import git
from local_cloud.github.rights import TokenRights
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination, MadeOnce

pytestmark = pytest.mark.usefixtures("small_account")


@pytest.fixture
def saved(destination: Destination, made_once: MadeOnce, hub: GitHubStandIn) -> Destination:
    """A backup of octo's four repositories, and an organization without any."""
    data = hub.data.of(hub.catalogue.repositories["octo/hello"].id)
    data.settings["repository"] = {"description": "Says hello", "homepage": "https://h.example"}
    data.settings["topics"] = ["greeting", "demo"]
    made_once("many-data", destination.root, lambda: destination.backup(data=True))
    hub.catalogue.accounts["phoenix"] = Account("phoenix", "Organization")
    hub.creations.members["phoenix"] = {"octo"}
    return destination


def _push(saved: Destination, *arguments: str, owner: str = "phoenix") -> int:
    os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
    given = arguments or ("--all",)
    return main(["restore", "--source", str(saved.root), "--push-to-owner", owner, "--yes", *given])


def _branches(repository: Path) -> str:
    return git(repository, "for-each-ref", "refs/heads", "refs/tags")


def test_each_repository_is_created_as_it_was_and_has_its_refs(
    saved: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _push(saved) == 0
    answer = capsys.readouterr()
    assert "3 repositories (" in answer.err
    assert "1 of them private) will be created in phoenix, unless they exist" in answer.err
    assert "3 of 3 repositories restored to phoenix" in answer.out
    for name in ("hello", "no-wiki", "secret"):
        made = hub.catalogue.repositories[f"phoenix/{name}"]
        assert made.private is hub.catalogue.repositories[f"octo/{name}"].private
        assert _branches(hub.root / f"phoenix/{name}.git") == _branches(
            hub.root / f"octo/{name}.git"
        )
    settings = hub.data.of(hub.catalogue.repositories["phoenix/hello"].id).settings
    assert settings["repository"]["description"] == "Says hello"
    assert settings["topics"] == ["greeting", "demo"]


def test_a_second_command_creates_nothing_and_changes_nothing(
    saved: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _push(saved) == 0
    before = len(hub.requests)
    capsys.readouterr()
    assert _push(saved, "--all", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["restored"], answer["present"], answer["failed"]) == (0, 3, 0)
    assert {each.method for each in hub.requests[before:] if ".git/" not in each.path} == {"GET"}


def test_a_repository_that_has_the_name_and_other_refs_is_left_alone(
    saved: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _push(saved, "octo/hello") == 0
    there = hub.root / "phoenix/hello.git"
    git(there, "update-ref", "refs/heads/mine", "HEAD")
    before = _branches(there)
    assert _push(saved, "octo/hello") == 3
    assert "phoenix/hello exists and has other refs" in capsys.readouterr().out
    assert _branches(there) == before


def test_a_token_without_the_right_is_refused_once_and_for_all(
    saved: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.rights[CORPUS_TOKEN] = TokenRights(scopes=None, permissions={"contents": "write"})
    assert _push(saved, "--all", "--jobs", "1") == 3
    answer = capsys.readouterr().out
    assert "0 of 3 repositories restored" in answer
    assert "Resource not accessible by personal access token" in answer
    assert sum(each.method == "POST" for each in hub.requests if "repos" in each.path) == 1


def test_an_account_that_is_not_there_or_not_the_tokens_is_refused_at_once(
    saved: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.catalogue.accounts["stranger"] = Account("stranger")
    assert _push(saved, owner="nobody") == 1
    assert "no user or organization named 'nobody'" in capsys.readouterr().err
    assert _push(saved, owner="stranger") == 1
    assert "another user's account" in capsys.readouterr().err


def test_without_a_yes_or_a_terminal_nothing_is_created(
    saved: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    os.environ["GITHUB_TOKEN"] = CORPUS_TOKEN
    given = ["restore", "--all", "--source", str(saved.root), "--push-to-owner", "phoenix"]
    assert main(given) == 2
    assert "use --yes" in capsys.readouterr().err
    assert not any(each.owner == "phoenix" for each in hub.catalogue.repositories.values())


def test_where_githubs_limit_is_met_it_goes_on_when_github_says_so(
    saved: Destination, hub: GitHubStandIn
) -> None:
    moments = iter(range(0, 100_000, 59))
    hub.creations.a_minute, hub.creations.now = 1, lambda: float(next(moments))
    assert _push(saved, "octo/no-wiki", "octo/secret") == 0
    assert any(each.status == 403 for each in hub.requests if each.method == "POST")
