"""The stand-in's server: GraphQL over HTTP, and faults that reach it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local_cloud.github import Catalogue, Change, Fault, GitHubStandIn, Repository, TokenRights
from local_cloud.github.data import Size, fill
from tests.unit.local_cloud.data.test_graphql import PAGE


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHubStandIn]:
    """A stand-in with one private repository that has three issues."""
    catalogue = Catalogue(tokens={"token": "octo"})
    catalogue.add(Repository(1, "octo", "hello", private=True))
    catalogue.save(tmp_path)
    with GitHubStandIn(tmp_path) as running:
        fill(running.data, 1, Size(issues=3))
        yield running


def _ask(hub: GitHubStandIn, path: str = "/graphql") -> Any:
    query = PAGE.replace("query(", "query Page(")
    answer = urllib3.request(
        "POST",
        f"{hub.api_url}{path}",
        body=json.dumps({"query": query, "variables": {"size": 2}}),
        headers={"Authorization": "Bearer token"},
    )
    return answer.json()["data"]["repository"]["issues"]["nodes"]


def _get(hub: GitHubStandIn, path: str) -> Any:
    headers = {"Authorization": "Bearer token"}
    return urllib3.request("GET", f"{hub.api_url}/repos/octo/hello/{path}", headers=headers)


def test_graphql_is_answered_at_both_addresses_and_written_down_by_its_operation(
    hub: GitHubStandIn,
) -> None:
    assert _ask(hub) == _ask(hub, "/api/graphql") == [{"number": 1}, {"number": 2}]
    assert {(each.path, each.query) for each in hub.requests} == {("/graphql", "operation=Page")}


def test_a_fault_may_put_null_in_the_place_of_a_node(hub: GitHubStandIn) -> None:
    hub.faults.add(Fault("/graphql", "null-item", query="operation=Other"))
    assert _ask(hub)[0] == {"number": 1}
    hub.faults.add(Fault("/graphql", "null-item", query="operation=Page", times=1))
    assert _ask(hub) == [None, {"number": 2}]


def test_a_fault_may_take_away_all_users(hub: GitHubStandIn) -> None:
    hub.faults.add(Fault("*/issues", "null-users"))
    assert {each["user"] for each in _get(hub, "issues?state=all").json()} == {None}


def test_rights_may_be_lost_in_mid_run(hub: GitHubStandIn) -> None:
    few = TokenRights(scopes=None, permissions={"metadata": "read"})
    lose = Change(lambda: hub.rights.update({"token": few}))
    hub.faults.add(Fault("*/issues", "none", query="*page=2*", edits=[lose], times=1))
    assert _get(hub, "issues?per_page=1&state=all").status == 200
    assert _get(hub, "issues?per_page=1&state=all&page=2").status == 200
    assert _get(hub, "issues?per_page=1&state=all&page=3").status == 403
