"""The root fields: repositories by name, nodes by id, owners, and the rate limit."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from local_cloud.github.catalogue import Account, Repository
from local_cloud.github.data.graphql.context import (
    MOST_AT_ONCE,
    Connection,
    Context,
    FieldRefusedError,
    Node,
    connection,
)
from local_cloud.github.data.graphql.people import conversation
from local_cloud.github.data.graphql.projects import project_node
from local_cloud.github.data.objects.issues import issue_node_id
from local_cloud.github.data.objects.people import View

Arguments = Mapping[str, Any]
_EITHER = ("issues", "pull_requests")
_NEEDED = {
    "I": ("issues",),
    "IC": _EITHER,
    "PR": ("pull_requests",),
    "PRR": ("pull_requests",),
    "PRRC": ("pull_requests",),
    "D": ("discussions",),
    "DC": ("discussions",),
    "RE": ("contents",),
    "CC": ("contents",),
}


def _repository(context: Context, node: Any, arguments: Arguments) -> Node:
    full_name = f"{arguments['owner']}/{arguments['name']}"
    known = context.catalogue.repositories
    found = known.get(full_name) or known.get(context.catalogue.renames.get(full_name, ""))
    if not found or not context.sees(found):
        message = f"Could not resolve to a Repository with the name '{full_name}'."
        raise FieldRefusedError("NOT_FOUND", message)
    return context.repository(found)


def _nodes(context: Context, node: Any, arguments: Arguments) -> list[Any]:
    ids = arguments["ids"]
    if len(ids) > MOST_AT_ONCE:
        message = f"You may not provide more than {MOST_AT_ONCE} node ids; you provided {len(ids)}."
        raise FieldRefusedError("ARGUMENT_LIMIT", message)
    found = []
    for each in ids:
        try:
            found.append(_node(context, None, {"id": each}))
        except FieldRefusedError as refused:
            found.append(refused)
    return found


def _node(context: Context, node: Any, arguments: Arguments) -> Any:
    wanted = arguments["id"]
    kind, _, number = wanted.partition("_")
    found: Node | None = None
    if kind == "PVT" and (project := project_node(context, number)):
        context.give(1)
        return project
    if kind == "R" and (repository := context.catalogue.by_id(number)):
        found = context.repository(repository)
    elif kind in _NEEDED:
        found = _items(context).get(wanted)
    if not found or not context.sees(found.view.repository):
        message = f"Could not resolve to a node with the global id of '{wanted}'."
        raise FieldRefusedError("NOT_FOUND", message)
    if not context.caller.permits(found.view.repository, _NEEDED.get(kind, ("metadata",)), "read"):
        raise FieldRefusedError("FORBIDDEN", context.caller.refusal)
    context.give(1)
    return found


def _items(context: Context) -> Mapping[str, Node]:
    """All texts by users, by node id."""

    def index() -> Mapping[str, Node]:
        found: dict[str, Node] = {}
        for each in context.catalogue.repositories.values():
            view = View(context.base, each, context.account, context.catalogue)
            found.update(_conversations(view))
            found.update(_publications(view))
        return found

    return context.account.remembered(("node ids", context.base), index)


def _conversations(view: View) -> Iterator[tuple[str, Node]]:
    for item in view.data.issues.values():
        yield issue_node_id(item), conversation(view, item)
        for comment in item.comments.values():
            yield f"IC_{comment.id}", Node("IssueComment", view, comment, item)
        for review in item.pull.reviews if item.pull else ():
            yield f"PRR_{review.id}", Node("PullRequestReview", view, review, item)
        for line in item.pull.comments.values() if item.pull else ():
            yield f"PRRC_{line.id}", Node("PullRequestReviewComment", view, line, item)


def _publications(view: View) -> Iterator[tuple[str, Node]]:
    for item in view.data.discussions.values():
        yield f"D_{item.id}", Node("Discussion", view, item)
        for comment in item.comments:
            for each in (comment, *comment.replies):
                yield f"DC_{each.id}", Node("DiscussionComment", view, each, item)
    for release in view.data.releases:
        yield f"RE_{release.id}", Node("Release", view, release)
    for remark in view.data.commit_comments:
        yield f"CC_{remark.id}", Node("CommitComment", view, remark)


def _owner(context: Context, login: str, type: str | None = None) -> Node:
    account = context.catalogue.account(login)
    if not account or type not in (None, account.type):
        kind = "an Organization" if type == "Organization" else "a User"
        message = f"Could not resolve to {kind} with the login of '{login}'."
        raise FieldRefusedError("NOT_FOUND", message)
    return _account(context, account)


def _account(context: Context, account: Account) -> Node:
    nowhere = Repository(0, account.login, "")
    return Node(
        account.type, View(context.base, nowhere, context.account, context.catalogue), account
    )


def _viewer(context: Context, node: Any, arguments: Arguments) -> Node:
    return _account(context, Account(context.caller.viewer or "ghost"))


def _repositories(context: Context, node: Node, arguments: Arguments) -> Connection:
    order = arguments.get("orderBy") or {}
    known = context.catalogue.repositories.values()
    found = [each for each in known if each.owner == node.item.login and context.sees(each)]
    found.sort(key=attrgetter("name" if order.get("field") == "NAME" else "id"))
    if order.get("direction") == "DESC":
        found.reverse()
    return connection(context, found, context.repository, arguments)


def _rate_limit(context: Context, node: Any, arguments: Arguments) -> dict[str, Any]:
    left = context.limits.allowance(context.caller.token, "graphql")
    resets_at = datetime.fromtimestamp(left.resets_at, UTC)
    return {
        "cost": context.cost,
        "limit": left.limit,
        "nodeCount": context.node_count,
        "remaining": left.remaining,
        "resetAt": resets_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "used": left.used,
    }


def _named(context: Context, node: Node, arguments: Arguments) -> Node:
    return _repository(context, node, {"owner": node.item.login, "name": arguments["name"]})


_OWNER: Mapping[str, Any] = {"repositories": _repositories, "repository": _named}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "Query": {
        "id": lambda c, n, a: "Q",
        "repository": _repository,
        "node": _node,
        "nodes": _nodes,
        "organization": lambda c, n, a: _owner(c, a["login"], "Organization"),
        "user": lambda c, n, a: _owner(c, a["login"], "User"),
        "repositoryOwner": lambda c, n, a: _owner(c, a["login"]),
        "viewer": _viewer,
        "rateLimit": _rate_limit,
    },
    "User": _OWNER,
    "Organization": _OWNER,
}
