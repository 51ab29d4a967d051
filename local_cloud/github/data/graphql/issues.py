"""Issues, and what pull requests have in common with them."""

from collections.abc import Mapping
from typing import Any

from local_cloud.github.data.graphql.context import Connection, Context, Node, connection
from local_cloud.github.data.graphql.people import (
    commented,
    conversation,
    labels,
    person,
    upper,
    written,
)
from local_cloud.github.data.graphql.timelines import timeline
from local_cloud.github.data.objects.issues import issue_node_id

Arguments = Mapping[str, Any]


def _assignees(context: Context, node: Node, arguments: Arguments) -> Connection:
    found = [person(node.view, each) for each in node.item.assignees]
    nodes = found[: arguments.get("first") or len(found)]
    page = {"hasNextPage": False, "hasPreviousPage": False}
    return Connection(len(found), nodes, page)


def _sub_issues(context: Context, node: Node, arguments: Arguments) -> Connection:
    children = [node.view.data.issues[each] for each in node.item.sub_issues]
    return connection(context, children, lambda each: conversation(node.view, each), arguments)


def _summary(context: Context, node: Node, arguments: Arguments) -> dict[str, int]:
    states = [node.view.data.issues[each].state for each in node.item.sub_issues]
    done = states.count("closed")
    percent = 100 * done // len(states) if states else 0
    return {"total": len(states), "completed": done, "percentCompleted": percent}


def _parent(context: Context, node: Node, arguments: Arguments) -> Node | None:
    parent = node.view.data.issues.get(node.item.parent or 0)
    return conversation(node.view, parent) if parent else None


def _milestone(context: Context, node: Node, arguments: Arguments) -> Node | None:
    found = node.view.data.milestones.get(node.item.milestone or 0)
    return Node("Milestone", node.view, found) if found else None


def _repository(context: Context, node: Node, arguments: Arguments) -> Node:
    return context.repository(node.view.repository)


CONVERSATION: Mapping[str, Any] = {
    "id": lambda c, n, a: issue_node_id(n.item),
    "closed": lambda c, n, a: n.item.state == "closed",
    "activeLockReason": lambda c, n, a: upper(n.item.lock_reason),
    "comments": commented("IssueComment", lambda item: item.comments.values()),
    "timelineItems": timeline,
    "labels": labels,
    "assignees": _assignees,
    "milestone": _milestone,
    "repository": _repository,
}
"""The fields of issues and pull requests alike."""

TABLES: Mapping[str, Mapping[str, Any]] = {
    "Issue": {
        **written("issues/{number}"),
        **CONVERSATION,
        "state": lambda c, n, a: n.item.state.upper(),
        "stateReason": lambda c, n, a: upper(n.item.state_reason),
        "subIssues": _sub_issues,
        "subIssuesSummary": _summary,
        "parent": _parent,
        "isPinned": lambda c, n, a: False,
    },
    "IssueComment": {
        **written("issues/{number}#issuecomment-{id}"),
        "id": lambda c, n, a: f"IC_{n.item.id}",
    },
}
