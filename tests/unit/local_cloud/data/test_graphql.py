"""The stand-in's GraphQL: the sentinel's counts, points, bounds, and errors beside the data."""

import pytest

from local_cloud.github import TokenRights
from local_cloud.github.data import Size, fill
from local_cloud.github.data.rest.access import Caller
from tests.unit.local_cloud.data.asking import ask, editor, hub

SENTINEL = """
query($ids: [ID!]!) {
  rateLimit { cost remaining nodeCount }
  nodes(ids: $ids) {
    ... on Repository {
      databaseId
      issues(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) {
        totalCount nodes { number updatedAt }
      }
      pullRequests(first: 1) { totalCount }
      labels(first: 1) { totalCount }
    }
  }
}
"""
PAGE = """
query($size: Int, $after: String) {
  repository(owner: "octo", name: "hello") {
    issues(first: $size, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { number }
    }
  }
}
"""


def test_the_sentinel_counts_many_repositories_in_one_request() -> None:
    api = hub("hello", "other")
    fill(api.data, 1, Size(issues=3, pulls=2))
    answer = ask(api, SENTINEL, ids=["R_1", "R_2", "R_3"]).body
    one, two, gone = answer["data"]["nodes"]
    assert (one["issues"]["totalCount"], one["pullRequests"]["totalCount"]) == (3, 2)
    assert one["issues"]["nodes"][0]["updatedAt"] == max(
        each.updated_at for each in api.data.of(1).plain_issues()
    )
    assert two["issues"] == {"totalCount": 0, "nodes": []}
    assert gone is None
    assert answer["errors"][0]["type"] == "NOT_FOUND"
    assert answer["data"]["rateLimit"]["cost"] == 1


def test_eight_connections_of_fifty_repositories_cost_four_points() -> None:
    api = hub()
    connections = " ".join(f"c{n}: issues(first: 1) {{ nodes {{ id }} }}" for n in range(8))
    query = f"""query {{ rateLimit {{ cost nodeCount }} user(login: "octo") {{
        repositories(first: 50) {{ nodes {{ {connections} }} }} }} }}"""
    answer = ask(api, query).body["data"]["rateLimit"]
    assert answer == {"cost": 4, "nodeCount": 50 + 8 * 50}


def test_pages_go_on_behind_an_item_wherever_it_is_meanwhile() -> None:
    api = hub()
    fill(api.data, 1, Size(issues=5))
    first = ask(api, PAGE, size=2).body["data"]["repository"]["issues"]
    editor(api).delete_issue(1)
    second = ask(api, PAGE, size=9, after=first["pageInfo"]["endCursor"]).body
    numbers = [each["number"] for each in second["data"]["repository"]["issues"]["nodes"]]
    assert numbers == [3, 4, 5]


@pytest.mark.parametrize(
    ("size", "type"), [(101, "EXCESSIVE_PAGINATION"), (None, "MISSING_PAGINATION_BOUNDARIES")]
)
def test_a_connection_needs_bounds(size: int | None, type: str) -> None:
    answer = ask(hub(), PAGE, size=size)
    assert (answer.status, answer.body["errors"][0]["type"]) == (200, type)


def test_what_a_token_may_not_read_is_null_beside_an_error() -> None:
    api = hub(private=True)
    fill(api.data, 1, Size(issues=1))
    few = Caller("fine", "octo", TokenRights(scopes=None, permissions={"metadata": "read"}))
    answer = ask(api, PAGE, few, size=1).body
    assert answer["data"]["repository"]["issues"]["nodes"] == [None]
    assert answer["errors"][0]["type"] == "FORBIDDEN"
    api.limits.forbidden_nodes = False
    assert ask(api, PAGE, few, size=1).body["data"] == {"repository": None}


def test_a_heavy_query_is_refused_and_its_points_are_deducted() -> None:
    api = hub()
    api.limits.heaviest_nodes = 10
    assert ask(api, PAGE, size=11).status == 502
    assert api.limits.allowance("token", "graphql").used == 1
    assert ask(api, PAGE, size=10).status == 200


def test_an_answer_may_be_partial_with_status_200() -> None:
    api = hub()
    fill(api.data, 1, Size(issues=5))
    api.limits.partial_nodes = 4
    answer = ask(api, PAGE, size=5)
    assert (answer.status, answer.body["errors"][0]["type"]) == (200, "RESOURCE_LIMITS_EXCEEDED")


def test_no_points_left_is_an_error_with_status_200() -> None:
    api = hub()
    api.limits.graphql = 1
    ask(api, PAGE, size=1)
    answer = ask(api, PAGE, size=1)
    assert (answer.status, answer.body["errors"][0]["type"]) == (200, "RATE_LIMITED")


def test_a_secondary_limit_is_an_error_with_status_200_and_says_how_long_to_wait() -> None:
    api = hub()
    api.limits.graphql_a_minute, api.limits.now = 1, lambda: 0.0
    ask(api, PAGE, size=1)
    answer = ask(api, PAGE, size=1)
    assert (answer.status, answer.body["errors"][0]["type"]) == (200, "RATE_LIMITED")
    assert answer.headers["Retry-After"] == "61"
