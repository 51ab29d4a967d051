"""An account's own data as it is read from the stand-in's API, section by section."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backup_contract.documents.data_index import Section
from local_cloud.github import Account, Change, Fault, Gists, TokenRights
from local_cloud.github.data.furnishing import PLANTED, furnish_organization
from local_cloud.github.data.projects import Project as Board
from local_cloud.github.data.projects import ProjectItem
from repo_backup.hosts.base import account_of
from repo_backup.hosts.data import Reading, Signature, Task
from repo_backup.hosts.github.accounts.sections import OF_ORGANIZATIONS, OF_USERS
from tests.integration.repo_backup.hosts.data.project import TOKEN, MemoryDocuments, Project

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ORGANIZATION = "octo-org"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A server with an organization that has something of everything."""
    with Project(tmp_path / "hub", rights=TokenRights(None)) as made:
        made.hub.catalogue.accounts[ORGANIZATION] = Account(ORGANIZATION, "Organization")
        made.editor().create_issue("One")
        furnish_organization(made.hub.data, ORGANIZATION, 1, "octo/hello")
        made.hub.data.accounts["users/octo/starred"] = ["elsewhere/tool"]
        yield made


def read(
    project: Project, login: str, documents: MemoryDocuments, before: Reading | None = None
) -> Reading:
    """What a run reads of an account."""
    sections = before.sections if before else {}
    task = Task(Signature("account"), NOW, sections, settings=True)
    return project.host().accounts.read(account_of(login), task, documents)


def test_an_organizations_people_teams_and_settings_are_read_in_full(project: Project) -> None:
    documents = MemoryDocuments()
    reading = read(project, ORGANIZATION, documents)
    assert {name: each.state for name, each in reading.sections.items()} == dict.fromkeys(
        ("account.profile", *(f"account.{name}" for name in OF_ORGANIZATIONS)), "complete"
    )
    found = {path.removeprefix("account/"): each for path, each in documents.all.items()}
    roles = {each["login"]: each["role"] for each in found["members.json"]}
    assert roles == {"octo": "admin", "hubot": "member", "monalisa": "member"}
    (team,) = found["teams.json"]
    roles = {each["login"]: each["role"] for each in team["members"]}
    assert roles == {"octo": "member", "hubot": "maintainer"}
    (repository,) = team["repositories"]
    assert (repository["full_name"], repository["role_name"]) == ("octo/hello", "write")
    assert "description" not in repository
    (ruleset,) = found["rulesets.json"]
    assert ruleset["rules"] == [{"type": "deletion"}]
    variables = {each["name"]: each for each in found["variables.json"]}
    assert len(variables) == 36
    (selected,) = variables["REGION"]["selected_repositories"]
    assert selected["full_name"] == "octo/hello"
    assert "selected_repositories" not in variables["VARIABLE_00"]
    assert [each["name"] for each in found["secret_names.json"]] == ["DEPLOY_KEY", "SIGNING_KEY"]
    assert [each["name"] for each in found["dependabot_secret_names.json"]] == ["REGISTRY_TOKEN"]
    assert not [secret for secret in PLANTED if secret in json.dumps(documents.all)]


def test_a_projects_items_have_the_values_of_their_fields(project: Project) -> None:
    documents = MemoryDocuments()
    read(project, ORGANIZATION, documents)
    (listed,) = documents.all["account/projects.json"]
    names = ["Due", "Notes", "Points", "Sprint", "Status"]
    assert [each["name"] for each in listed["fields"]] == names
    draft, issue = documents.all["projects/4.json"]["item_nodes"]
    assert (draft["type"], draft["content"]["title"]) == ("DRAFT_ISSUE", "Write it down")
    assert issue["content"] == {
        "__typename": "Issue",
        "id": issue["content"]["id"],
        "number": 1,
        "url": issue["content"]["url"],
        "repository": {"nameWithOwner": "octo/hello"},
    }
    values = {each["field"]["name"]: each for each in issue["fieldValues"]["nodes"]}
    assert values["Status"]["name"] == "Done"
    assert values["Notes"]["text"] == "as agreed"
    assert values["Points"]["number"] == 3.5
    assert values["Due"]["date"] == "2026-12-24"
    assert (values["Sprint"]["title"], values["Sprint"]["duration"]) == ("Sprint 7", 14)


def test_every_page_of_a_large_project_is_read_and_one_that_is_gone_is_marked(
    project: Project,
) -> None:
    items = tuple(ProjectItem(9000 + number, f"Item {number}") for number in range(250))
    accounts = project.hub.data.accounts
    accounts["users/octo/projectsV2"] = [Board(77, "octo", 1, "Mine", items=items)]
    documents = MemoryDocuments()
    first = read(project, "octo", documents)
    assert first.sections["account.projects"].state == "complete"
    assert len(documents.all["projects/1.json"]["item_nodes"]) == 250
    accounts["users/octo/projectsV2"] = []
    read(project, "octo", documents, first)
    assert documents.gone == {"projects/1.json"}


def test_private_projects_that_another_token_is_not_shown_are_not_marked(
    project: Project,
) -> None:
    project.hub.data.accounts["users/octo/projectsV2"] = [Board(77, "octo", 1, "Mine")]
    documents = MemoryDocuments()
    reading = read(project, "octo", documents)
    project.hub.catalogue.accounts["hubot"] = Account("hubot")
    project.hub.catalogue.tokens[TOKEN] = "hubot"
    project.hub.data.accounts["users/octo/projectsV2"] = []
    for _ in range(2):
        reading = read(project, "octo", documents, reading)
    assert documents.gone == set()
    (saved,) = documents.all["account/projects.json"]
    assert saved["title"] == "Mine"
    project.hub.catalogue.tokens[TOKEN] = "octo"
    read(project, "octo", documents, reading)
    assert documents.gone == {"projects/1.json"}


def test_where_graphql_is_refused_projects_lack_the_values_and_say_so(project: Project) -> None:
    project.hub.faults.add(Fault("/graphql", status=403))
    documents = MemoryDocuments()
    found = read(project, ORGANIZATION, documents).sections["account.projects"]
    assert (found.state, found.here) == ("not-permitted", 1)
    assert str(found.reason).startswith("only GraphQL, which is refused, has the values")
    assert len(documents.all["projects/4.json"]["items"]) == 2
    assert documents.all["account/projects.json"]


def test_where_graphql_alone_wants_a_right_the_projects_are_saved_without_items(
    project: Project,
) -> None:
    project.hub.rights[TOKEN] = TokenRights(frozenset({"repo"}))
    board = Board(77, "octo", 1, "Mine", items=(ProjectItem(9000, "Item"),))
    project.hub.data.accounts["users/octo/projectsV2"] = [board]
    documents = MemoryDocuments()
    found = read(project, "octo", documents).sections["account.projects"]
    assert (found.state, found.reason) == (
        "not-permitted",
        "needs Projects (scope read:project)",
    )
    (listed,) = documents.all["account/projects.json"]
    assert listed["title"] == "Mine"


def test_stars_have_their_dates(project: Project) -> None:
    documents = MemoryDocuments()
    reading = read(project, "octo", documents)
    assert set(reading.sections) == {
        "account.profile",
        *(f"account.{name}" for name in OF_USERS),
    }
    (star,) = documents.all["account/starred.json"]
    assert (star["full_name"], star["starred_at"]) == ("elsewhere/tool", "2023-11-14T22:13:20Z")
    assert "stargazers_count" not in star


def test_each_section_that_is_refused_names_its_right_and_keeps_what_was_saved(
    project: Project,
) -> None:
    documents = MemoryDocuments()
    before = read(project, ORGANIZATION, documents)
    saved = dict(documents.all)
    project.hub.rights[TOKEN] = TokenRights(None, permissions={"metadata": "read"})
    sections = read(project, ORGANIZATION, documents, before).sections
    reasons = {name: each.reason for name, each in sections.items() if each.state != "complete"}
    assert set(reasons) == {
        f"account.{name}" for name in OF_ORGANIZATIONS if name != "organization"
    }
    assert reasons["account.variables"] == "needs Organization actions variables (read)"
    assert all(str(each).startswith("needs ") for each in reasons.values())
    assert documents.all == saved
    assert sections["account.variables"].here == 36
    assert _states(sections) == {"complete", "not-permitted"}


def test_public_members_alone_are_not_taken_for_all_members(project: Project) -> None:
    """GitHub sends on to them who is no member, and takes no role there."""
    documents = MemoryDocuments()
    before = read(project, ORGANIZATION, documents)
    saved = documents.get("account/members.json")
    public = f"/orgs/{ORGANIZATION}/public_members"
    headers = {"Location": f"{project.hub.api_url}{public}"}
    project.hub.faults.add(
        Fault(f"/orgs/{ORGANIZATION}/members", status=302, headers=headers),
        Fault(public, status=200, body=b'[{"id": 5, "login": "hubot"}]'),
    )
    section = read(project, ORGANIZATION, documents, before).sections["account.members"]
    assert (section.state, section.reason) == ("not-permitted", "needs Members (scope read:org)")
    assert documents.get("account/members.json") == saved


def test_what_a_user_lacked_does_not_fail_the_organization_that_it_became(
    project: Project,
) -> None:
    documents = MemoryDocuments()
    project.hub.faults.add(Fault("/users/octo/starred", status=500))
    before = read(project, "octo", documents)
    assert before.sections["account.starred"].state == "failed"
    project.hub.catalogue.accounts["octo"] = Account("octo", "Organization")
    sections = read(project, "octo", documents, before).sections
    assert "account.starred" not in sections
    assert sections["account.followers"] == before.sections["account.followers"]


def test_a_scope_that_lacks_is_named_for_classic_tokens(project: Project) -> None:
    project.hub.rights[TOKEN] = TokenRights(frozenset({"repo", "read:org"}))
    sections = read(project, ORGANIZATION, MemoryDocuments()).sections
    assert sections["account.members"].state == "complete"
    for name, scope in (("rulesets", "admin:org"), ("projects", "read:project")):
        found = sections[f"account.{name}"]
        assert (found.state, scope in str(found.reason)) == ("not-permitted", True)


def _states(sections: Mapping[str, Section]) -> set[str]:
    return {each.state for each in sections.values()}


def test_a_gist_that_is_deleted_keeps_its_description_and_comments(project: Project) -> None:
    gists = Gists(project.hub.root, project.hub.data)
    kept, other = gists.create({"a": "b"}, "Notes"), gists.create({"a": "b"}, "Plans")
    gists.comment(kept, "Nice")
    documents = MemoryDocuments()
    before = read(project, "octo", documents)
    gists.delete(kept)
    reading = read(project, "octo", documents, before)
    saved = {each["id"]: each for each in documents.all["account/gists.json"]}
    assert saved.keys() == {kept.id, other.id}
    assert [each["body"] for each in saved[kept.id]["comment_data"]] == ["Nice"]
    assert reading.sections["account.gists"].here == 1


def test_a_token_that_is_shown_public_gists_alone_lacks_a_scope(project: Project) -> None:
    gists = Gists(project.hub.root, project.hub.data)
    gists.create({"a": "b"}, "Notes")
    gists.create({"a": "b"}, "Plans", public=False)
    project.hub.rights[TOKEN] = TokenRights(frozenset({"repo"}))
    documents = MemoryDocuments()
    section = read(project, "octo", documents).sections["account.gists"]
    assert (section.state, section.reason) == ("not-permitted", "needs Gists (scope gist)")
    assert [each["description"] for each in documents.all["account/gists.json"]] == ["Notes"]


def test_a_malformed_item_costs_its_section_alone(project: Project) -> None:
    teams = json.dumps([{"id": 1, "slug": "\ud800"}]).encode()
    project.hub.faults.add(Fault(f"/orgs/{ORGANIZATION}/teams", status=200, body=teams))
    reading = read(project, ORGANIZATION, MemoryDocuments())
    states = {name: each.state for name, each in reading.sections.items()}
    assert states.pop("account.teams") == "failed"
    assert set(states.values()) == {"complete"}


def test_a_null_in_a_list_that_github_does_not_count_is_named(project: Project) -> None:
    project.hub.faults.add(Fault(f"/orgs/{ORGANIZATION}/teams", "null-item"))
    section = read(project, ORGANIZATION, MemoryDocuments()).sections["account.teams"]
    reason = f"GitHub's list /orgs/{ORGANIZATION}/teams has items that cannot be read: 1"
    assert (section.state, section.reason) == ("failed", reason)


def test_no_star_is_missed_because_another_one_is_taken_back(project: Project) -> None:
    stars = [f"elsewhere/tool-{number:03}" for number in range(150)]
    project.hub.data.accounts["users/octo/starred"] = stars
    edits = [Change(lambda: stars.pop(0))]
    path = "/users/octo/starred"
    project.hub.faults.add(Fault(path, "none", query="*page=2*", edits=edits, times=1))
    documents = MemoryDocuments()
    reading = read(project, "octo", documents)
    assert reading.sections["account.starred"].state == "complete"
    saved = {each["full_name"] for each in documents.all["account/starred.json"]}
    assert saved >= set(stars)


def test_a_list_that_changes_whenever_it_is_read_is_saved_and_said_to_be_truncated(
    project: Project,
) -> None:
    project.hub.data.accounts["users/octo/starred"] = stars = [f"a/t{n}" for n in range(150)]
    project.hub.data.accounts["users/octo/followers"] = ["hubot", "monalisa"]
    edits = [Change(lambda: stars.pop(0))]
    project.hub.faults.add(Fault("/users/octo/starred", "none", query="*page=2*", edits=edits))
    documents = MemoryDocuments()
    reading = read(project, "octo", documents)
    starred, followers = (reading.sections[f"account.{name}"] for name in ("starred", "followers"))
    assert (starred.state, followers.state) == ("truncated", "complete")
    assert "changed each of the 4 times" in str(starred.reason)
    saved = {each["full_name"] for each in documents.all["account/starred.json"]}
    assert saved >= set(stars)


def test_an_item_that_a_project_counts_and_does_not_show_is_named(project: Project) -> None:
    items = tuple(ProjectItem(9000 + number, f"Item {number}") for number in range(130))
    accounts = project.hub.data.accounts
    accounts["users/octo/projectsV2"] = [Board(77, "octo", 1, "Mine", items=items)]
    short = Fault("/graphql", "short", query="operation=ProjectItems", field="items")
    project.hub.faults.add(short)
    documents = MemoryDocuments()
    found = read(project, "octo", documents).sections["account.projects"]
    reason = "project 1: GitHub counts 130 items in it and shows 128"
    assert (found.state, found.reason) == ("truncated", reason)
    assert len(documents.all["projects/1.json"]["item_nodes"]) == 128
    project.hub.faults.clear()
    assert read(project, "octo", documents).sections["account.projects"].state == "complete"


def test_an_item_that_people_moved_to_a_page_that_was_read_is_found_by_reading_again(
    project: Project,
) -> None:
    items = [ProjectItem(9000 + number, f"Item {number}") for number in range(130)]
    accounts = project.hub.data.accounts
    accounts["users/octo/projectsV2"] = [Board(77, "octo", 1, "Mine", items=tuple(items))]

    def move() -> None:
        moved = (items[120], *items[:120], *items[121:])
        accounts["users/octo/projectsV2"] = [Board(77, "octo", 1, "Mine", items=moved)]

    query = "operation=ProjectItems"
    edits = [Change(move)]
    project.hub.faults.add(Fault("/graphql", "none", query=query, skip=1, times=1, edits=edits))
    documents = MemoryDocuments()
    assert read(project, "octo", documents).sections["account.projects"].state == "complete"
    assert len(documents.all["projects/1.json"]["item_nodes"]) == 130
