"""The manifest tells what the token could see, and every surface says so."""

import json
from typing import Any

import pytest

from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, TokenRights
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import ALL, Destination

FINE_GRAINED = TokenRights(scopes=None)
COUNTING = TokenRights(scopes=None, counts=True)


def classic(*scopes: str) -> TokenRights:
    return TokenRights(frozenset(scopes))


def visibility(destination: Destination) -> Any:
    return destination.manifest()["visibility"]


def names(destination: Destination) -> set[str]:
    return {entry["name"] for entry in destination.manifest()["repositories"]}


def test_without_a_token_private_repositories_are_missing_and_that_is_said(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.environment.delenv("GITHUB_TOKEN")
    assert destination.public_backup("--no-drill") == 0
    assert names(destination) == {*ALL} - {"secret"}
    seen = [{"owner": "octo", "scope": "public", "visible": 7, "total": None}]
    assert visibility(destination) == seen
    out = capsys.readouterr().out
    assert "7 repositories of octo are visible (public only)\n" in out
    assert "7 (public only)" in out
    source = ["--source", str(destination.root)]
    assert main(["status", *source]) == 0
    out = capsys.readouterr().out
    assert "complete (public only)" in out
    assert "good: the newest run is good and 0 days old; 7 repositories of octo are vis" in out
    assert main(["status", "--json", *source]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["reason"].endswith("; 7 repositories of octo are visible (public only)")
    assert document["runs"][0]["visibility"] == seen
    assert main(["report", *source, "--out", str(destination.root.parent / "page")]) == 0
    page = (destination.root.parent / "page" / "index.html").read_text()
    assert "All visible repositories are backed up (public only)</h1>" in page
    assert "Everything is" not in page
    assert not any(request.path.startswith("/orgs") for request in hub.requests)


@pytest.mark.parametrize(
    ("rights", "scope", "visible", "total"),
    [
        (classic("repo"), "all", 8, None),
        (classic("repo", "user"), "all", 8, 8),
        (classic("public_repo"), "public", 7, None),
        (classic("public_repo", "user"), "public", 7, 8),
        (classic(), "public", 7, None),
        (FINE_GRAINED, "unknown", 8, None),
        (COUNTING, "all", 8, 8),
        (TokenRights(scopes=None, selected=frozenset(), counts=True), "selected", 7, 8),
        (TokenRights(scopes=None, selected=frozenset()), "unknown", 7, None),
    ],
    ids=[
        *("classic", "classic-counted", "classic-public", "classic-public-counted", "no-scope"),
        *("fine", "fine-counted", "selected-counted", "selected"),
    ],
)
def test_each_kind_of_token_is_believed_as_far_as_it_goes(
    destination: Destination,
    hub: GitHubStandIn,
    rights: TokenRights,
    scope: str,
    visible: int,
    total: int | None,
) -> None:
    hub.rights[CORPUS_TOKEN] = rights
    assert destination.backup("--no-drill", "--only", "hello") == 0
    expected = {"owner": "octo", "scope": scope, "visible": visible, "total": total}
    assert visibility(destination) == [expected]
    assert ("secret" in names(destination)) == (visible == len(ALL))
    assert not any(request.path.startswith("/orgs") for request in hub.requests)


@pytest.mark.parametrize(
    ("rights", "private", "scope", "visible", "total"),
    [
        (classic("repo"), False, "unknown", 1, None),
        (classic("repo", "admin:org"), True, "all", 1, 1),
        (classic("public_repo", "admin:org"), True, "public", 0, None),
        (COUNTING, True, "all", 1, 1),
        (TokenRights(scopes=None, selected=frozenset(), counts=True), True, "selected", 0, 1),
    ],
    ids=["member", "owner", "public", "fine-counted", "selected"],
)
def test_an_organization_is_counted_where_it_says_how_many_it_has(
    destination: Destination,
    hub: GitHubStandIn,
    rights: TokenRights,
    private: bool,
    scope: str,
    visible: int,
    total: int | None,
) -> None:
    hub.rights[CORPUS_TOKEN] = rights
    hub.catalogue.repositories["octo-org/tools"].private = private
    assert destination.backup("--owner", "octo-org", "--no-drill", "--only", "hello") == 0
    expected = {"owner": "octo-org", "scope": scope, "visible": visible, "total": total}
    assert visibility(destination)[1] == expected
    asked = [request for request in hub.requests if request.path == "/orgs/octo-org"]
    assert len(asked) == (scope != "public")


def test_an_organization_that_does_not_say_how_many_costs_the_run_nothing(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults.add(Fault("/orgs/octo-org", status=403))
    assert destination.backup("--no-drill", owner="octo-org") == 0
    assert visibility(destination)[0]["scope"] == "unknown"


@pytest.mark.parametrize(
    ("selected", "scope", "visible"),
    [(None, "all", 8), (frozenset({"octo/secret"}), "selected", 8), (frozenset(), "selected", 7)],
)
def test_an_apps_installation_says_itself_whether_it_was_given_all(
    destination: Destination,
    hub: GitHubStandIn,
    selected: frozenset[str] | None,
    scope: str,
    visible: int,
) -> None:
    destination.environment.delenv("GITHUB_TOKEN")
    destination.environment.setenv("GITHUB_APP_ID", "4711")
    destination.environment.setenv("GITHUB_APP_KEY", hub.apps.create())
    hub.apps.install("octo", selected=selected)
    assert destination.public_backup("--no-drill", "--only", "hello") == 0
    expected = {"owner": "octo", "scope": scope, "visible": visible, "total": None}
    assert visibility(destination) == [expected]


def test_of_all_that_a_token_sees_each_owner_is_told(
    destination: Destination, hub: GitHubStandIn
) -> None:
    fixed = ["--destination", str(destination.root), "--run-id", "r1"]
    assert main(["backup", "--no-data", *fixed, "--no-drill", "--only", "hello"]) == 0
    assert visibility(destination) == [
        {"owner": "octo", "scope": "all", "visible": 8, "total": None},
        {"owner": "octo-org", "scope": "unknown", "visible": 1, "total": None},
    ]


def test_a_disabled_repository_that_github_counts_and_never_lists_is_in_the_numbers(
    destination: Destination, hub: GitHubStandIn
) -> None:
    body = {"login": "octo", "public_repos": 8, "owned_private_repos": 1}
    headers = {"X-OAuth-Scopes": "repo, user", "Content-Type": "application/json"}
    hub.faults.add(Fault("/user", status=200, headers=headers, body=json.dumps(body).encode()))
    assert destination.backup("--no-drill", "--only", "hello") == 0
    expected = {"owner": "octo", "scope": "all", "visible": 8, "total": 9}
    assert visibility(destination) == [expected]


def test_a_dry_run_tells_what_is_visible(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.environment.delenv("GITHUB_TOKEN")
    assert destination.public_backup("--dry-run") == 0
    assert "7 repositories of octo are visible (public only)" in capsys.readouterr().out
