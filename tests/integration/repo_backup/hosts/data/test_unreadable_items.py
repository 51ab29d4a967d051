"""Whatever stands in the place of an item costs the section of its list, and nothing else."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from backup_contract.documents.data_index import Section
from local_cloud.github import Account, Fault, TokenRights
from local_cloud.github.data import Size, fill
from local_cloud.github.data.furnishing import furnish_organization, furnish_settings
from local_cloud.github.faults import Action
from repo_backup.hosts.base import account_of
from repo_backup.hosts.data import Reading, Signature, Task
from tests.integration.repo_backup.hosts.data.project import Backup, MemoryDocuments, Project

ORGANIZATION = "octo-org"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
REPOSITORY = "/repos/octo/hello"
UNREADABLE: tuple[Action, ...] = ("null-item", "text-item", "nameless-item")
SELDOM = [pytest.param(each, marks=pytest.mark.slow) for each in ("text-item", "null-list")]
LISTS: Mapping[str, str] = {
    "/pulls": "pulls",
    "/issues/comments": "issue_comments",
    "/pulls/comments": "review_comments",
    "/issues/events": "events",
    "/labels": "labels",
    "/milestones": "milestones",
    "/comments": "commit_comments",
    "/security-advisories": "security_advisories",
    "/branches": "settings.branch_protection",
    "/rulesets": "settings.rulesets",
    "/hooks": "settings.hooks",
    "/environments": "settings.environments",
    "/actions/variables": "settings.variables",
    "/actions/secrets": "settings.secret_names",
    "/environments/production/secrets": "settings.secret_names",
    "/keys": "settings.deploy_keys",
    "/collaborators": "settings.collaborators",
    "/autolinks": "settings.autolinks",
    "/invitations": "settings.invitations",
}
"""Below the repository: which section each list is, or is a part of."""
COUNTED = ("/issues", "/releases", "Discussions discussions")
"""Lists of which GitHub's count tells that something is missing, which is then asked for."""
CONNECTIONS: Mapping[str, str] = {
    "[IP]* timelineItems": "timeline",
    "[IP]* subIssues": "timeline",
    "[IP]* reviews": "reviews",
    "[IP]* reviewThreads": "reviews",
    "Discussions comments": "discussions",
    "Discussions replies": "discussions",
    "Reactions reactions": "reactions",
}
"""Connections of GraphQL in the answers for many items, and which section each is a part of."""
ACCOUNT_LISTS: Mapping[str, str] = {
    "/members": "members",
    "/outside_collaborators": "outside_collaborators",
    "/teams": "teams",
    "/teams/core/members": "teams",
    "/teams/core/repos": "teams",
    "/hooks": "hooks",
    "/rulesets": "rulesets",
    "/actions/variables": "variables",
    "/actions/variables/REGION/repositories": "variables",
    "/actions/secrets": "secret_names",
    "/dependabot/secrets": "dependabot_secret_names",
    "/issue-types": "issue_types",
    "/properties/schema": "properties",
    "/projectsV2": "projects",
    "/projectsV2/4/fields": "projects",
    "ProjectItems items": "projects",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A repository and an organization that have something in each list."""
    root = tmp_path_factory.mktemp("unreadable")
    with Project(root / "hub", rights=TokenRights(None)) as project:
        editor = fill(project.hub.data, 1, Size(issues=3, pulls=2, discussions=1, releases=2))
        furnish_settings(editor)
        editor.create_milestone("Of no issue", "Asked for")
        editor.comment_commit("1" * 40, "Why?")
        editor.cross_reference(1, 3)
        editor.add_sub_issue(1, 3)
        project.hub.catalogue.accounts[ORGANIZATION] = Account(ORGANIZATION, "Organization")
        furnish_organization(project.hub.data, ORGANIZATION, 1, "octo/hello")
        project.hub.data.accounts |= {
            f"orgs/{ORGANIZATION}/issue-types": [{"id": 1, "name": "Bug"}],
            f"orgs/{ORGANIZATION}/properties/schema": [{"property_name": "team"}],
        }
        yield project


@pytest.fixture
def project(made: Project) -> Iterator[Project]:
    """The same; nothing of it is saved."""
    made.backups[1] = Backup()
    yield made
    made.hub.faults.clear()


def fault(place: str, action: Action, base: str = REPOSITORY) -> Fault:
    """What distorts one list."""
    if place.startswith("/"):
        return Fault(base + place, action)
    operation, _, field = place.partition(" ")
    return Fault("/graphql", action, query=f"operation={operation}", field=field)


def lacking(sections: Mapping[str, Section]) -> dict[str, str]:
    """The sections that are not complete; each says why."""
    assert all(each.reason for each in sections.values() if each.state != "complete")
    return {name: each.state for name, each in sections.items() if each.state != "complete"}


def undisturbed(project: Project) -> Mapping[str, Any]:
    """The documents of one reading, with which nothing interferes."""
    project.backups[1] = Backup()
    project.run()
    return project.backups[1].documents.all


def read_account(project: Project, documents: MemoryDocuments) -> Reading:
    """All of the organization."""
    task = Task(Signature("account"), NOW, {})
    return project.host().accounts.read(account_of(ORGANIZATION), task, documents)


@pytest.mark.parametrize("action", UNREADABLE)
def test_unreadable_items_in_all_lists_cost_the_sections_that_github_does_not_count(
    project: Project, action: Action
) -> None:
    project.hub.faults.add(*(fault(each, action) for each in (*LISTS, *COUNTED)))
    along = ("reactions", "reviews", "timeline")
    expected = dict.fromkeys((*LISTS.values(), *along), "failed")
    assert lacking(project.run().sections) == expected
    project.hub.faults.clear()
    assert lacking(project.run().sections) == {}
    assert project.backups[1].documents.all == undisturbed(project)


@pytest.mark.parametrize("action", ["null-item", *SELDOM])
@pytest.mark.parametrize("place", CONNECTIONS)
def test_unreadable_nodes_of_a_connection_cost_its_section_alone_and_are_asked_for_again(
    project: Project, place: str, action: Action
) -> None:
    project.hub.faults.add(fault(place, action))
    assert lacking(project.run().sections) == {CONNECTIONS[place]: "failed"}
    project.hub.faults.clear()
    assert lacking(project.run().sections) == {}
    assert project.backups[1].documents.all == undisturbed(project)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["null-item", "text-item", "null-list"])
@pytest.mark.parametrize("place", CONNECTIONS)
def test_nothing_is_marked_as_gone_by_unreadable_nodes(
    project: Project, place: str, action: Action
) -> None:
    project.run()
    project.hub.faults.add(fault(place, action))
    assert lacking(project.run(full=True).sections) == {CONNECTIONS[place]: "failed"}
    assert not project.backups[1].documents.gone
    project.hub.faults.clear()
    assert lacking(project.run().sections) == {}
    assert project.backups[1].documents.all == undisturbed(project)


@pytest.mark.parametrize("action", UNREADABLE)
def test_unreadable_items_of_an_account_cost_their_sections(
    project: Project, action: Action
) -> None:
    base = f"/orgs/{ORGANIZATION}"
    project.hub.faults.add(*(fault(each, action, base) for each in ACCOUNT_LISTS))
    states = lacking(read_account(project, MemoryDocuments()).sections)
    assert states == {f"account.{name}": "failed" for name in ACCOUNT_LISTS.values()}
