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
from local_cloud.github.data.furnishing import furnish_organization, furnish_settings
from local_cloud.github.data.graphql.execution import schema
from local_cloud.github.data.model import Gist, GistComment
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
    furnish_organization(made.data, "octo-org", 1, "octo/hello")
    now, gist = made.data.now(), "0a1b2c3d4e5f60718293"
    remark = GistComment(made.data.new_id(), "octo", "Thanks", now, now)
    made.data.gists[gist] = Gist(
        *(gist, "octo", "Notes", True, now, now), files={"a.md": 3}, comments=[remark]
    )
    made.data.accounts.update(
        {
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
    answer = get(api, f"{_path(api, route)}?state=all&protected=true&per_page=100")
    assert answer.status == 200
    assert answer.body
    described = f"/repos/{{owner}}/{{repo}}/{route}"
    assert list(published.faults(described, 200, answer.body)) == []


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
        ("/orgs/octo-org/members?role=admin", "/orgs/{org}/members"),
        ("/orgs/octo-org/teams", "/orgs/{org}/teams"),
        ("/orgs/octo-org/teams/core/members", "/orgs/{org}/teams/{team_slug}/members"),
        ("/orgs/octo-org/teams/core/repos", "/orgs/{org}/teams/{team_slug}/repos"),
        ("/orgs/octo-org/hooks", "/orgs/{org}/hooks"),
        ("/orgs/octo-org/rulesets", "/orgs/{org}/rulesets"),
        ("/orgs/octo-org/rulesets/RULESET", "/orgs/{org}/rulesets/{ruleset_id}"),
        ("/orgs/octo-org/actions/variables", "/orgs/{org}/actions/variables"),
        (
            "/orgs/octo-org/actions/variables/REGION/repositories",
            "/orgs/{org}/actions/variables/{name}/repositories",
        ),
        ("/orgs/octo-org/actions/secrets", "/orgs/{org}/actions/secrets"),
        (
            "/orgs/octo-org/actions/secrets/DEPLOY_KEY/repositories",
            "/orgs/{org}/actions/secrets/{secret_name}/repositories",
        ),
        ("/orgs/octo-org/dependabot/secrets", "/orgs/{org}/dependabot/secrets"),
        ("/orgs/octo-org/projectsV2", "/orgs/{org}/projectsV2"),
        ("/orgs/octo-org/projectsV2/4/fields", "/orgs/{org}/projectsV2/{project_number}/fields"),
        ("/orgs/octo-org/projectsV2/4/items", "/orgs/{org}/projectsV2/{project_number}/items"),
        ("/users/octo/starred", "/users/{username}/starred"),
        ("/users/octo/followers", "/users/{username}/followers"),
        ("/user/subscriptions", "/user/subscriptions"),
        ("/gists", "/gists"),
        ("/gists/{gist}", "/gists/{gist_id}"),
        ("/gists/{gist}/comments", "/gists/{gist_id}/comments"),
        ("/users/octo/gists", "/users/{username}/gists"),
    ],
)
def test_accounts_and_repositories_are_as_github_describes_them(
    api: Api, path: str, described: str
) -> None:
    (ruleset,) = api.data.accounts["orgs/octo-org/rulesets"]
    (gist,) = api.data.gists
    path = path.replace("RULESET", str(ruleset["id"])).replace("{gist}", gist)
    answer = get(api, path, Caller("token", "octo", TokenRights(None)))
    assert answer.status == 200
    assert answer.body
    # Whether it is one's own account or another's is left open by a schema of either.
    found = published.faults(described, answer.status, answer.body)
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
    answer = get(api, path)
    assert answer.status == status
    assert list(published.faults(described, status, answer.body)) == []


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
