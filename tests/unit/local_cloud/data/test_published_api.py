"""The stand-in answers what GitHub publishes of its API, and no field more.

Null users are the one thing that the stand-in does where the description does not always: GitHub
does it, too (python-github-backup met them), so the items that are asked for alone have users here.
"""

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    parse,
    validate,
)

from local_cloud.github import Account, TokenRights
from local_cloud.github.api import Api
from local_cloud.github.data import Size, fill
from local_cloud.github.data.furnishing import furnish_settings
from local_cloud.github.data.graphql.execution import schema
from local_cloud.github.data.rest.access import Caller
from local_cloud.github.data.rest.routes import ROUTES
from tests.unit.local_cloud.data.asking import editor, get, hub
from tools.github_api import published

pytestmark = pytest.mark.slow

VALUES = {"tag": "v1.0", "branch": "main", "name": "production"}


@pytest.fixture(scope="module")
def api() -> Api:
    """An account with something of everything."""
    made = hub()
    octo = fill(made.data, 1, Size(issues=6, pulls=6, discussions=2, comments=4))
    furnish_settings(octo)
    octo.add_sub_issue(1, 3)
    octo.cross_reference(1, 2)
    octo.lock(1)
    octo.edit_issue(1, title="Another title", assignees=["octo"], milestone=1)
    octo.merge(2)
    octo.reopen(3)
    made.catalogue.accounts["octo-org"] = Account("octo-org", "Organization")
    made.data.accounts.update(
        {
            "orgs/octo-org/members": ["octo", "hubot"],
            "orgs/octo-org/teams": [{"id": 7, "name": "Core", "slug": "core"}],
            "users/octo/starred": ["octo/hello"],
            "users/octo/followers": ["hubot"],
            "user/subscriptions": ["octo/hello"],
        }
    )
    data, pull = octo.repository, octo.repository.issues[2].pull
    assert pull
    for text in (
        data.issues[1],
        next(iter(data.issues[1].comments.values())),
        next(iter(pull.comments.values())),
        data.releases[0],
        data.commit_comments[0],
    ):
        octo.react(text)
    for number in (1, 2):
        issue = octo.repository.issues[number]
        issue.author = "octo"
        for event in issue.events:
            event.actor = "octo"
    return made


def _numbers(api: Api) -> Iterator[tuple[str, int]]:
    data = api.data.of(1)
    pull = data.issues[2].pull
    assert pull
    yield "issues/comments/", next(iter(data.issues[1].comments))
    yield "issues/", 1
    yield "pulls/comments/", next(iter(pull.comments))
    yield "pulls/", 2
    yield "comments/", data.commit_comments[0].id
    yield "milestones/", 1
    yield "releases/assets/", data.releases[0].assets[0].id
    yield "releases/", data.releases[0].id
    yield "rulesets/", data.settings["rulesets"][0]["id"]


def _path(api: Api, route: str) -> str:
    path = re.sub(r"\{(\w+)\+\}", r"{\1}", route)
    number = next((each for part, each in _numbers(api) if path.startswith(part)), 0)
    return path.format(number=number, **VALUES)


@pytest.mark.parametrize("route", [each.path for each in ROUTES])
def test_every_answer_is_as_github_describes_it(api: Api, route: str) -> None:
    told = get(api, f"{_path(api, route)}?state=all&protected=true&per_page=100")
    assert told.status == 200
    assert told.body
    described = f"/repos/{{owner}}/{{repo}}/{route}"
    assert list(published.faults(described, 200, told.body)) == []


@pytest.mark.parametrize(
    ("path", "described"),
    [
        ("/repos/octo/hello", "/repos/{owner}/{repo}"),
        ("/user", "/user"),
        ("/user/repos", "/user/repos"),
        ("/users/octo", "/users/{username}"),
        ("/users/octo/repos", "/users/{username}/repos"),
        ("/orgs/octo-org", "/orgs/{org}"),
        ("/orgs/octo-org/members", "/orgs/{org}/members"),
        ("/orgs/octo-org/teams", "/orgs/{org}/teams"),
        ("/users/octo/starred", "/users/{username}/starred"),
        ("/users/octo/followers", "/users/{username}/followers"),
        ("/user/subscriptions", "/user/subscriptions"),
    ],
)
def test_accounts_and_repositories_are_as_github_describes_them(
    api: Api, path: str, described: str
) -> None:
    told = get(api, path, Caller("token", "octo", TokenRights(frozenset({"repo", "read:org"}))))
    # Whether it is one's own account or another's is left open by a schema of either.
    found = published.faults(described, told.status, told.body)
    assert [each for each in found if "no such field" not in each] == []


@pytest.mark.parametrize(
    ("path", "described", "status"),
    [
        ("issues/1", "/repos/{owner}/{repo}/issues/{issue_number}", 410),
        ("issues/99", "/repos/{owner}/{repo}/issues/{issue_number}", 404),
        ("issues", "/repos/{owner}/{repo}/issues", 301),
        ("pulls/99", "/repos/{owner}/{repo}/pulls/{pull_number}", 404),
    ],
)
def test_every_refusal_is_one_that_github_gives_there(
    path: str, described: str, status: int
) -> None:
    api = hub()
    editor(api).create_issue("One")
    editor(api).delete_issue(1)
    if status == 301:
        api.catalogue.move("octo/hello", "octo/moved")
    told = get(api, path)
    assert told.status == status
    assert list(published.faults(described, status, told.body)) == []


def test_the_schema_is_a_subset_of_githubs() -> None:
    ours, theirs = schema().type_map, published.graphql_schema().type_map
    for name, mine in ours.items():
        if name.startswith("__"):
            continue
        other = theirs[name]
        assert type(mine) is type(other), name
        if isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
            assert isinstance(other, GraphQLObjectType | GraphQLInterfaceType)
            assert {i.name for i in mine.interfaces} <= {i.name for i in other.interfaces}, name
            for field, definition in mine.fields.items():
                known = other.fields[field]
                assert str(definition.type) == str(known.type), f"{name}.{field}"
                for argument, given in definition.args.items():
                    place = f"{name}.{field}({argument})"
                    assert str(given.type) == str(known.args[argument].type), place
                    assert given.default_value == known.args[argument].default_value, place
        elif isinstance(mine, GraphQLInputObjectType):
            assert isinstance(other, GraphQLInputObjectType)
            for field, wanted in mine.fields.items():
                assert str(wanted.type) == str(other.fields[field].type), f"{name}.{field}"
        elif isinstance(mine, GraphQLUnionType):
            assert isinstance(other, GraphQLUnionType)
            assert {each.name for each in mine.types} <= {each.name for each in other.types}, name
        elif isinstance(mine, GraphQLEnumType):
            assert isinstance(other, GraphQLEnumType)
            assert set(mine.values) <= set(other.values), name


def test_a_query_that_the_stand_in_does_not_know_is_refused_by_both() -> None:
    document = parse('{ repository(owner: "o", name: "r") { issues(state: OPEN) { total } } }')
    assert validate(schema(), document)
    assert validate(published.graphql_schema(), document)
