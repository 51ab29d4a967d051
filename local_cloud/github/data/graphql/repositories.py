"""Repositories, and what is listed of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_cloud.github.data.graphql.context import (
    Connection,
    Context,
    FieldRefusedError,
    Node,
    connection,
)
from local_cloud.github.data.graphql.people import conversation, person, written
from local_cloud.github.data.model import Issue
from local_cloud.github.data.objects.repository import CREATED
from local_cloud.github.data.rest.access import Level

Arguments = Mapping[str, Any]
_FIELDS = {
    "UPDATED_AT": "updated_at",
    "CREATED_AT": "created_at",
    "NAME": "name",
    "NUMBER": "number",
    "DUE_DATE": "due_on",
}


def _listed(
    type: str,
    of: Callable[[Node], Sequence[Any]],
    permissions: Sequence[str],
    level: Level = "read",
) -> Callable[[Context, Node, Arguments], Any]:
    """The resolver of a connection of a repository that needs one of these permissions."""

    def resolve(context: Context, node: Node, arguments: Arguments) -> Connection:
        allowed = context.caller.permits(node.view.repository, permissions, level)
        if not allowed and not context.limits.forbidden_nodes:
            raise FieldRefusedError("FORBIDDEN", context.caller.refusal)

        def wrap(item: Any) -> Any:
            if not allowed:
                return FieldRefusedError("FORBIDDEN", context.caller.refusal)
            found = getattr(item, "pull", None)
            return Node("PullRequest" if found else type, node.view, item)

        asked = repr((arguments.get("orderBy"), arguments.get("states")))
        key = ("graphql", type, node.view.repository.id, asked)
        administers = context.caller.administers(context.catalogue, node.view.repository)
        if level == "admin" and not administers:
            return connection(context, (), wrap, arguments)
        ordered = context.account.remembered(key, lambda: _ordered(of(node), arguments))
        if type == "Release" and not administers:
            ordered = [each for each in ordered if not each.draft]
        return connection(context, ordered, wrap, arguments)

    return resolve


def _ordered(items: Sequence[Any], arguments: Arguments) -> list[Any]:
    states, order = arguments.get("states"), arguments.get("orderBy")
    found = [each for each in items if not states or _state(each) in states]
    if not order:
        return found
    field = _FIELDS[order["field"]]
    found.sort(key=lambda each: (getattr(each, field) or "", each.id))
    return found if order["direction"] == "ASC" else found[::-1]


def _state(item: Any) -> str:
    if isinstance(item, Issue) and item.pull and item.pull.merged_at:
        return "MERGED"
    closed = getattr(item, "closed", None)
    return str(item.state).upper() if closed is None else ("CLOSED" if closed else "OPEN")


def _issues(node: Node) -> Sequence[Any]:
    return node.view.data.plain_issues() if node.view.data.has_issues else ()


def _pulls(node: Node) -> Sequence[Any]:
    return node.view.data.pulls() if node.view.data.has_pulls else ()


def _discussions(node: Node) -> Sequence[Any]:
    return list(node.view.data.discussions.values()) if node.view.data.has_discussions else ()


class Setting:
    """A rule among the settings: the object of the REST API, and an id."""

    def __init__(self, document: Mapping[str, Any], number: int) -> None:
        """Of this object of the REST API."""
        self.id = document.get("id", number)
        self.document = document


def _protections(node: Node) -> Sequence[Any]:
    settings = sorted(node.view.data.settings.items())
    found = [(name, each) for name, each in settings if name.endswith("/protection")]
    return [
        Setting({**each, "pattern": name.split("/", 1)[1].rpartition("/")[0]}, number)
        for number, (name, each) in enumerate(found, 1)
    ]


def _settings(name: str) -> Callable[[Node], Sequence[Any]]:
    return lambda node: [
        Setting(each, at) for at, each in enumerate(node.view.data.settings.get(name, ()))
    ]


def _one(
    type: str, table: str, permissions: Sequence[str]
) -> Callable[[Context, Node, Arguments], Any]:
    def resolve(context: Context, node: Node, arguments: Arguments) -> Node:
        if not context.caller.permits(node.view.repository, permissions, "read"):
            raise FieldRefusedError("FORBIDDEN", context.caller.refusal)
        number = arguments["number"]
        found = getattr(node.view.data, table).get(number)
        kind = "PullRequest" if getattr(found, "pull", None) else type
        if not found or type not in (kind, "IssueOrPullRequest"):
            message = f"Could not resolve to {_an(type)} with the number of {number}."
            raise FieldRefusedError("NOT_FOUND", message)
        return conversation(node.view, found) if table == "issues" else Node(kind, node.view, found)

    return resolve


def _an(type: str) -> str:
    return f"an {type}" if type.startswith("I") else f"a {type}"


def _release(context: Context, node: Node, arguments: Arguments) -> Node | None:
    found = (each for each in node.view.data.releases if each.tag == arguments["tagName"])
    return next((Node("Release", node.view, each) for each in found), None)


def _categories(context: Context, node: Node, arguments: Arguments) -> Connection:
    names = sorted({each.category for each in node.view.data.discussions.values()} | {"General"})
    nodes = [Node("DiscussionCategory", node.view, each) for each in names]
    return Connection(len(nodes), nodes, {"hasNextPage": False, "hasPreviousPage": False})


def _assets(context: Context, node: Node, arguments: Arguments) -> Connection:
    return connection(
        context,
        node.item.assets,
        lambda each: Node("ReleaseAsset", node.view, each, node.item),
        arguments,
    )


def _setting(name: str, usual: Any = None) -> Callable[[Context, Node, Arguments], Any]:
    return lambda context, node, arguments: node.item.document.get(name, usual)


def _enabled(name: str) -> Callable[[Context, Node, Arguments], Any]:
    return lambda context, node, arguments: bool(
        (node.item.document.get(name) or {}).get("enabled")
    )


_REPOSITORY: Mapping[str, Any] = {
    "id": lambda c, n, a: f"R_{n.item.id}",
    "databaseId": lambda c, n, a: n.item.id,
    "nameWithOwner": lambda c, n, a: n.item.full_name,
    "owner": lambda c, n, a: person(n.view, n.item.owner),
    "url": lambda c, n, a: n.view.html,
    "description": lambda c, n, a: None,
    "createdAt": lambda c, n, a: CREATED,
    "updatedAt": lambda c, n, a: CREATED,
    "pushedAt": lambda c, n, a: CREATED,
    "diskUsage": lambda c, n, a: n.item.size_kib,
    "isArchived": lambda c, n, a: n.item.archived,
    "isDisabled": lambda c, n, a: False,
    "isEmpty": lambda c, n, a: n.item.size_kib == 0,
    "isFork": lambda c, n, a: n.item.fork,
    "isLocked": lambda c, n, a: False,
    "isPrivate": lambda c, n, a: n.item.private,
    "visibility": lambda c, n, a: "PRIVATE" if n.item.private else "PUBLIC",
    "hasIssuesEnabled": lambda c, n, a: n.view.data.has_issues,
    "hasDiscussionsEnabled": lambda c, n, a: n.view.data.has_discussions,
    "hasWikiEnabled": lambda c, n, a: n.item.has_wiki,
    "isInOrganization": lambda c, n, a: c.catalogue.accounts[n.item.owner].type == "Organization",
    "viewerCanAdminister": lambda c, n, a: c.caller.administers(c.catalogue, n.item),
    "issues": _listed("Issue", _issues, ("issues",)),
    "pullRequests": _listed("PullRequest", _pulls, ("pull_requests",)),
    "discussions": _listed("Discussion", _discussions, ("discussions",)),
    "labels": _listed(
        "Label", lambda n: [*n.view.data.labels.values()], ("issues", "pull_requests")
    ),
    "milestones": _listed(
        "Milestone", lambda n: [*n.view.data.milestones.values()], ("issues", "pull_requests")
    ),
    "releases": _listed("Release", lambda n: n.view.data.releases, ("contents",)),
    "commitComments": _listed(
        "CommitComment", lambda n: n.view.data.commit_comments, ("contents",)
    ),
    "branchProtectionRules": _listed(
        "BranchProtectionRule", _protections, ("administration",), "admin"
    ),
    "rulesets": _listed("RepositoryRuleset", _settings("rulesets"), ("metadata",)),
    "deployKeys": _listed("DeployKey", _settings("keys"), ("administration",), "admin"),
    "environments": _listed("Environment", _settings("environments"), ("environments",)),
    "discussionCategories": _categories,
    "issue": _one("Issue", "issues", ("issues",)),
    "pullRequest": _one("PullRequest", "issues", ("pull_requests",)),
    "issueOrPullRequest": _one("IssueOrPullRequest", "issues", ("issues", "pull_requests")),
    "discussion": _one("Discussion", "discussions", ("discussions",)),
    "release": _release,
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "Repository": _REPOSITORY,
    "Label": {
        "id": lambda c, n, a: f"LA_{n.item.id}",
        "isDefault": lambda c, n, a: n.item.name == "bug",
        "url": lambda c, n, a: f"{n.view.html}/labels/{n.item.name}",
    },
    "Milestone": {
        "id": lambda c, n, a: f"MI_{n.item.id}",
        "state": lambda c, n, a: n.item.state.upper(),
        "closed": lambda c, n, a: n.item.state == "closed",
        "creator": lambda c, n, a: person(n.view, n.item.creator),
        "url": lambda c, n, a: f"{n.view.html}/milestone/{n.item.number}",
    },
    "Release": {
        **written("releases/{id}"),
        "id": lambda c, n, a: f"RE_{n.item.id}",
        "tagName": lambda c, n, a: n.item.tag,
        "description": lambda c, n, a: n.item.body,
        "isDraft": lambda c, n, a: n.item.draft,
        "isPrerelease": lambda c, n, a: n.item.prerelease,
        "isLatest": lambda c, n, a: n.item is n.view.data.releases[-1],
        "publishedAt": lambda c, n, a: None if n.item.draft else n.item.created_at,
        "releaseAssets": _assets,
    },
    "ReleaseAsset": {
        "id": lambda c, n, a: f"RA_{n.item.id}",
        "size": lambda c, n, a: len(n.item.contents),
        "contentType": lambda c, n, a: "application/octet-stream",
        "updatedAt": lambda c, n, a: n.item.created_at,
        "downloadCount": lambda c, n, a: 0,
        "downloadUrl": lambda c, n, a: (
            f"{n.view.html}/releases/download/{n.within.tag}/{n.item.name}"
        ),
        "url": lambda c, n, a: f"{n.view.html}/releases/download/{n.within.tag}/{n.item.name}",
        "uploadedBy": lambda c, n, a: person(n.view, n.item.uploader or "ghost"),
    },
    "CommitComment": {
        **written("commit/{id}"),
        "id": lambda c, n, a: f"CC_{n.item.id}",
    },
    "DiscussionCategory": {
        "id": lambda c, n, a: f"DIC_{n.item}",
        "name": lambda c, n, a: n.item,
        "slug": lambda c, n, a: n.item.lower(),
        "emoji": lambda c, n, a: ":speech_balloon:",
        "description": lambda c, n, a: None,
        "isAnswerable": lambda c, n, a: n.item == "Q&A",
        "createdAt": lambda c, n, a: CREATED,
        "updatedAt": lambda c, n, a: CREATED,
    },
    "BranchProtectionRule": {
        "id": lambda c, n, a: f"BPR_{n.item.id}",
        "databaseId": lambda c, n, a: n.item.id,
        "pattern": _setting("pattern"),
        "allowsDeletions": _enabled("allow_deletions"),
        "allowsForcePushes": _enabled("allow_force_pushes"),
        "isAdminEnforced": _enabled("enforce_admins"),
        "requiresApprovingReviews": lambda c, n, a: (
            "required_pull_request_reviews" in n.item.document
        ),
        "requiredApprovingReviewCount": lambda c, n, a: None,
        "requiresStatusChecks": lambda c, n, a: "required_status_checks" in n.item.document,
        "requiresLinearHistory": _enabled("required_linear_history"),
        "requiresCommitSignatures": _enabled("required_signatures"),
    },
    "DeployKey": {
        "id": lambda c, n, a: f"DK_{n.item.id}",
        "title": _setting("title"),
    },
    "Environment": {
        "id": lambda c, n, a: f"EN_{n.item.id}",
        "name": _setting("name"),
    },
    "RepositoryRuleset": {
        "id": lambda c, n, a: f"RRS_{n.item.id}",
        "databaseId": lambda c, n, a: n.item.id,
        "name": _setting("name"),
        "enforcement": lambda c, n, a: str(n.item.document["enforcement"]).upper(),
        "target": lambda c, n, a: str(n.item.document.get("target", "branch")).upper(),
        "createdAt": _setting("created_at", CREATED),
        "updatedAt": _setting("updated_at", CREATED),
    },
}
