"""Lists the events of an issue, pull request, discussion or release in order. Pure.

REST and GraphQL use different names, and any field may be missing or null.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backup_contract.documents.data_index import folder_of
from repo_backup.hosts.data_counts import key_of, parts_of, replies
from repo_backup.kinds.data.documents import place_of

Document = Mapping[str, Any]
Marks = Mapping[str, str]

NAMES: Mapping[str, str] = {
    "issues": "issue",
    "pulls": "pull request",
    "discussions": "discussion",
    "releases": "release",
}
"""The name of a document, by folder."""
_GHOST = "ghost"
"""GitHub's name for a deleted account: https://github.com/ghost."""
_REVIEWS = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "requested changes",
    "DISMISSED": "reviewed (dismissed)",
    "PENDING": "began a review",
}
_EVENTS = (
    *("closed", "reopened", "merged", "locked", "unlocked", "pinned", "transferred"),
    *("converted_to_discussion", "marked_as_duplicate"),
)
"""The events that change an issue.
https://docs.github.com/rest/using-the-rest-api/issue-event-types"""
_REACTIONS = {"THUMBS_UP": "+1", "THUMBS_DOWN": "-1"}


@dataclass(frozen=True)
class Entry:
    """One comment or event. ``gone`` is since when it no longer exists on GitHub."""

    when: str
    who: str
    what: str
    body: str = ""
    reactions: str = ""
    gone: str = ""
    is_reply: bool = False


@dataclass(frozen=True)
class Heading:
    """The heading of an item, in lists and above its text. Dates are GitHub's (ISO 8601, UTC)."""

    kind: str
    name: str
    state: str
    title: str
    who: str
    created: str
    updated: str
    comments: int
    gone: str
    number: int = 0


def text_of(document: Document, *names: str) -> str:
    """The first of these fields that is a non-empty text."""
    found = (document.get(name) for name in names)
    return next((each for each in found if isinstance(each, str) and each), "")


def heading(path: str, document: Document, marks: Marks) -> Heading:
    """The heading of a document."""
    folder = folder_of(path)
    number = document.get("number")
    lists = ("comment_data", "comment_regular_data")
    return Heading(
        kind=NAMES.get(folder, folder),
        name=text_of(document, "tag_name") if number is None else f"#{number}",
        state=state_of(folder, document),
        title=text_of(document, "title", "name"),
        who=login(document, "user", "author"),
        created=text_of(document, "created_at", "createdAt"),
        updated=text_of(document, "updated_at", "updatedAt", "published_at"),
        comments=sum(len(_list(document, name)) for name in lists),
        gone=marks.get(path, ""),
        number=number if isinstance(number, int) else 0,
    )


def state_of(folder: str, document: Document) -> str:
    """``open``, ``closed (completed)``, ``merged``, ``draft``, ``answered`` …"""
    if folder == "releases":
        names = ("draft", "prerelease")
        return next((name for name in names if document.get(name)), "published")
    if text_of(document, "merged_at"):
        return "merged"
    closed = document.get("state") == "closed" or document.get("closed") is True
    reason = text_of(document, "state_reason", "stateReason").lower().replace("_", " ")
    if closed:
        return f"closed ({reason})" if reason else "closed"
    if folder == "discussions" and document.get("isAnswered"):
        return "answered"
    return "draft" if document.get("draft") else "open"


def login(document: Document, *names: str) -> str:
    """The author's login; GitHub's name for a deleted account."""
    for name in names:
        if isinstance(found := document.get(name), dict):
            return text_of(found, "login") or _GHOST
    return _GHOST


def reactions(document: Document) -> str:
    """``+1 3, heart 1``: from the saved reactions, or else from GitHub's counts."""
    counts: Counter[str] = Counter()
    for node in _list(document, "reaction_nodes"):
        content = text_of(node, "content")
        counts[_REACTIONS.get(content, content.lower())] += 1
    counted = document.get("reactions")
    if not counts and isinstance(counted, dict):
        for name, count in counted.items():
            if name != "total_count" and type(count) is int and count:
                counts[str(name)] = count
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if name)


def facts(document: Document) -> Iterator[str]:
    """Further facts of an item, each as a short text."""
    for name, message in (("closed_at", "closed"), ("closedAt", "closed"), ("merged_at", "merged")):
        if date := text_of(document, name):
            yield f"{message} {date}"
    base, head = (_dict(document, name) for name in ("base", "head"))
    if base and head:
        yield f"{text_of(head, 'label', 'ref')} into {text_of(base, 'ref')}"
    labels = document.get("labels")
    labels = labels.get("nodes") if isinstance(labels, dict) else labels
    yield from _named("labels", (text_of(each, "name") for each in _dicts(labels)))
    yield from _named("assigned to", (text_of(e, "login") for e in _list(document, "assignees")))
    if milestone := _dict(document, "milestone"):
        yield f"milestone {text_of(milestone, 'title')}"
    if category := _dict(document, "category"):
        yield f"category {text_of(category, 'name')}"
    if document.get("locked") is True:
        yield "locked"
    yield from _named("sub-issues", map(_reference, _list(document, "sub_issue_nodes")))
    if parent := _dict(document, "parent_node"):
        yield f"part of {_reference(parent)}"
    linked = (
        _dict(node, "source") or _dict(node, "subject")
        for node in _list(document, "timeline_nodes")
    )
    by_rest = (_source_of(entry) for entry in _list(document, "timeline_data"))
    yield from _named("linked with", (_reference(e) for e in (*linked, *by_rest) if e))
    yield from _named("files", (text_of(each, "name") for each in _list(document, "assets")))


def _source_of(entry: Document) -> Document | None:
    """The source of a cross-reference in REST's form, as GraphQL has it."""
    issue = _dict(_dict(entry, "source") or {}, "issue")
    if not issue:
        return None
    name = "/".join(text_of(issue, "repository_url").split("/")[-2:])
    return {"number": issue.get("number"), "repository": {"nameWithOwner": name}}


def conversation(path: str, document: Document, marks: Marks) -> list[Entry]:
    """The comments and events after the item was opened, oldest first."""
    lists: Mapping[str, Callable[[Document], str]] = {
        "comment_regular_data": lambda each: "commented",
        "review_data": lambda each: _REVIEWS.get(text_of(each, "state"), "reviewed"),
        "comment_data": _comment_of(path, document),
    }
    found: list[tuple[str, str, Entry]] = []
    begun: dict[str, str] = {}
    for name, part in parts_of(document, dict.fromkeys(lists, "")):
        gone = marks.get(place_of(path, f"{name}/{key_of(part)}"), "")
        entry = _entry(part, lists[name](part), gone, is_reply=bool(part.get("in_reply_to_id")))
        thread = begun.setdefault(str(part.get("in_reply_to_id") or key_of(part)), entry.when)
        found.append((thread, entry.when, entry))
        for reply in replies(part):
            gone = marks.get(place_of(path, f"reply_data/{key_of(reply)}"), "")
            again = _entry(reply, "replied", gone, is_reply=True)
            found.append((thread, again.when, again))
    for event in _list(document, "event_data"):
        name = text_of(event, "event")
        rename = _dict(event, "rename")
        if name in _EVENTS or (name == "renamed" and rename):
            what = name.replace("_", " ") + " this"
            if rename:
                what = f"changed the title from {text_of(rename, 'from')!r}"
            when = text_of(event, "created_at")
            found.append((when, when, Entry(when, login(event, "actor"), what)))
    return [entry for *_, entry in sorted(found, key=lambda each: each[:2])]


def _entry(part: Document, what: str, gone: str, *, is_reply: bool) -> Entry:
    when = text_of(part, "created_at", "createdAt", "submitted_at")
    body = text_of(part, "body")
    return Entry(when, login(part, "user", "author"), what, body, reactions(part), gone, is_reply)


def _comment_of(path: str, document: Document) -> Callable[[Document], str]:
    """The verb for a comment in ``comment_data``; in a pull request it is a comment on a line."""
    resolved = {
        str(comment.get("fullDatabaseId"))
        for thread in _list(document, "review_thread_nodes")
        if thread.get("isResolved") is True
        for comment in _dicts((_dict(thread, "comments") or {}).get("nodes"))
    }

    def called(comment: Document) -> str:
        if not path.startswith("pulls/"):
            return "commented (the answer)" if comment.get("isAnswer") is True else "commented"
        line = comment.get("line") or comment.get("original_line")
        where = f"{text_of(comment, 'path')}{f':{line}' if type(line) is int else ''}"
        done = " (resolved)" if key_of(comment) in resolved else ""
        return f"commented on {where or 'the changes'}{done}"

    return called


def _reference(subject: Document) -> str:
    repository = text_of(_dict(subject, "repository") or {}, "nameWithOwner")
    return f"{repository}#{subject.get('number')}"


def _named(what: str, names: Iterator[str]) -> Iterator[str]:
    if found := [*dict.fromkeys(filter(None, names))]:
        yield f"{what} {', '.join(found)}"


def _list(document: Document, name: str) -> list[Document]:
    return _dicts(document.get(name))


def _dicts(listed: Any) -> list[Document]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _dict(document: Document, name: str) -> Document | None:
    found = document.get(name)
    return found if isinstance(found, dict) else None
