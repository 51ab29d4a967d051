"""Account data by the real program, from the stand-in's API to a restored folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from backup_contract.documents.manifest import Manifest
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
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


def test_many_owners_are_planned_estimated_backed_up_and_restored_each_by_itself(
    destination: Destination,
    hub: GitHubStandIn,
    account: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    account["orgs/octo-org/members"] = ["octo"]
    both = ("--owner", "octo-org", "--include", "secret", "--include", "tools", "--no-drill")
    lines = ("account data of octo", "account data of octo-org")
    assert destination.backup(*both, "--dry-run", data=True) == 0
    planned = capsys.readouterr().out
    assert all(f"{line}: fetched" in planned for line in lines)
    assert destination.backup(*both, data=True) == 0
    accounts = destination.manifest()["accounts"]
    assert [each["owner"] for each in accounts] == ["octo", "octo-org"]
    capsys.readouterr()
    assert destination.backup(*both, "--dry-run", "--json", run_id="r2", data=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["accounts"] == [
        {"account": "octo", "would_be": "unchanged"},
        {"account": "octo-org", "would_be": "unchanged"},
    ]
    left_out = ("--no-account", "--dry-run")
    assert destination.backup(*both, *left_out, run_id="r2", data=True) == 0
    assert f"{lines[0]}: excluded: --no-account" in capsys.readouterr().out
    source = ("--source", str(destination.root), "--into", str(tmp_path / "into"))
    for owner in ("octo", "octo-org"):
        assert main(["restore", owner, "--account", *source]) == 0
    folders = {path.name for path in (tmp_path / "into").iterdir()}
    assert folders == {"octo.account", "octo-org.account"}
    capsys.readouterr()
    destination.environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    assert main(["estimate", "--owner", "octo", "--owner", "octo-org"]) == 0
    assert "12 per account" in capsys.readouterr().out
