"""The permissions that project data needs, and what is not saved without each. Pure.

docs/project-data.md has the full table. A classic token's scope ``repo`` includes all of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.preflight.findings import Finding, Grade

CHECK = "project data"


@dataclass(frozen=True, slots=True)
class Right:
    """One read permission of a fine-grained token or an App.

    ``key`` is its name in an installation's ``permissions``, or empty if GitHub documents none.
    ``question`` is a path, below ``/repos/OWNER/REPO`` or ``/orgs/OWNER``, that only this
    permission can read; ``connection`` is one of GraphQL's ``repository``. ``write``: reading needs
    write access. ``scope`` is the classic token's scope that includes it, if it is read-only.
    https://docs.github.com/rest/authentication/permissions-required-for-github-apps
    """

    name: str
    key: str
    saves: str
    question: str = ""
    connection: str = ""
    write: bool = False
    scope: str = ""

    @property
    def description(self) -> str:
        """The permission as text: ``Pages (the settings of Pages)``."""
        return f"{self.name} ({'to write: ' if self.write else ''}{self.saves})"


RIGHTS = (
    Right("Issues", "issues", "issues, labels, milestones", "issues"),
    Right("Pull requests", "pull_requests", "pull requests, reviews", "pulls"),
    Right("Discussions", "discussions", "discussions", connection="discussions"),
    Right(
        "Administration",
        "administration",
        "branch protection, deploy keys, teams, autolinks, invitations",
        "keys",
    ),
    Right("Webhooks", "repository_hooks", "webhooks", "hooks"),
    Right("Actions", "actions", "environments", "environments"),
    Right("Variables", "actions_variables", "variables", "actions/variables"),
    Right(
        *("Environments", "environments", "variables and secret names of environments"),
        # Without the permission GitHub refuses before it checks whether the environment exists.
        "environments/none/variables",
    ),
    Right("Secrets", "secrets", "names of secrets", "actions/secrets"),
    Right(
        *("Dependabot secrets", "dependabot_secrets"),
        *("names of Dependabot's secrets", "dependabot/secrets"),
    ),
    Right("Pages", "pages", "the settings of Pages", "pages"),
    Right(
        *("Repository security advisories", "repository_advisories"),
        *("security advisories", "security-advisories"),
    ),
)
"""Besides Contents and Metadata, which git needs too. Issues come first, with most of the data."""

ORGANIZATION_RIGHTS = (
    Right(
        *("Members", "members", "members with their roles, outside collaborators, teams", "teams"),
        scope="read:org",
    ),
    Right(
        *("Webhooks of the organization", "organization_hooks", "the organization's webhooks"),
        "hooks",
    ),
    Right(
        *("Administration of the organization", "organization_administration"),
        *("the organization's rulesets", "rulesets"),
        write=True,
    ),
    Right(
        *("Variables of the organization", "organization_actions_variables"),
        *("the organization's variables", "actions/variables"),
    ),
    Right(
        *("Secrets of the organization", "organization_secrets"),
        *("names of the organization's secrets", "actions/secrets"),
    ),
    Right(
        *("Dependabot secrets of the organization", "organization_dependabot_secrets"),
        *("names of the organization's Dependabot secrets", "dependabot/secrets"),
    ),
    Right("Issue types", "", "issue types", "issue-types", scope="read:org"),
    Right(
        *("Custom properties", "organization_custom_properties", "custom properties"),
        "properties/schema",
        scope="read:org",
    ),
    Right(
        *("Projects of the organization", "organization_projects"),
        *("projects with their fields and items", "projectsV2"),
        scope="read:project",
    ),
)
"""For an organization's own data. A user's data is public, or readable by the user's own token."""
_WIDER_SCOPES = {
    "read:org": ("read:org", "write:org", "admin:org"),
    "read:project": ("read:project", "project"),
}


def of_installation(document: Mapping[str, Any], *, account: bool = True) -> list[Right]:
    """The permissions that an App's installation lacks, from the API's description of it.

    ``account``: includes those for the organization's own data, if it is an organization.
    """
    permissions = document.get("permissions")
    given = permissions if isinstance(permissions, dict) else {}
    of_account = account and document.get("target_type") == "Organization"
    wanted = (*RIGHTS, *(ORGANIZATION_RIGHTS if of_account else ()))
    return [each for each in wanted if each.key and not _is_given(each, given)]


def _is_given(right: Right, given: Mapping[str, Any]) -> bool:
    level = given.get(right.key)
    return level in ("write", "admin") if right.write else level is not None


def of_scopes(header: str) -> list[Right]:
    """The scopes that a classic token (``X-OAuth-Scopes``) lacks for an organization's own data.

    Scopes that include write access are not required.
    """
    scopes = {scope.strip() for scope in header.split(",")}
    return [
        Right(
            f"scope {scope}",
            "",
            ", ".join(r.saves for r in ORGANIZATION_RIGHTS if r.scope == scope),
        )
        for scope, wider in _WIDER_SCOPES.items()
        if not scopes.intersection(wider)
    ]


def finding(lacking: Mapping[str, Sequence[Right]], unasked: Collection[str]) -> Finding:
    """The finding: for each owner, which permissions to add, and what they save.

    For the ``unasked`` owners GitHub does not reveal the permissions before a run.
    """
    groups: dict[tuple[Right, ...], list[str]] = {}
    for owner, rights in lacking.items():
        if rights:
            groups.setdefault(tuple(rights), []).append(owner)
    sentences = list(_sentences(groups))
    if unasked:
        sentences.append(
            f"only a run finds out what can be read of {', '.join(unasked)}: its mail names what "
            "is not saved"
        )
    if groups:
        return Finding(CHECK, Grade.NOTE, "; ".join(sentences))
    return Finding(CHECK, Grade.OK, "; ".join(sentences) or "nothing is missing")


def excluded() -> Finding:
    """The finding for a stack that excludes project data."""
    return Finding(CHECK, Grade.OK, "excluded by BackupOptions")


def without_token() -> Finding:
    """The finding for a stack without a token."""
    message = "not saved: it needs a token (GitHubTokenParameter) or a GitHub App (GitHubAppId)"
    return Finding(CHECK, Grade.NOTE, message)


def _sentences(groups: Mapping[tuple[Right, ...], Sequence[str]]) -> Iterator[str]:
    for rights, owners in groups.items():
        named = ", ".join(each.description for each in rights)
        yield f"not saved of {', '.join(owners)} unless you add these rights, read-only: {named}"
