"""Repositories that the owner has starred, mirrored on request."""

from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import CORPUS_TOKEN, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, init_repository
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination

ONLY = ("--exclude", "octo/[!h]*", "--no-wikis", "--no-drill", "--no-gists")
KEY = "github_backups/octo-org/tools.zip"


@pytest.fixture(autouse=True)
def stars(hub: GitHubStandIn) -> list[str]:
    """Octo starred a repository of somebody else, and one of its own."""
    starred = ["octo-org/tools", "octo/hello"]
    hub.data.accounts["users/octo/starred"] = starred
    return starred


def saved(destination: Destination, run_id: str = "r1") -> dict[str, Any]:
    entries = destination.manifest(run_id)["repositories"]
    return {f"{each['owner']}/{each['name']}": each for each in entries if each["archive"]}


def test_without_the_option_no_star_is_asked_for(
    destination: Destination, hub: GitHubStandIn
) -> None:
    assert destination.backup(*ONLY) == 0
    assert [*saved(destination)] == ["octo/hello"]
    assert not any("starred" in each.path for each in hub.requests)


def test_what_is_starred_is_mirrored_under_its_owner_and_marked(
    destination: Destination, hub: GitHubStandIn, tmp_path: Path
) -> None:
    assert destination.backup(*ONLY, "--starred", data=True) == 0
    found = saved(destination)
    assert found["octo-org/tools"]["starred"] is True
    assert found["octo-org/tools"]["archive"]["key"] == KEY
    assert "data" not in found["octo-org/tools"]
    assert "starred" not in found["octo/hello"]
    assert found["octo/hello"]["data"]["state"] == "backed-up"
    commit_files(hub.root / "octo-org/tools.git", {"new.txt": "new\n"})
    assert destination.backup(*ONLY, "--starred", run_id="r2") == 0
    assert saved(destination, "r2")["octo-org/tools"]["chain"]["links"] == 1
    into = ("--source", str(destination.root), "--into", str(tmp_path / "into"))
    assert main(["restore", "octo-org/tools", *into]) == 0


def test_a_star_that_is_taken_away_keeps_the_archive_in_every_later_run(
    destination: Destination, hub: GitHubStandIn, stars: list[str]
) -> None:
    destination.backup(*ONLY, "--starred")
    stars.remove("octo-org/tools")
    for run_id, options in (("r2", ["--starred"]), ("r3", []), ("r4", ["--starred"])):
        assert destination.backup(*ONLY, *options, run_id=run_id) == 0
        (kept,) = destination.manifest(run_id)["kept"]
        assert (kept["key"], kept["starred"]) == (KEY, True)
        assert not any("octo-org" in each for each in destination.manifest(run_id)["notices"])
    stars.append("octo-org/tools")
    assert destination.backup(*ONLY, "--starred", run_id="r5") == 0
    assert saved(destination, "r5")["octo-org/tools"]["state"] == "unchanged"
    assert destination.manifest("r5")["kept"] == []


def test_a_star_that_is_taken_away_makes_no_list_of_its_owner_shorter(
    destination: Destination, hub: GitHubStandIn, stars: list[str]
) -> None:
    hub.catalogue.add(Repository(900, "elsewhere", "lib"))
    commit_files(init_repository(hub.root / "elsewhere" / "lib.git"), {"a.txt": "a\n"})
    fixed = ["--destination", str(destination.root), "--no-data", *ONLY, "--starred"]
    for run_id, starred in (("r1", ["elsewhere/lib"]), ("r2", [])):
        stars[:] = starred
        destination.environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
        assert main(["backup", *fixed, "--run-id", run_id]) == 0
    assert "elsewhere/lib" in saved(destination)
    assert [each["name"] for each in destination.manifest("r2")["kept"]] == ["lib"]
