"""The table of what is read of an account's data: where from, by what right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from backup_contract.documents.data_index import SectionState

Shape = Literal["person", "repository", "access", "star", ""]
"""What the items of a list are, of which only some fields are saved."""
PERSON = ("id", "node_id", "login", "type", "html_url", "role", "inherited")
REPOSITORY = (
    "id", "node_id", "full_name", "private", "fork", "html_url", "description", "homepage",
    "language", "topics", "default_branch", "created_at",
)  # fmt: skip
"""Others' counters and dates change every hour, and are not the account's."""
ACCESS = ("id", "node_id", "full_name", "private", "permissions", "role_name")
"""Of a repository that a team, a variable or a secret is for."""
STAR = "application/vnd.github.star+json"
"""By this GitHub tells since when a repository is starred.
https://docs.github.com/rest/activity/starring"""


@dataclass(frozen=True)
class FurtherList:
    """A list that each item of another one has, as the members of a team.

    In ``path`` the first ``{}`` stands for the login, the second for the item's key. ``within`` is
    where the list stands in the answer. It is asked once for each of ``roles``, which its items
    then have in their field ``role``. ``where``: only items with this value have such a list.
    ``scope`` is that of a classic token without which GitHub shows a part of the list and does not
    say so. ``key`` is the field that identifies an item.
    """

    path: str
    shape: Shape = ""
    within: str = ""
    roles: Sequence[str] = ()
    where: tuple[str, str] | None = None
    scope: str = ""
    key: str = ""

    @property
    def identity(self) -> str:
        """The field that identifies an item as it is saved."""
        of_shape = {"person": "login", "": "id"}
        return self.key or of_shape.get(self.shape, "full_name")


@dataclass(frozen=True)
class AccountSource:
    """One document, ``account/NAME.json``, of the section ``account.NAME``.

    In ``endpoint`` ``{}`` stands for the login; ``within`` and ``roles`` are as those of a further
    list. ``each`` are further lists of every item, by the field that they are saved in; ``key`` is
    the item's field that goes into their paths, and identifies it. ``detail`` is where an item is
    told in full.
    ``counted`` is the item's field with the size of its lists: of 0 they are not asked for.
    ``own``: only the token's own user is answered. ``keeps``: items that GitHub no longer lists
    stay, by their ids; a token without the scope is shown a part of the list. ``items`` is a list
    of every item that gets a document of its own, as that of a project's items; GraphQL tells more
    of these.
    """

    endpoint: str
    permission: str
    scope: str
    shape: Shape = ""
    one: bool = False
    kind: str = ""
    within: str = ""
    roles: Sequence[str] = ()
    key: str = ""
    each: Mapping[str, FurtherList] = field(default_factory=dict)
    detail: str = ""
    counted: str = ""
    own: bool = False
    keeps: bool = False
    items: str = ""
    absent: SectionState = "not-permitted"

    @property
    def needs(self) -> str:
        """What a token lacks to which GitHub shows less, for people."""
        return f"needs {self.permission} (scope {self.scope})"

    @property
    def accept(self) -> str:
        """The media type that is asked for; empty for the usual one."""
        return STAR if self.shape == "star" else ""


_ORG = "/orgs/{}"
_SELECTED = ("visibility", "selected")


def _selected(path: str) -> Mapping[str, FurtherList]:
    """The repositories that a variable or secret is for, where it is not for all."""
    further = FurtherList(f"{path}/{{}}/repositories", "access", "repositories", where=_SELECTED)
    return {"selected_repositories": further}


def _projects(path: str, permission: str) -> AccountSource:
    return AccountSource(
        path, permission, "read:project", key="number", items=f"{path}/{{}}/items",
        each={"fields": FurtherList(f"{path}/{{}}/fields")},
    )  # fmt: skip


OF_ORGANIZATIONS: Mapping[str, AccountSource] = {
    "organization": AccountSource(_ORG, "Metadata", "read:org", one=True, kind="account"),
    "members": AccountSource(
        f"{_ORG}/members", "Members", "read:org", "person", roles=("admin", "member")
    ),
    "outside_collaborators": AccountSource(
        f"{_ORG}/outside_collaborators", "Members", "read:org", "person"
    ),
    "teams": AccountSource(
        f"{_ORG}/teams", "Members", "read:org", key="slug",
        each={
            "members": FurtherList(
                f"{_ORG}/teams/{{}}/members", "person", roles=("maintainer", "member")
            ),
            "repositories": FurtherList(f"{_ORG}/teams/{{}}/repos", "access"),
        },
    ),
    "hooks": AccountSource(
        f"{_ORG}/hooks", "Webhooks of the organization", "admin:org_hook", kind="hook"
    ),
    "rulesets": AccountSource(
        f"{_ORG}/rulesets", "Administration of the organization", "admin:org", key="id",
        detail=f"{_ORG}/rulesets/{{}}",
    ),
    "variables": AccountSource(
        f"{_ORG}/actions/variables", "Variables of the organization", "admin:org",
        within="variables", key="name", each=_selected(f"{_ORG}/actions/variables"),
    ),
    "secret_names": AccountSource(
        f"{_ORG}/actions/secrets", "Secrets of the organization", "admin:org",
        within="secrets", key="name", each=_selected(f"{_ORG}/actions/secrets"),
    ),
    "dependabot_secret_names": AccountSource(
        f"{_ORG}/dependabot/secrets", "Dependabot secrets of the organization", "admin:org",
        within="secrets", key="name", each=_selected(f"{_ORG}/dependabot/secrets"),
    ),
    "issue_types": AccountSource(f"{_ORG}/issue-types", "Issue types", "read:org"),
    "properties": AccountSource(
        f"{_ORG}/properties/schema", "Custom properties", "read:org", key="property_name"
    ),
    "projects": _projects(f"{_ORG}/projectsV2", "Projects of the organization"),
}  # fmt: skip
OF_USERS: Mapping[str, AccountSource] = {
    "followers": AccountSource("/users/{}/followers", "Followers", "user", "person"),
    "following": AccountSource("/users/{}/following", "Followers", "user", "person"),
    "starred": AccountSource("/users/{}/starred", "Starring", "user", "star"),
    "watched": AccountSource("/user/subscriptions", "Watching", "repo", "repository", own=True),
    "gists": AccountSource(
        "/gists",
        "Gists",
        "gist",
        kind="gist",
        key="id",
        counted="comments",
        own=True,
        keeps=True,
        each={"comment_data": FurtherList("/gists/{1}/comments")},
    ),
    "projects": _projects("/users/{}/projectsV2", "Projects"),
}
"""By the name of the document. None has counts or dates, so that all are read again each week."""
