"""Which rights project data takes, and what is not saved without each. Pure.

docs/project-data.md has the whole table. A classic token's scope ``repo`` takes in all of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.preflight.findings import Finding, Grade

CHECK = "project data"


@dataclass(frozen=True, slots=True)
class Right:
    """One permission of a fine-grained token or an App, to read.

    ``key`` names it in an installation's ``permissions``. ``question`` is what only this right
    answers, below ``/repos/OWNER/REPO``; empty: there is none by REST.
    https://docs.github.com/rest/authentication/permissions-required-for-github-apps
    """

    name: str
    key: str
    saves: str
    question: str = ""


RIGHTS = (
    Right("Issues", "issues", "issues, labels, milestones", "issues"),
    Right("Pull requests", "pull_requests", "pull requests, reviews", "pulls"),
    Right("Discussions", "discussions", "discussions"),
    Right(
        "Administration",
        "administration",
        "branch protection, deploy keys, teams, autolinks, invitations",
        "keys",
    ),
    Right("Webhooks", "repository_hooks", "webhooks", "hooks"),
    Right("Actions", "actions", "environments", "environments"),
    Right("Variables", "actions_variables", "variables", "actions/variables"),
    Right("Environments", "environments", "variables and secret names of environments"),
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
"""Beside Contents and Metadata, which git takes as well. Issues first: most of what is said."""


def of_installation(document: Mapping[str, Any]) -> list[Right]:
    """The rights that an App's installation lacks, by the API's description of it."""
    permissions = document.get("permissions")
    given = permissions if isinstance(permissions, dict) else {}
    return [each for each in RIGHTS if each.key not in given]


def finding(lacking: Mapping[str, Sequence[Right]], unasked: Collection[str]) -> Finding:
    """The check's line: for each owner which rights to add, and what they save.

    Of ``unasked`` owners GitHub does not tell before a run.
    """
    groups: dict[tuple[Right, ...], list[str]] = {}
    for owner, rights in lacking.items():
        if rights:
            groups.setdefault(tuple(rights), []).append(owner)
    told = list(_told(groups))
    if unasked:
        told.append(
            f"what may be read of {', '.join(unasked)} GitHub tells only during a run: its mail "
            "names what is not saved"
        )
    if groups:
        return Finding(CHECK, Grade.NOTE, "; ".join(told))
    return Finding(CHECK, Grade.OK, "; ".join(told) or "every right is there")


def left_out() -> Finding:
    """Of a stack that does not save it."""
    return Finding(CHECK, Grade.OK, "left out by BackupOptions")


def of_nobody() -> Finding:
    """Of a stack without a token."""
    message = "not saved: it takes a token (GitHubTokenParameter) or a GitHub App (GitHubAppId)"
    return Finding(CHECK, Grade.NOTE, message)


def _told(groups: Mapping[tuple[Right, ...], Sequence[str]]) -> Iterator[str]:
    for rights, owners in groups.items():
        named = ", ".join(f"{each.name} ({each.saves})" for each in rights)
        yield f"not saved of {', '.join(owners)} unless you add these rights, read-only: {named}"
