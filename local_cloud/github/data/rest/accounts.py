"""What belongs to an account and not to a repository: members, teams, stars, followers, gists.

``AccountData.accounts`` holds by path what was chosen, as for a repository's settings: logins of
people, full names of repositories, or objects.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.objects.people import Object, View, user
from local_cloud.github.data.objects.repository import CREATED, repository
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

    def view(self, login: str) -> View:
        """A view for objects that belong to the account of that name."""
        return View(self.base, Repository(0, login, ""), self.account, self.catalogue)

    def repository(self, full_name: str) -> Object:
        """A repository; one that is not in the catalogue is somebody else's public one."""
        owner, _, name = full_name.partition("/")
        found = self.catalogue.repositories.get(full_name) or Repository(0, owner, name)
        return repository(View(self.base, found, self.account, self.catalogue))


@dataclass(frozen=True)
class AccountRoute:
    """A path, the permission that an App or fine-grained token needs, a classic token's scope."""

    path: str
    permission: str | None
    scope: str | None
    written: Callable[[AccountAsked, Any], Any]

    def matches(self, path: str) -> bool:
        """Whether it is the route of this path."""
        return bool(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path.strip("/")))

    def check(self, caller: Caller) -> None:
        """Raise RefusedError where the token lacks the right."""
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
        """What each answer says of the rights that would have been enough."""
        if self.permission is None or not caller.token:
            return {}
        if caller.installation or caller.rights.scopes is None:
            return {"X-Accepted-GitHub-Permissions": f"{self.permission}=read"}
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


ACCOUNT_ROUTES: tuple[AccountRoute, ...] = (
    AccountRoute("orgs/{org}/members", "members", "read:org", _user),
    AccountRoute("orgs/{org}/outside_collaborators", "members", "read:org", _user),
    AccountRoute("orgs/{org}/teams", "members", "read:org", _team),
    AccountRoute("orgs/{org}/teams/{team}/members", "members", "read:org", _user),
    AccountRoute("orgs/{org}/hooks", "organization_hooks", "admin:org_hook", _as_stored),
    AccountRoute("orgs/{org}/issue-types", "issue_types", "read:org", _as_stored),
    AccountRoute("orgs/{org}/properties/schema", "custom_properties", "read:org", _as_stored),
    AccountRoute("orgs/{org}/projectsV2", "organization_projects", "read:project", _as_stored),
    AccountRoute("users/{user}/projectsV2", None, None, _as_stored),
    AccountRoute("users/{user}/starred", None, None, _star),
    AccountRoute("users/{user}/followers", None, None, _user),
    AccountRoute("users/{user}/following", None, None, _user),
    AccountRoute("user/starred", "starring", None, _star),
    AccountRoute("user/subscriptions", "watching", None, _repository),
    AccountRoute("gists", "gists", "gist", _as_stored),
)


def find_account(path: str) -> AccountRoute | None:
    """The route of a path that belongs to an account."""
    return next((route for route in ACCOUNT_ROUTES if route.matches(path)), None)


def list_of(route: AccountRoute, asked: AccountAsked) -> Listed:
    """What the account has of it. Raises RefusedError."""
    route.check(asked.caller)
    stored = asked.account.accounts.get(asked.path.strip("/"), ())
    return Listed(stored, lambda each: route.written(asked, each))
