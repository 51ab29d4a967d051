"""The table of what is read of a repository's data: where from, by what right, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backup_contract.documents.data_index import SectionState


@dataclass(frozen=True)
class Source:
    """One section. ``endpoint`` is below ``/repos/OWNER/REPO``, or a field of GraphQL's
    ``repository``. ``permission`` is that of a fine-grained token or an App, ``scope`` a classic
    token's. ``increment`` says how a change is found, ``absent`` what a 404 without a word means,
    ``saved_as`` where the documents are.
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
"""What has a folder of its own, in the order in which it is read."""


@dataclass(frozen=True)
class Setting:
    """One document of ``settings/``: a list, or an object where ``one`` is set.

    ``field`` is where the list stands in the answer, ``key`` the field that identifies an item,
    ``each`` an endpoint that is asked for each item, in whose place ``{}`` its ``key`` stands.
    ``query`` are parameters of the list. ``others``
    are further lists in the same document, by name; an endpoint with ``{}`` is asked for each
    environment. ``none_if`` are sections, or fields of the repository's own document: where GitHub
    counts 0 of the former, or the latter are false, there is nothing to ask for.
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
"""By the name of the document; the section is ``settings.NAME``. They have neither counts nor
dates, so that they are read again in rotation."""
