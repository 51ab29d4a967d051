"""Timelines: events, cross-references, comments and reviews in the order of time."""

from collections.abc import Mapping
from typing import Any

from local_cloud.github.data.graphql.context import Connection, Context, Node, connection
from local_cloud.github.data.graphql.people import conversation, person, upper
from local_cloud.github.data.model import CrossReference, Event, Issue, Label
from local_cloud.github.data.objects.people import View

Arguments = Mapping[str, Any]
_EVENTS = {
    "labeled": "LabeledEvent",
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "locked": "LockedEvent",
    "renamed": "RenamedTitleEvent",
    "merged": "MergedEvent",
    "transferred": "TransferredEvent",
    "connected": "ConnectedEvent",
    "disconnected": "DisconnectedEvent",
    "marked_as_duplicate": "MarkedAsDuplicateEvent",
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
    "ConnectedEvent": "CONNECTED_EVENT",
    "DisconnectedEvent": "DISCONNECTED_EVENT",
    "MarkedAsDuplicateEvent": "MARKED_AS_DUPLICATE_EVENT",
    "IssueComment": "ISSUE_COMMENT",
    "PullRequestReview": "PULL_REQUEST_REVIEW",
}


def timeline(context: Context, node: Node, arguments: Arguments) -> Connection:
    """The timeline of an issue or a pull request."""
    item: Issue = node.item
    events = (each for each in item.events if each.event in _EVENTS)
    entries: list[tuple[str, Any]] = [
        *(("CrossReferencedEvent", e) for e in item.cross_references if _source(node.view, e)),
        *((_EVENTS[each.event], each) for each in events if _is_there(node.view, each)),
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


def _source(view: View, made: CrossReference) -> Node | None:
    """The source of a mention; None if it was deleted, so that GitHub does not list it."""
    return _found(view, (made.repository, made.number))


def _found(view: View, about: tuple[int, int]) -> Node | None:
    elsewhere = view.of(about[0])
    found = elsewhere.data.issues.get(about[1]) if elsewhere else None
    return conversation(elsewhere, found) if found else None


def _is_there(view: View, event: Event) -> bool:
    """Whether what an event is about is still there."""
    return event.event == "transferred" or not event.about or bool(_found(view, event.about))


def _event(name: str) -> dict[str, Any]:
    def made(node: Node) -> Event | CrossReference:
        event: Event | CrossReference = node.item
        return event

    return {
        "id": lambda c, n, a: f"{name}_{made(n).id}",
        "actor": lambda c, n, a: person(n.view, made(n).actor),
        "createdAt": lambda c, n, a: made(n).created_at,
    }


def _label(context: Context, node: Node, arguments: Arguments) -> Node:
    """The label, also if it was deleted since."""
    answer = node.item.more["label"]
    gone = Label(node.item.id, answer["name"], answer["color"], None, *[node.item.created_at] * 2)
    return Node("Label", node.view, node.view.data.labels.get(answer["name"], gone))


def _subject(context: Context, node: Node, arguments: Arguments) -> Node | None:
    return _found(node.view, node.item.about)


def _is_elsewhere(context: Context, node: Node, arguments: Arguments) -> bool:
    return bool(node.item.about[0] != node.view.repository.id)


def _came_from(context: Context, node: Node, arguments: Arguments) -> Node | None:
    before = node.view.of(node.item.about[0])
    return context.repository(before.repository) if before else None


_LINK: Mapping[str, Any] = {
    "isCrossRepository": _is_elsewhere,
    "source": lambda c, n, a: conversation(n.view, n.within),
    "subject": _subject,
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "CrossReferencedEvent": {
        **_event("CRE"),
        "referencedAt": lambda c, n, a: n.item.created_at,
        "isCrossRepository": lambda c, n, a: n.item.repository != n.view.repository.id,
        "willCloseTarget": lambda c, n, a: False,
        "source": lambda c, n, a: _source(n.view, n.item),
        "target": lambda c, n, a: conversation(n.view, n.within),
        "url": lambda c, n, a: f"{n.view.html}/issues/{n.item.number}",
    },
    "LabeledEvent": {
        **_event("LE"),
        "label": _label,
    },
    "LockedEvent": {
        **_event("LOE"),
        "lockReason": lambda c, n, a: upper(n.item.more["lock_reason"]),
    },
    "RenamedTitleEvent": {
        **_event("RTE"),
        "currentTitle": lambda c, n, a: n.item.more["rename"]["to"],
        "previousTitle": lambda c, n, a: n.item.more["rename"]["from"],
    },
    **{name: _event(name) for name in ("ClosedEvent", "ReopenedEvent", "MergedEvent")},
    "TransferredEvent": {**_event("TE"), "fromRepository": _came_from},
    "ConnectedEvent": {**_event("CE"), **_LINK},
    "DisconnectedEvent": {**_event("DE"), **_LINK},
    "MarkedAsDuplicateEvent": {
        **_event("MDE"),
        "isCrossRepository": _is_elsewhere,
        "canonical": _subject,
        "duplicate": lambda c, n, a: conversation(n.view, n.within),
    },
}
