"""Issues, pull requests, reviews and discussions."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from local_cloud.github.data.graphql.context import Connection, Context, Node, connection
from local_cloud.github.data.graphql.people import person, written
from local_cloud.github.data.model import (
    CrossReference,
    DiscussionComment,
    Event,
    Issue,
    Review,
    ReviewComment,
    Text,
)
from local_cloud.github.data.objects.issues import issue_node_id

Arguments = Mapping[str, Any]
_EVENTS = {
    "labeled": "LabeledEvent",
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "locked": "LockedEvent",
    "renamed": "RenamedTitleEvent",
    "merged": "MergedEvent",
    "transferred": "TransferredEvent",
}
_ITEM_TYPES = {
    "CrossReferencedEvent": "CROSS_REFERENCED_EVENT",
    "LabeledEvent": "LABELED_EVENT",
    "ClosedEvent": "CLOSED_EVENT",
    "ReopenedEvent": "REOPENED_EVENT",
    "LockedEvent": "LOCKED_EVENT",
    "RenamedTitleEvent": "RENAMED_TITLE_EVENT",
    "MergedEvent": "MERGED_EVENT",
    "TransferredEvent": "TRANSFERRED_EVENT",
    "IssueComment": "ISSUE_COMMENT",
    "PullRequestReview": "PULL_REQUEST_REVIEW",
}


class Option(NamedTuple):
    """An option of a poll, and its votes."""

    id: int
    option: str
    total_vote_count: int


def conversation(view: Any, item: Issue) -> Node:
    """An issue or a pull request to be resolved."""
    return Node("PullRequest" if item.pull else "Issue", view, item)


def _comments(type: str, of: Callable[[Any], Any]) -> Callable[[Context, Node, Arguments], Any]:
    def resolve(context: Context, node: Node, arguments: Arguments) -> Connection:
        items = list(of(node.item))
        order = arguments.get("orderBy") or {}
        if order.get("direction") == "DESC":
            items.reverse()
        return connection(
            context, items, lambda each: Node(type, node.view, each, node.item), arguments
        )

    return resolve


def _timeline(context: Context, node: Node, arguments: Arguments) -> Connection:
    item: Issue = node.item
    entries: list[tuple[str, Any]] = [
        *(("CrossReferencedEvent", each) for each in item.cross_references),
        *((_EVENTS[each.event], each) for each in item.events if each.event in _EVENTS),
        *(("IssueComment", each) for each in item.comments.values()),
        *(("PullRequestReview", each) for each in (item.pull.reviews if item.pull else ())),
    ]
    entries.sort(key=lambda entry: (entry[1].created_at, entry[1].id))
    wanted = arguments.get("itemTypes")
    found = [e for e in entries if wanted is None or _ITEM_TYPES[e[0]] in wanted]
    since = arguments.get("since") or ""
    types = {each.id: type for type, each in found}
    shown = [each for _, each in found if each.created_at >= since][arguments.get("skip") or 0 :]
    # Of pull requests GitHub counts everything, whatever types are wanted (python-github-backup).
    total = len(entries) if item.pull else len(shown)
    return connection(
        context, shown, lambda each: Node(types[each.id], node.view, each, item), arguments, total
    )


def _reference(context: Context, node: Node) -> Node | None:
    made: CrossReference = node.item
    elsewhere = node.view.of(made.repository)
    source = elsewhere.data.issues.get(made.number) if elsewhere else None
    return conversation(elsewhere, source) if source else None


def _labels(context: Context, node: Node, arguments: Arguments) -> Connection:
    known = node.view.data.labels
    found = [known[name] for name in node.item.labels if name in known]
    return connection(context, found, lambda each: Node("Label", node.view, each), arguments)


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


def _thread_first(node: Node) -> ReviewComment:
    comment: ReviewComment = node.within.pull.comments[node.item.first]
    return comment


def _thread_comments(item: Any, pull: Any) -> list[ReviewComment]:
    found = pull.comments.values()
    return [each for each in found if item.first in (each.id, each.reply_to)]


def _upper(value: str | None) -> str | None:
    return value.upper().replace(" ", "_").replace("-", "_") if value else None


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


def _commit(context: Context, node: Node, arguments: Arguments) -> Node:
    return Node("Commit", node.view, node.item.commit)


_CONVERSATION: Mapping[str, Any] = {
    "id": lambda c, n, a: issue_node_id(n.item),
    "closed": lambda c, n, a: n.item.state == "closed",
    "activeLockReason": lambda c, n, a: _upper(n.item.lock_reason),
    "comments": _comments("IssueComment", lambda item: item.comments.values()),
    "timelineItems": _timeline,
    "labels": _labels,
    "assignees": _assignees,
    "milestone": _milestone,
    "repository": _repository,
}
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


def _event(name: str) -> dict[str, Any]:
    def made(node: Node) -> Event | CrossReference:
        event: Event | CrossReference = node.item
        return event

    return {
        "id": lambda c, n, a: f"{name}_{made(n).id}",
        "actor": lambda c, n, a: person(n.view, made(n).actor),
        "createdAt": lambda c, n, a: made(n).created_at,
    }


def _discussion_comment(kept: Text, node: Node) -> Node:
    return Node("DiscussionComment", node.view, kept, node.within or node.item)


def _replies(context: Context, node: Node, arguments: Arguments) -> Connection:
    comment: DiscussionComment = node.item
    return connection(
        context, comment.replies, lambda each: _discussion_comment(each, node), arguments
    )


TABLES: Mapping[str, Mapping[str, Any]] = {
    "Issue": {
        **written("issues/{number}"),
        **_CONVERSATION,
        "state": lambda c, n, a: n.item.state.upper(),
        "stateReason": lambda c, n, a: _upper(n.item.state_reason),
        "subIssues": _sub_issues,
        "subIssuesSummary": _summary,
        "parent": _parent,
        "isPinned": lambda c, n, a: False,
    },
    "PullRequest": {
        **written("pull/{number}"),
        **_CONVERSATION,
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
    "IssueComment": {
        **written("issues/{number}#issuecomment-{id}"),
        "id": lambda c, n, a: f"IC_{n.item.id}",
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
    "CrossReferencedEvent": {
        **_event("CRE"),
        "referencedAt": lambda c, n, a: n.item.created_at,
        "isCrossRepository": lambda c, n, a: n.item.repository != n.view.repository.id,
        "willCloseTarget": lambda c, n, a: False,
        "source": lambda c, n, a: _reference(c, n),
        "target": lambda c, n, a: conversation(n.view, n.within),
        "url": lambda c, n, a: f"{n.view.html}/issues/{n.item.number}",
    },
    "LabeledEvent": {
        **_event("LE"),
        "label": lambda c, n, a: Node(
            "Label", n.view, n.view.data.labels.get(n.item.more["label"]["name"])
        ),
    },
    "LockedEvent": {
        **_event("LOE"),
        "lockReason": lambda c, n, a: _upper(n.item.more["lock_reason"]),
    },
    "RenamedTitleEvent": {
        **_event("RTE"),
        "currentTitle": lambda c, n, a: n.item.more["rename"]["to"],
        "previousTitle": lambda c, n, a: n.item.more["rename"]["from"],
    },
    **{name: _event(name) for name in ("ClosedEvent", "ReopenedEvent", "MergedEvent")},
    "TransferredEvent": {**_event("TE"), "fromRepository": lambda c, n, a: None},
    "Discussion": {
        **written("discussions/{number}"),
        "id": lambda c, n, a: f"D_{n.item.id}",
        "closedAt": lambda c, n, a: n.item.updated_at if n.item.closed else None,
        "publishedAt": lambda c, n, a: n.item.created_at,
        "stateReason": lambda c, n, a: "RESOLVED" if n.item.closed else None,
        "activeLockReason": lambda c, n, a: None,
        "category": lambda c, n, a: Node("DiscussionCategory", n.view, n.item.category),
        "comments": _comments("DiscussionComment", attrgetter("comments")),
        "labels": _labels,
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
