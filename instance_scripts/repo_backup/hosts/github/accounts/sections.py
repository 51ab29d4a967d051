"""The table of an account's sections: their endpoints, and the permissions that they need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from backup_contract.documents.data_index import SectionState

Shape = Literal["person", "repository", "access", "star", ""]
"""What the items of a list are: it decides which of their fields are saved (empty: all)."""
PERSON = ("id", "node_id", "login", "type", "html_url", "role", "inherited")
REPOSITORY = (
    "id", "node_id", "full_name", "private", "fork", "html_url", "description", "homepage",
    "language", "topics", "default_branch", "created_at",
)  # fmt: skip
"""Other fields, such as counters and dates, change every hour and say nothing about the account."""
ACCESS = ("id", "node_id", "full_name", "private", "permissions", "role_name")
"""The fields of a repository to which a team has access, or for which a variable or secret is."""
STAR = "application/vnd.github.star+json"
"""The media type with which GitHub includes the date of each star.
https://docs.github.com/rest/activity/starring"""


@dataclass(frozen=True)
class FurtherList:
    """A list that belongs to each item of another list, such as the members of a team.

    In ``path``, the first ``{}`` stands for the login and the second for the item's key. ``within``
    is the field of the response that holds the list. There is one request for each of ``roles``,
    which is saved as the field ``role``. ``where`` (field and value): only items with this value
    have such a list. Without the classic token's scope ``scope``, GitHub shortens the list and
    reports no error. ``key`` is the field that identifies an item.
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
        """The field that identifies an item in its saved form."""
        of_shape = {"person": "login", "": "id"}
        return self.key or of_shape.get(self.shape, "full_name")


@dataclass(frozen=True)
class AccountSource:
    """One document, ``account/NAME.json``, of the section ``account.NAME``.

    In ``endpoint``, ``{}`` stands for the login. ``permission`` is that of a fine-grained token or
    an App, ``scope`` a classic token's. ``one``: the document is an object, not a list. ``kind``
    names the fields that are never saved (see ``fields_table``). ``within`` and ``roles`` are as in
    FurtherList. ``each`` are the further lists of every item, by the field in which they are saved;
    the item's field ``key`` goes into their paths and identifies the item. ``detail`` is the
    endpoint of one whole item. ``counted`` is the item's field with the size of its lists, which
    are not requested if it is 0. ``own``: GitHub shows it only to the user's own token. ``keeps``:
    saved items stay after GitHub no longer lists them; GitHub shows a token without the scope only
    a part. ``items`` is the endpoint of a list that every item has and that gets its own document,
    such as the items of a project; GraphQL has more of their fields. ``absent`` is the state for a
    404 without more details.
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
        """The permission that a token lacks if GitHub shows it less, as text for people."""
        return f"needs {self.permission} (scope {self.scope})"

    @property
    def accept(self) -> str:
        """The media type to request; empty for the usual one."""
        return STAR if self.shape == "star" else ""


_ORG = "/orgs/{}"
_SELECTED = ("visibility", "selected")


def _selected(path: str) -> Mapping[str, FurtherList]:
    """The repositories that a variable or secret is for, if it is not for all of them."""
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
"""By the name of the document. None has counts or dates, so all are read again each week."""
