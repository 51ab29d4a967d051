"""The table of what is read of an account's data: where from, by what right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backup_contract.documents.data_index import SectionState

Shape = Literal["person", "repository", ""]
"""What the items of a list are, of which only some fields are saved."""
PERSON = ("id", "node_id", "login", "type", "html_url")
REPOSITORY = (
    "id", "node_id", "full_name", "private", "fork", "html_url", "description", "homepage",
    "language", "topics", "default_branch", "created_at",
)  # fmt: skip
"""Others' counters and dates change every hour, and are not the account's."""


@dataclass(frozen=True)
class AccountSource:
    """One document, ``account/NAME.json``, of the section ``account.NAME``.

    In ``endpoint`` ``{}`` stands for the login. ``each`` are further lists of every item, by the
    field that they are saved in; there ``{}`` stands for the item's ``key``. ``own``: only the
    token's own user is answered.
    """

    endpoint: str
    permission: str
    scope: str
    shape: Shape = ""
    one: bool = False
    kind: str = ""
    key: str = "slug"
    each: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    absent: SectionState = "not-permitted"


_PEOPLE: Shape = "person"
_ORG = "/orgs/{}"
_PROJECT = {"fields": "/projectsV2/{}/fields", "items": "/projectsV2/{}/items"}

OF_ORGANIZATIONS: Mapping[str, AccountSource] = {
    "organization": AccountSource(_ORG, "Metadata", "read:org", one=True, kind="account"),
    "members": AccountSource(f"{_ORG}/members", "Members", "read:org", _PEOPLE),
    "outside_collaborators": AccountSource(
        f"{_ORG}/outside_collaborators", "Members", "read:org", _PEOPLE
    ),
    "teams": AccountSource(
        f"{_ORG}/teams", "Members", "read:org", each={"members": "/teams/{}/members"}
    ),
    "hooks": AccountSource(
        f"{_ORG}/hooks", "Webhooks of the organization", "admin:org_hook", kind="hook"
    ),
    "issue_types": AccountSource(f"{_ORG}/issue-types", "Issue types", "read:org"),
    "properties": AccountSource(f"{_ORG}/properties/schema", "Custom properties", "read:org"),
    "projects": AccountSource(
        f"{_ORG}/projectsV2", "Projects of the organization", "read:project", key="number",
        each=_PROJECT,
    ),
}  # fmt: skip
OF_USERS: Mapping[str, AccountSource] = {
    "followers": AccountSource("/users/{}/followers", "Followers", "user", _PEOPLE),
    "following": AccountSource("/users/{}/following", "Followers", "user", _PEOPLE),
    "starred": AccountSource("/users/{}/starred", "Starring", "user", "repository"),
    "watched": AccountSource("/user/subscriptions", "Watching", "repo", "repository", own=True),
    "gists": AccountSource("/gists", "Gists", "gist", kind="gist", own=True),
    "projects": AccountSource(
        "/users/{}/projectsV2", "Projects", "read:project", key="number", each=_PROJECT
    ),
}
"""By the name of the document. None has counts or dates, so that all are read again each week."""
