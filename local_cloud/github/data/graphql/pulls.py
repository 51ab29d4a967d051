"""Pull requests, their reviews, threads and review comments."""

from collections.abc import Mapping
from typing import Any

from local_cloud.github.data.graphql.context import Connection, Context, Node, connection
from local_cloud.github.data.graphql.issues import CONVERSATION
from local_cloud.github.data.graphql.people import person, written
from local_cloud.github.data.model import Review, ReviewComment

Arguments = Mapping[str, Any]


def _thread_first(node: Node) -> ReviewComment:
    comment: ReviewComment = node.within.pull.comments[node.item.first]
    return comment


def _thread_comments(item: Any, pull: Any) -> list[ReviewComment]:
    found = pull.comments.values()
    return [each for each in found if item.first in (each.id, each.reply_to)]


def _commit(context: Context, node: Node, arguments: Arguments) -> Node:
    return Node("Commit", node.view, node.item.commit)


def _reviews(context: Context, node: Node, arguments: Arguments) -> Connection:
    states = arguments.get("states")
    found = [each for each in node.item.pull.reviews if states is None or each.state in states]
    return connection(
        context,
        found,
        lambda each: Node("PullRequestReview", node.view, each, node.item),
        arguments,
    )


def _review_comments(context: Context, node: Node, arguments: Arguments) -> Connection:
    review: Review = node.item
    found = [e for e in node.within.pull.comments.values() if e.review_id == review.id]
    return connection(
        context,
        found,
        lambda each: Node("PullRequestReviewComment", node.view, each, node.within),
        arguments,
    )


def _threads(context: Context, node: Node, arguments: Arguments) -> Connection:
    return connection(
        context,
        node.item.pull.threads,
        lambda each: Node("PullRequestReviewThread", node.view, each, node.item),
        arguments,
    )


def _of_thread(context: Context, node: Node, arguments: Arguments) -> Connection:
    found = _thread_comments(node.item, node.within.pull)
    return connection(
        context,
        found,
        lambda each: Node("PullRequestReviewComment", node.view, each, node.within),
        arguments,
    )


_REVIEW_COMMENT: Mapping[str, Any] = {
    **written("pull/{number}#discussion_r{id}"),
    "id": lambda c, n, a: f"PRRC_{n.item.id}",
    "diffHunk": lambda c, n, a: "@@ -1 +1 @@",
    "commit": _commit,
    "originalCommit": _commit,
    "originalLine": lambda c, n, a: n.item.line,
    "outdated": lambda c, n, a: False,
    "state": lambda c, n, a: "SUBMITTED",
    "replyTo": lambda c, n, a: (
        Node("PullRequestReviewComment", n.view, n.within.pull.comments[n.item.reply_to], n.within)
        if n.item.reply_to in n.within.pull.comments
        else None
    ),
    "pullRequestReview": lambda c, n, a: next(
        (
            Node("PullRequestReview", n.view, each, n.within)
            for each in n.within.pull.reviews
            if each.id == n.item.review_id
        ),
        None,
    ),
}


TABLES: Mapping[str, Mapping[str, Any]] = {
    "PullRequest": {
        **written("pull/{number}"),
        **CONVERSATION,
        "databaseId": lambda c, n, a: n.item.pull.id,
        "fullDatabaseId": lambda c, n, a: str(n.item.pull.id),
        "state": lambda c, n, a: "MERGED" if n.item.pull.merged_at else n.item.state.upper(),
        "merged": lambda c, n, a: n.item.pull.merged_at is not None,
        "mergedAt": lambda c, n, a: n.item.pull.merged_at,
        "mergedBy": lambda c, n, a: person(n.view, n.item.pull.merged_by),
        "isDraft": lambda c, n, a: n.item.pull.draft,
        "additions": lambda c, n, a: 1,
        "deletions": lambda c, n, a: 1,
        "changedFiles": lambda c, n, a: 1,
        "baseRefName": lambda c, n, a: n.item.pull.base_ref,
        "baseRefOid": lambda c, n, a: n.item.pull.base_sha,
        "headRefName": lambda c, n, a: n.item.pull.head_ref,
        "headRefOid": lambda c, n, a: n.item.pull.head_sha,
        "reviews": _reviews,
        "reviewThreads": _threads,
        "reviewDecision": lambda c, n, a: None,
        "totalCommentsCount": lambda c, n, a: len(n.item.comments) + len(n.item.pull.comments),
    },
    "PullRequestReview": {
        **written("pull/{number}#pullrequestreview-{id}"),
        "id": lambda c, n, a: f"PRR_{n.item.id}",
        "submittedAt": lambda c, n, a: n.item.created_at,
        "commit": _commit,
        "comments": _review_comments,
    },
    "PullRequestReviewThread": {
        "id": lambda c, n, a: f"PRRT_{n.item.id}",
        "isResolved": lambda c, n, a: n.item.resolved_by is not None,
        "resolvedBy": lambda c, n, a: person(n.view, n.item.resolved_by),
        "isOutdated": lambda c, n, a: False,
        "isCollapsed": lambda c, n, a: n.item.resolved_by is not None,
        "path": lambda c, n, a: _thread_first(n).path,
        "line": lambda c, n, a: _thread_first(n).line,
        "originalLine": lambda c, n, a: _thread_first(n).line,
        "startLine": lambda c, n, a: None,
        "originalStartLine": lambda c, n, a: None,
        "diffSide": lambda c, n, a: "RIGHT",
        "startDiffSide": lambda c, n, a: None,
        "subjectType": lambda c, n, a: "LINE",
        "comments": _of_thread,
    },
    "PullRequestReviewComment": _REVIEW_COMMENT,
    "Commit": {"id": lambda c, n, a: f"C_{n.item}", "oid": lambda c, n, a: n.item},
}
