"""GraphQL's 200 is not taken for an answer before its errors are read."""

from collections.abc import Callable
from typing import Any

import pytest

from repo_backup.hosts.github.api.api_client import TooHeavyError
from repo_backup.hosts.github.api.graphql import NoGraphQLError, graphql_url
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.runtime.errors import RepositoryError, TransientError
from tests.unit.repo_backup.hosts.github.scripted import Asked, Scripted, Told, graphql

QUERY = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def error(kind: str, message: str = "no", path: list[Any] | None = None) -> dict[str, Any]:
    return {"type": kind, "message": message, **({"path": path} if path else {})}


def nodes(
    *bad: dict[str, Any], without: tuple[str, ...] = (), most: int = 100
) -> Callable[[Asked], Told]:
    def script(asked: Asked) -> Told:
        ids = asked.body["variables"]["ids"]
        if len(ids) > most:
            return Told({"message": "Bad gateway"}, 502)
        found = [None if each in without else {"id": each} for each in ids]
        return Told({"data": {"nodes": found}, "errors": list(bad)})

    return script


def test_many_nodes_are_asked_for_in_batches() -> None:
    ids = [f"I_{n}" for n in range(7)]
    with Scripted(nodes()) as server:
        found = list(graphql(server).nodes(QUERY, "o", ids, 3))
    assert [node.id for node in found] == ids
    assert [len(asked.body["variables"]["ids"]) for asked in server.asked] == [3, 3, 1]
    assert {asked.path for asked in server.asked} == {"/graphql"}


def test_a_batch_that_is_too_heavy_is_halved_without_waiting() -> None:
    ids = [f"I_{n}" for n in range(8)]
    with Scripted(nodes(most=2)) as server:
        found = list(graphql(server, attempts=5).nodes(QUERY, "o", ids, 8))
    assert [node.id for node in found] == ids
    assert [len(asked.body["variables"]["ids"]) for asked in server.asked] == [8, 4, 2, 2, 2, 2]


def test_later_batches_of_a_query_begin_with_what_was_answered() -> None:
    with Scripted(nodes(most=2)) as server:
        api = graphql(server)
        for ids in (["a", "b", "c", "d"], ["e", "f", "g", "h"]):
            list(api.for_purpose("rotation").nodes(QUERY, "o", ids, 4))
    assert [len(asked.body["variables"]["ids"]) for asked in server.asked] == [4, 2, 2, 2, 2]


def test_one_node_that_is_too_heavy_makes_no_batch_smaller_than_a_quarter() -> None:
    def script(asked: Asked) -> Told:
        ids = asked.body["variables"]["ids"]
        if "x" in ids and len(ids) > 1:
            return Told({"message": "Bad gateway"}, 502)
        return Told({"data": {"nodes": [{"id": each} for each in ids]}})

    with Scripted(script) as server:
        api = graphql(server)
        list(api.nodes(QUERY, "o", [*"abcdefgx"], 8))
        server.asked.clear()
        list(api.nodes(QUERY, "o", [*"ijklmnop"], 8))
    assert [len(asked.body["variables"]["ids"]) for asked in server.asked] == [2, 2, 2, 2]


def test_ids_of_two_kinds_are_asked_for_at_once_each_in_its_own_field() -> None:
    def script(asked: Asked) -> Told:
        variables = asked.body["variables"]
        found: dict[str, Any] = {"issues": [{"id": each} for each in variables["issues"]]}
        found["pulls"] = [None for _ in variables["pulls"]]
        bad = error("FORBIDDEN", path=["pulls", 0])
        return Told({"data": found, "errors": [bad] if variables["pulls"] else []})

    fields = {"I_1": "issues", "PR_2": "pulls", "I_3": "issues"}
    with Scripted(script) as server:
        found = list(graphql(server).nodes("q", "o", list(fields), 2, fields))
    assert [asked.body["variables"] for asked in server.asked] == [
        {"issues": ["I_1"], "pulls": ["PR_2"]},
        {"issues": ["I_3"], "pulls": []},
    ]
    refusals = {node.id: node.problem.type if node.problem else None for node in found}
    assert refusals == {"I_1": None, "PR_2": "FORBIDDEN", "I_3": None}


def test_no_field_is_asked_for_more_ids_than_github_answers() -> None:
    def script(asked: Asked) -> Told:
        found = {name: [{"id": e} for e in ids] for name, ids in asked.body["variables"].items()}
        return Told({"data": found})

    fields = {f"{'I' if n % 3 == 0 else 'PR'}_{n}": "p" if n % 3 else "i" for n in range(180)}
    with Scripted(script) as server:
        found = list(graphql(server).nodes("q", "o", list(fields), 200, fields))
    sizes = [[len(each) for each in asked.body["variables"].values()] for asked in server.asked]
    assert sizes == [[51, 100], [9, 20]]
    assert {node.id for node in found} == fields.keys()


def test_partial_data_of_a_query_that_used_up_its_resources_is_asked_for_again() -> None:
    def script(asked: Asked) -> Told:
        ids = asked.body["variables"]["ids"]
        if len(ids) > 1:
            heavy = error("RESOURCE_LIMITS_EXCEEDED", path=["nodes", 1])
            return Told({"data": {"nodes": [{"id": "a"}, None]}, "errors": [heavy]})
        return Told({"data": {"nodes": [{"id": each} for each in ids]}})

    with Scripted(script) as server:
        found = list(graphql(server).nodes(QUERY, "o", ["a", "b"], 2))
    assert [(node.id, node.document) for node in found] == [("a", {"id": "a"}), ("b", {"id": "b"})]


def test_a_node_that_is_gone_and_one_that_is_refused_are_told_apart() -> None:
    bad = (error("NOT_FOUND", path=["nodes", 0]), error("FORBIDDEN", path=["nodes", 2]))
    with Scripted(nodes(*bad, without=("a", "c"))) as server:
        gone, here, hidden = graphql(server).nodes(QUERY, "o", ["a", "b", "c"], 3)
    assert gone.document is None
    assert gone.problem is not None
    assert gone.problem.type == "NOT_FOUND"
    assert here.problem is None
    assert hidden.problem is not None
    assert refused(hidden.problem.error).state == "not-permitted"


def test_data_that_is_null_raises_what_made_it_null() -> None:
    answer = Told(
        {"data": {"repository": None}, "errors": [error("FORBIDDEN", path=["repository"])]}
    )
    with Scripted(lambda _: answer) as server:
        result = graphql(server).ask(QUERY, "o", {})
    with pytest.raises(RepositoryError, match="GitHub refuses") as raised:
        result.part("repository")
    assert refused(raised.value).state == "not-permitted"


def test_graphql_that_is_not_to_be_had_is_asked_for_once() -> None:
    with Scripted(lambda _: Told({"message": "Not Found"}, 404)) as server:
        api = graphql(server)
        for _ in range(2):
            with pytest.raises(NoGraphQLError):
                api.ask(QUERY, "o", {})
    assert len(server.asked) == 1


def test_a_limit_told_with_200_is_a_limit() -> None:
    limited = Told({"errors": [error("RATE_LIMITED", "API rate limit exceeded")]})
    with (
        Scripted(lambda _: limited) as server,
        pytest.raises(TransientError, match="asked to wait 60 s"),
    ):
        graphql(server).ask(QUERY, "o", {})


def test_a_query_that_is_too_heavy_for_one_node_is_an_error() -> None:
    answer = Told({"data": None, "errors": [error("MAX_NODE_LIMIT_EXCEEDED")]})
    with Scripted(lambda _: answer) as server, pytest.raises(TooHeavyError):
        list(graphql(server).nodes(QUERY, "o", ["a", "b"], 2))
    assert len(server.asked) == 2


def test_the_pages_of_a_connection_are_halved_too() -> None:
    def script(asked: Asked) -> Told:
        first, after = asked.body["variables"]["first"], asked.body["variables"]["after"]
        if first > 2:
            return Told({"message": "Bad gateway"}, 502)
        start = int(after or 0)
        listed = [{"n": n} for n in range(start, min(start + first, 5))]
        info = {"hasNextPage": start + first < 5, "endCursor": str(start + first)}
        return Told({"data": {"all": {"nodes": listed, "pageInfo": info, "totalCount": 5}}})

    with Scripted(script) as server:
        parts = list(graphql(server).connection("q", "o", {}, lambda r: r.part("all"), 5))
    assert [[node["n"] for node in part.nodes] for part in parts] == [[0, 1], [2, 3], [4]]
    assert [part.after for part in parts] == ["2", "4", None]


def test_enterprise_server_has_graphql_beside_its_rest_api() -> None:
    assert graphql_url("https://api.github.com") == "https://api.github.com/graphql"
    assert graphql_url("https://ghe.example/api/v3") == "https://ghe.example/api/graphql"


def test_a_query_that_the_servers_schema_does_not_have_is_asked_once() -> None:
    unknown = {"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}}
    with Scripted(lambda asked: Told({"errors": [unknown]})) as server:
        api = graphql(server)
        for _ in range(2):
            with pytest.raises(NoGraphQLError, match="lacks a field: Field 'x' doesn't exist"):
                api.ask(QUERY, "o", {"ids": []})
    assert len(server.asked) == 1
