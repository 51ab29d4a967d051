"""The tables of a repository's sections: endpoints, permissions, and how changes are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backup_contract.documents.data_index import SectionState


@dataclass(frozen=True)
class Source:
    """One section with a folder of its own.

    ``endpoint`` is below ``/repos/OWNER/REPO``, or a field of GraphQL's ``repository``.
    ``permission`` is that of a fine-grained token or an App, ``scope`` a classic token's.
    ``increment`` describes how changes are found, ``saved_as`` where the documents are. ``absent``
    is the state for a 404 without more details.
    """

    endpoint: str
    permission: str
    scope: str
    increment: str
    saved_as: str
    absent: SectionState = "failed"


_SINCE = "updated since"
_DATE = "newest first, to the known date"
_COUNT = "its count or newest date changed: the whole list"
_WEEKLY = "weekly"
_COUNT_WEEKLY = f"{_COUNT}; and weekly"
_REACTED = "counts in each object"

SECTIONS: Mapping[str, Source] = {
    "issues": Source("/issues", "Issues", "repo", _SINCE, "issues/N.json", "switched-off"),
    "pulls": Source("/pulls", "Pull requests", "repo", _DATE, "pulls/N.json", "switched-off"),
    "issue_comments": Source(
        "/issues/comments", "Issues", "repo", _SINCE,
        "comment_data of issues, comment_regular_data of pulls", "switched-off",
    ),
    "review_comments": Source(
        "/pulls/comments", "Pull requests", "repo", _SINCE, "comment_data of pulls", "switched-off",
    ),
    "reviews": Source(
        "pullRequests.reviews", "Pull requests", "repo", "with the pull request",
        "review_data and review_thread_nodes of pulls", "switched-off",
    ),
    "events": Source(
        "/issues/events", "Issues", "repo", _DATE, "event_data",
        "switched-off",
    ),
    "timeline": Source(
        "timelineItems", "Issues", "repo", "with the issue or pull request", "timeline_nodes",
        "switched-off",
    ),
    "reactions": Source("reactions", "Issues", "repo", _REACTED, "reaction_nodes"),
    "labels": Source(
        "/labels", "Issues", "repo", _COUNT_WEEKLY, "labels/labels.json", "switched-off"
    ),
    "milestones": Source(
        "/milestones", "Issues", "repo", _COUNT, "milestones/N.json", "switched-off"
    ),
    "releases": Source("/releases", "Contents", "repo", _COUNT_WEEKLY, "releases/TAG.json"),
    "discussions": Source(
        "discussions", "Discussions", "repo", _DATE, "discussions/N.json", "switched-off"
    ),
    "commit_comments": Source(
        "/comments", "Contents", "repo", "its count changed: the whole list; and weekly",
        "commit_comments/ID.json",
    ),
    "security_advisories": Source(
        "/security-advisories", "Repository security advisories", "repo", _WEEKLY,
        "security-advisories/ID.json", "switched-off",
    ),
}  # fmt: skip
"""By name, in the order in which they are read."""


@dataclass(frozen=True)
class Setting:
    """One document in ``settings/``: a list, or an object if ``one`` is set.

    ``endpoint``, ``permission``, ``scope`` and ``absent`` are as in Source. ``field`` is the field
    of the response that holds the list, ``query`` the list's parameters, ``key`` the field that
    identifies an item, and ``kind`` names the fields that are never saved (see ``fields_table``).
    ``each`` is an endpoint to request for each item, with ``{}`` for its ``key``. ``others`` are
    further lists in the same document, by name; an endpoint with ``{}`` is requested for each
    environment. ``none_if`` are sections, or fields of the repository's own document: nothing is
    requested if GitHub's counts of these sections are 0, or these fields are false.
    """

    endpoint: str
    permission: str
    scope: str = "repo"
    absent: SectionState = "not-permitted"
    field: str = ""
    one: bool = False
    each: str = ""
    key: str = "name"
    query: Mapping[str, str] | None = None
    kind: str = ""
    others: Sequence[tuple[str, str]] = ()
    none_if: Sequence[str] = ()


SETTINGS: Mapping[str, Setting] = {
    "repository": Setting("", "Metadata", absent="failed", one=True, kind="repository"),
    "branch_protection": Setting(
        "/branches", "Administration", each="/branches/{}/protection", query={"protected": "true"},
        absent="switched-off", none_if=("settings.branch_protection", "settings.rulesets"),
    ),
    "rulesets": Setting(
        "/rulesets", "Metadata", each="/rulesets/{}", key="id", absent="switched-off",
        none_if=("settings.rulesets",),
    ),
    "hooks": Setting("/hooks", "Webhooks", "admin:repo_hook", kind="hook", key="id"),
    "environments": Setting(
        "/environments", "Actions", field="environments", absent="complete",
        none_if=("settings.environments",),
    ),
    "variables": Setting(
        "/actions/variables", "Variables and Environments", field="variables",
        others=(("environments", "/environments/{}/variables"),),
    ),
    "secret_names": Setting(
        "/actions/secrets", "Secrets, Dependabot secrets and Environments", field="secrets",
        others=(
            ("dependabot", "/dependabot/secrets"), ("environments", "/environments/{}/secrets"),
        ),
    ),
    "deploy_keys": Setting(
        "/keys", "Administration", kind="key", key="id", none_if=("settings.deploy_keys",)
    ),
    "collaborators": Setting("/collaborators", "Metadata (with push access)", key="login"),
    "teams": Setting(
        "/teams", "Administration", absent="switched-off", key="id", none_if=("settings.teams",)
    ),
    "autolinks": Setting("/autolinks", "Administration", key="id"),
    "pages": Setting("/pages", "Pages", absent="complete", one=True, none_if=("has_pages",)),
    "topics": Setting("/topics", "Metadata", absent="failed", one=True),
    "invitations": Setting("/invitations", "Administration", key="id"),
}  # fmt: skip
"""By the name of the document; the section is ``settings.NAME``. They have no dates, and few have
counts, so they are read again each week."""
