"""Account data by the real program, from the stand-in's API to a restored folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.manifest import Manifest
from local_cloud.github import GitHubStandIn
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination

ONLY = ("--include", "secret", "--no-drill")
KEY = "github_backups/octo/~account.zip"


@pytest.fixture(autouse=True)
def account(hub: GitHubStandIn) -> dict[str, Any]:
    """What octo has of its own."""
    hub.data.accounts["users/octo/followers"] = ["monalisa", "hubot"]
    hub.data.accounts["users/octo/starred"] = ["elsewhere/tool"]
    return hub.data.accounts


def account_of(destination: Destination, run_id: str = "r1") -> Any:
    (found,) = destination.manifest(run_id)["accounts"]
    return found


def test_an_accounts_data_is_backed_up_verified_listed_and_restored(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup(*ONLY, data=True) == 0
    found = account_of(destination)
    assert (found["owner"], found["state"], found["archive"]["key"]) == ("octo", "backed-up", KEY)
    assert destination.manifest()["totals"]["account"] == 1
    asked = destination.manifest()["api_requests"]
    assert asked["accounts"] == 8  # /users/octo, /user, and six lists
    assert f"(8 accounts, {asked['changes']} changes, " in capsys.readouterr().out
    source = ("--source", str(destination.root))
    assert main(["verify", "--all", *source]) == 0
    assert KEY in capsys.readouterr().out
    assert main(["list", *source]) == 0
    assert KEY in capsys.readouterr().out.replace("'", "")
    assert main(["restore", "octo", "--account", *source, "--into", str(tmp_path / "into")]) == 0
    folder = tmp_path / "into" / "octo.account" / "account"
    followers = json.loads((folder / "followers.json").read_bytes())
    assert [each["login"] for each in followers] == ["hubot", "monalisa"]
    (starred,) = json.loads((folder / "starred.json").read_bytes())
    assert starred["full_name"] == "elsewhere/tool"


def test_nothing_is_asked_within_a_week_and_a_later_change_is_an_overlay(
    destination: Destination, hub: GitHubStandIn, account: dict[str, Any]
) -> None:
    destination.backup(*ONLY, data=True)
    hub.requests.clear()
    assert destination.backup(*ONLY, run_id="r2", data=True) == 0
    assert account_of(destination, "r2")["state"] == "unchanged"
    assert not any("followers" in each.path for each in hub.requests)
    account["users/octo/followers"] = ["hubot"]
    assert destination.backup(*ONLY, "--full", run_id="r3", data=True) == 0
    assert account_of(destination, "r3")["state"] == "backed-up"


def test_an_account_that_is_left_out_keeps_what_was_saved(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(*ONLY, data=True)
    assert destination.backup(*ONLY, "--no-account", run_id="r2", data=True) == 0
    left_out = account_of(destination, "r2")
    assert (left_out["state"], left_out["reason"]) == ("skipped", "--no-account")
    assert left_out["archive"]["key"] == KEY
    assert destination.backup(*ONLY, "--only", "secret", run_id="r3", data=True) == 0
    assert account_of(destination, "r3")["archive"]["key"] == KEY
    assert destination.backup(*ONLY, run_id="r4", data=True) == 0
    assert account_of(destination, "r4")["state"] == "unchanged"
    assert "kept_further" not in destination.manifest("r4")


def test_an_organizations_members_and_teams_are_saved_and_what_is_refused_is_named(
    destination: Destination, hub: GitHubStandIn, account: dict[str, Any], tmp_path: Path
) -> None:
    account["orgs/octo-org/members"] = ["octo"]
    account["orgs/octo-org/teams"] = [{"id": 7, "name": "Core", "slug": "core"}]
    account["orgs/octo-org/teams/core/members"] = ["octo"]
    assert destination.backup("--no-drill", owner="octo-org", data=True) == 0
    manifest = Manifest.from_json(json.dumps(destination.manifest()).encode())
    (entry,) = manifest.accounts.values()
    data = entry.results["account"].data
    assert data
    assert {each.name for each in data.sections} >= {"account.members", "account.hooks"}
    assert all(each.state == "not-permitted" for each in data.sections)


def test_project_data_uses_no_more_of_the_hour_than_the_share_that_was_given(
    destination: Destination, hub: GitHubStandIn, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ONLINE_BACKUP_DEADLINE_MINUTES", "20")
    hub.limits.core = 40
    assert destination.backup(*ONLY, "--api-share", "20", data=True) == 3
    assert "hour's share" in destination.entry("secret")["data"]["reason"]
    asked = destination.manifest()["api_requests"]
    assert 1 <= asked["changes"] <= 8
    (lacking,) = account_of(destination)["sections"]
    assert (lacking["names"], lacking["state"]) == (["account.profile"], "under-way")
