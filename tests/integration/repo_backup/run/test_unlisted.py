"""A repository that is not listed any more is asked for by its id before anything is said of it."""

import json
from typing import Any

import pytest

from local_cloud.github import Edit, Fault, GitHubStandIn
from tests.integration.repo_backup.conftest import Destination
from tests.surplus import slow_but

FAST = "--no-drill"
KEY = "github_backups/octo/hello.zip"


def upstream(destination: Destination, run_id: str) -> Any:
    """What GitHub told of the repository of each archive that is kept."""
    return {
        each["key"]: each.get("upstream") for each in destination.manifest(run_id)["kept"] or ()
    }


def questions(hub: GitHubStandIn) -> list[str]:
    return [each.path for each in hub.requests if each.path.startswith("/repositories/")]


def test_one_that_was_deleted_is_asked_for_once_and_recorded_as_not_visible(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    assert questions(hub) == []
    Edit("delete", "octo/hello").apply(hub.catalogue)
    for run_id in ("r2", "r3"):
        assert destination.backup(FAST, run_id=run_id) == 0
        answer = upstream(destination, run_id)
        assert answer[KEY] == {"state": "not-visible", "name": None}
        assert len(answer) == 2
    assert questions(hub) == ["/repositories/1"]


def test_one_that_was_transferred_is_recorded_with_its_name(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    Edit("move", "octo/hello", "octo-org/moved").apply(hub.catalogue)
    assert destination.backup(FAST, run_id="r2") == 0
    answer = upstream(destination, "r2")[KEY]
    assert answer == {"state": "transferred", "name": "octo-org/moved"}
    output = "octo/hello was transferred to octo-org/moved, and is no longer listed"
    assert output in destination.manifest("r2")["notices"]


def test_one_that_was_renamed_needs_no_question_and_is_asked_for_when_it_vanishes(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    Edit("move", "octo/no-wiki", "octo/renamed").apply(hub.catalogue)
    (hub.root / "octo/no-wiki.git").rename(hub.root / "octo/renamed.git")
    assert destination.backup(FAST, run_id="r2") == 0
    key = "github_backups/octo/no-wiki.zip"
    assert upstream(destination, "r2") == {key: {"state": "renamed", "name": "octo/renamed"}}
    assert questions(hub) == []
    Edit("delete", "octo/renamed").apply(hub.catalogue)
    assert destination.backup(FAST, run_id="r3") == 0
    gone = {"state": "not-visible", "name": None}
    assert upstream(destination, "r3") == {key: gone, "github_backups/octo/renamed.zip": gone}
    assert len(questions(hub)) == 1


def test_one_that_a_short_listing_lacks_is_backed_up_and_the_run_is_no_success(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    hub.faults.add(Fault("/user/repos", "short"))
    assert destination.backup(FAST, run_id="r2") == 1
    manifest = destination.manifest("r2")
    output = "octo/hello (id 1) is on GitHub but not in its listing: the listing is short"
    assert (manifest["errors"], manifest["complete"]) == ([output], False)
    assert destination.states("r2")["hello"] == "unchanged"
    assert manifest["totals"]["listed"] == 8
    assert len(destination.markers()) == 1


@pytest.mark.parametrize(
    "fault",
    slow_but(
        {2, 4, 6, 8},
        [
            Fault("/repositories/*", status=403, body=b'{"message": "Resource not accessible"}'),
            Fault("/repositories/*", status=451, body=b"{}"),
            Fault("/repositories/*", status=404, body=b"<title>Not Found</title>"),
            Fault("/repositories/*", status=404, body=b""),
            Fault("/repositories/*", status=410, body=b'{"message": "Not Found"}'),
            Fault("/repositories/*", status=500),
            Fault("/repositories/*", status=200, body=b"<html>Sign in</html>"),
            Fault("/repositories/*", status=200, body=b"null"),
            Fault("/repositories/*", status=200, body=json.dumps({"id": 1}).encode()),
        ],
    ),
    ids=["refused", "blocked", "proxy", "nobody", "gone", "broken", "page", "null", "half"],
)
def test_no_other_answer_than_githubs_own_404_is_taken_for_an_absence(
    destination: Destination, hub: GitHubStandIn, fault: Fault
) -> None:
    destination.backup(FAST, run_id="r1")
    Edit("delete", "octo/hello").apply(hub.catalogue)
    hub.faults.add(fault)
    assert destination.backup(FAST, run_id="r2") == 0
    assert set(upstream(destination, "r2").values()) == {None}
    notices = " ".join(destination.manifest("r2")["notices"])
    assert "octo/hello" in notices
    hub.faults.clear()
    assert destination.backup(FAST, run_id="r3") == 0
    assert upstream(destination, "r3")[KEY] == {"state": "not-visible", "name": None}


def test_an_answer_about_another_repository_is_no_answer(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(FAST, run_id="r1")
    Edit("delete", "octo/hello").apply(hub.catalogue)
    redirect = {"Location": f"{hub.api_url}/repositories/2"}
    hub.faults.add(Fault("/repositories/1", status=301, headers=redirect, body=b""))
    assert destination.backup(FAST, run_id="r2") == 0
    assert upstream(destination, "r2")[KEY] is None
    assert "GitHub answered with another repository, id 2" in str(destination.manifest("r2"))
