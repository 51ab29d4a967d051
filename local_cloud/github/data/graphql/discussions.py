"""Discussions, their comments, replies and polls."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from local_cloud.github.data.graphql.context import Connection, Context, Node, connection
from local_cloud.github.data.graphql.people import commented, labels, written
from local_cloud.github.data.model import DiscussionComment, Text

Arguments = Mapping[str, Any]


class Option(NamedTuple):
    """An option of a poll, and its votes."""

    id: int
    option: str
    total_vote_count: int


def _poll(context: Context, node: Node, arguments: Arguments) -> Node | None:
    return Node("DiscussionPoll", node.view, node.item.poll, node.item) if node.item.poll else None


def _options(context: Context, node: Node, arguments: Arguments) -> Connection:
    options = [Option(at, *each) for at, each in enumerate(node.item[1].items())]
    return connection(
        context, options, lambda each: Node("DiscussionPollOption", node.view, each), arguments
    )


def _answer(context: Context, node: Node, arguments: Arguments) -> Node | None:
    found = (each for each in node.item.comments if each.is_answer)
    return next((Node("DiscussionComment", node.view, e, node.item) for e in found), None)


def _discussion_comment(kept: Text, node: Node) -> Node:
    return Node("DiscussionComment", node.view, kept, node.within or node.item)


def _replies(context: Context, node: Node, arguments: Arguments) -> Connection:
    comment: DiscussionComment = node.item
    return connection(
        context, comment.replies, lambda each: _discussion_comment(each, node), arguments
    )


TABLES: Mapping[str, Mapping[str, Any]] = {
    "Discussion": {
        **written("discussions/{number}"),
        "id": lambda c, n, a: f"D_{n.item.id}",
        "closedAt": lambda c, n, a: n.item.updated_at if n.item.closed else None,
        "stateReason": lambda c, n, a: "RESOLVED" if n.item.closed else None,
        "activeLockReason": lambda c, n, a: None,
        "category": lambda c, n, a: Node("DiscussionCategory", n.view, n.item.category),
        "comments": commented("DiscussionComment", attrgetter("comments")),
        "labels": labels,
        "isAnswered": lambda c, n, a: any(each.is_answer for each in n.item.comments),
        "answer": _answer,
        "answerChosenAt": lambda c, n, a: None,
        "answerChosenBy": lambda c, n, a: None,
        "upvoteCount": lambda c, n, a: n.item.upvotes,
        "poll": _poll,
    },
    "DiscussionComment": {
        **written("discussions/{number}#discussioncomment-{id}"),
        "id": lambda c, n, a: f"DC_{n.item.id}",
        "deletedAt": lambda c, n, a: None,
        "replies": _replies,
        "replyTo": lambda c, n, a: None,
        "upvoteCount": lambda c, n, a: 1,
    },
    "DiscussionPoll": {
        "id": lambda c, n, a: f"DP_{n.within.id}",
        "question": lambda c, n, a: n.item[0],
        "totalVoteCount": lambda c, n, a: sum(n.item[1].values()),
        "options": _options,
    },
    "DiscussionPollOption": {"id": lambda c, n, a: f"DPO_{n.item.id}"},
}
