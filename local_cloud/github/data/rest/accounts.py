"""The data of an account, not of a repository: members, teams, stars, followers.

``AccountData.accounts`` holds by path what was chosen, as for a repository's settings: logins of
people, full names of repositories, or objects. At ``…/members?role=admin``, or ``maintainer``, are
those of the people who have that role.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.objects.people import Object, View, user
from local_cloud.github.data.objects.projects import project, project_field, project_item
from local_cloud.github.data.objects.repository import CREATED, repository
from local_cloud.github.data.projects import Project, ProjectField, ProjectItem
from local_cloud.github.data.rest.access import Caller, RefusedError
from local_cloud.github.data.rest.paging import Listed
from local_cloud.github.data.rest.settings import team

_STARS = "application/vnd.github.star+json"


@dataclass(frozen=True)
class AccountAsked:
    """A request about an account: what it sees is a ``view`` of no repository."""

    catalogue: Catalogue
    account: AccountData
    base: str
    path: str
    accept: str
    caller: Caller
    query: Mapping[str, str] = field(default_factory=dict)

    def stored(self, path: str) -> Any:
        """The data at a path."""
        return self.account.accounts.get(path, ())

    def view(self, login: str) -> View:
        """A view for objects that belong to the account of that name."""
        return View(self.base, Repository(0, login, ""), self.account, self.catalogue)

    def repository(self, full_name: str) -> Object:
        """A repository. One that is not in the catalogue is another owner's public one."""
        owner, _, name = full_name.partition("/")
        found = self.catalogue.repositories.get(full_name) or Repository(0, owner, name)
        return repository(View(self.base, found, self.account, self.catalogue))


@dataclass(frozen=True)
class AccountRoute:
    """A path, the permission that an App or fine-grained token needs, a classic token's scope.

    ``within`` is the key that holds the list beside ``total_count``, where the answer is an object;
    ``most`` of it come on a page. ``level`` is how much of the permission is needed. ``items`` are
    what is listed, where that is not what is stored at the path.
    """

    path: str
    permission: str | None
    scope: str | None
    written: Callable[[AccountAsked, Any], Any]
    within: str | None = None
    most: int = 100
    level: str = "read"
    items: Callable[[AccountAsked], Any] | None = None

    def matches(self, path: str) -> bool:
        """Whether it is the route of this path."""
        return bool(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path.strip("/")))

    def check(self, caller: Caller) -> None:
        """Raise RefusedError if the token lacks the permission."""
        if self.permission is None:
            return
        if not caller.token:
            raise RefusedError(401, "Requires authentication")
        permissions = caller.permissions
        if permissions is not None and self.permission not in permissions:
            raise RefusedError(403, caller.refusal)
        scopes = caller.rights.scopes
        if not caller.installation and scopes is not None and self.scope not in {None, *scopes}:
            raise RefusedError(403, f"You need at least {self.scope} scope")

    def headers(self, caller: Caller) -> dict[str, str]:
        """The headers that name the sufficient permissions in each answer."""
        if self.permission is None or not caller.token:
            return {}
        if caller.installation or caller.rights.scopes is None:
            return {"X-Accepted-GitHub-Permissions": f"{self.permission}={self.level}"}
        return {"X-Accepted-OAuth-Scopes": self.scope or ""}


def _user(asked: AccountAsked, login: str) -> Any:
    return user(asked.base, login)


def _team(asked: AccountAsked, stored: Mapping[str, Any]) -> Any:
    return team(asked.view(asked.path.split("/")[2]), stored)


def _repository(asked: AccountAsked, full_name: str) -> Any:
    return asked.repository(full_name)


def _star(asked: AccountAsked, full_name: str) -> Any:
    found = asked.repository(full_name)
    return {"starred_at": CREATED, "repo": found} if _STARS in asked.accept else found


def _as_stored(asked: AccountAsked, stored: Any) -> Any:
    return stored


def _team_repository(asked: AccountAsked, stored: tuple[str, str]) -> Any:
    """A repository and the role that the team has in it."""
    full_name, role = stored
    may = {"pull": True, "push": role in ("write", "admin"), "admin": role == "admin"}
    return {**asked.repository(full_name), "permissions": may, "role_name": role}


def _variable(asked: AccountAsked, stored: Mapping[str, Any]) -> Any:
    """A variable, or a secret without its value."""
    url = f"{asked.base}{asked.path}/{stored['name']}/repositories"
    selected = {"selected_repositories_url": url} if stored.get("visibility") == "selected" else {}
    times = {"created_at": CREATED, "updated_at": CREATED}
    return {"visibility": "all", **stored, **times, **selected}


def _ruleset(asked: AccountAsked, stored: Mapping[str, Any]) -> Any:
    """A ruleset in the list: without its rules."""
    outline = ("id", "name", "target", "enforcement")
    return {
        "node_id": f"RRS_{stored['id']}",
        "source": asked.path.split("/")[2],
        "source_type": "Organization",
        "created_at": CREATED,
        "updated_at": CREATED,
        **{name: stored[name] for name in outline if name in stored},
    }


def _whole_ruleset(asked: AccountAsked, stored: Any) -> Any:
    """A single ruleset, with its rules."""
    listed, _, number = asked.path.strip("/").rpartition("/")
    found = next((r for r in asked.stored(listed) if str(r["id"]) == number), None)
    if found is None:
        raise RefusedError(404, "Not Found")
    return {**_ruleset(asked, found), **found}


def _project(asked: AccountAsked, stored: Project) -> Any:
    return project(asked.base, stored)


def _owning_project(asked: AccountAsked) -> Project:
    listed, number, _ = asked.path.strip("/").rsplit("/", 2)
    found = next((p for p in asked.stored(listed) if str(p.number) == number), None)
    if found is None:
        raise RefusedError(404, "Not Found")
    project: Project = found
    return project


def _project_field(asked: AccountAsked, stored: ProjectField) -> Any:
    return project_field(asked.base, _owning_project(asked), stored)


def _project_item(asked: AccountAsked, stored: ProjectItem) -> Any:
    return project_item(asked.base, _owning_project(asked), stored)


def _fields(asked: AccountAsked) -> Any:
    return _owning_project(asked).fields


def _project_items(asked: AccountAsked) -> Any:
    return _owning_project(asked).items


def _with_role(asked: AccountAsked) -> Any:
    """People, all or those with the role of the query."""
    path, role = asked.path.strip("/"), asked.query.get("role", "all")
    everybody = asked.stored(path)
    if role == "all":
        return everybody
    leading = [*asked.stored(f"{path}?role=admin"), *asked.stored(f"{path}?role=maintainer")]
    if role in ("admin", "maintainer"):
        return leading
    return [each for each in everybody if each not in leading]


_ORG = "orgs/{org}"
_OF_ORGANIZATION = ("organization_projects", "read:project")


def _of_repositories(
    path: str, permission: str, within: str, most: int = 100
) -> tuple[AccountRoute, ...]:
    """Variables or secrets, and for which repositories each is."""
    path = f"{_ORG}/{path}"
    return (
        AccountRoute(path, permission, "admin:org", _variable, within, most),
        AccountRoute(
            f"{path}/{{name}}/repositories", permission, "admin:org", _repository, "repositories"
        ),
    )


ACCOUNT_ROUTES: tuple[AccountRoute, ...] = (
    AccountRoute(f"{_ORG}/members", "members", "read:org", _user, items=_with_role),
    AccountRoute(f"{_ORG}/outside_collaborators", "members", "read:org", _user),
    AccountRoute(f"{_ORG}/teams", "members", "read:org", _team),
    AccountRoute(f"{_ORG}/teams/{{team}}/members", "members", "read:org", _user, items=_with_role),
    AccountRoute(f"{_ORG}/teams/{{team}}/repos", "members", "read:org", _team_repository),
    AccountRoute(f"{_ORG}/hooks", "organization_hooks", "admin:org_hook", _as_stored),
    AccountRoute(
        f"{_ORG}/rulesets", "organization_administration", "admin:org", _ruleset, level="write"
    ),
    AccountRoute(
        *(f"{_ORG}/rulesets/{{id}}", "organization_administration", "admin:org", _whole_ruleset),
        level="write",
    ),
    *_of_repositories("actions/variables", "organization_actions_variables", "variables", 30),
    *_of_repositories("actions/secrets", "organization_secrets", "secrets"),
    *_of_repositories("dependabot/secrets", "organization_dependabot_secrets", "secrets"),
    AccountRoute(f"{_ORG}/issue-types", "issue_types", "read:org", _as_stored),
    AccountRoute(
        f"{_ORG}/properties/schema", "organization_custom_properties", "read:org", _as_stored
    ),
    AccountRoute(f"{_ORG}/projectsV2", *_OF_ORGANIZATION, _project),
    AccountRoute(
        f"{_ORG}/projectsV2/{{number}}/fields", *_OF_ORGANIZATION, _project_field, items=_fields
    ),
    AccountRoute(
        *(f"{_ORG}/projectsV2/{{number}}/items", *_OF_ORGANIZATION, _project_item),
        items=_project_items,
    ),
    AccountRoute("users/{user}/projectsV2", None, None, _project),
    AccountRoute(
        "users/{user}/projectsV2/{number}/fields", None, None, _project_field, items=_fields
    ),
    AccountRoute(
        "users/{user}/projectsV2/{number}/items", None, None, _project_item, items=_project_items
    ),
    AccountRoute("users/{user}/starred", None, None, _star),
    AccountRoute("users/{user}/followers", None, None, _user),
    AccountRoute("users/{user}/following", None, None, _user),
    AccountRoute("user/starred", "starring", None, _star),
    AccountRoute("user/subscriptions", "watching", None, _repository),
)


def find_account(path: str) -> AccountRoute | None:
    """The route of a path that belongs to an account."""
    return next((route for route in ACCOUNT_ROUTES if route.matches(path)), None)


def answer_of(route: AccountRoute, asked: AccountAsked) -> Any:
    """The account's data for a route: a list, or one object. Raises RefusedError."""
    route.check(asked.caller)
    if route.written is _whole_ruleset:
        return _whole_ruleset(asked, None)
    stored = route.items(asked) if route.items else asked.stored(asked.path.strip("/"))
    return Listed(
        stored, lambda each: route.written(asked, each), within=route.within, most=route.most
    )
