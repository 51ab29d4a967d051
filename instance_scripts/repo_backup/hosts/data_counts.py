"""Counts the items of each section in a document, for ``Section.here``. Pure.

A document that vanished, and everything in it, does not count. Nor does a part that vanished, with
its reactions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_FOLDERS: Mapping[str, str] = {"security-advisories": "security_advisories"}
PARTS: Mapping[str, Mapping[str, str]] = {
    "issues": {
        "comment_data": "issue_comments",
        "event_data": "events",
        "timeline_nodes": "timeline",
        "timeline_data": "timeline",
    },
    "pulls": {
        "comment_regular_data": "issue_comments",
        "comment_data": "review_comments",
        "review_data": "reviews",
        "event_data": "events",
        "timeline_nodes": "timeline",
        "timeline_data": "timeline",
    },
    "discussions": {"comment_data": ""},
}
"""By folder: the lists in a document, and the section to which their items belong."""


def section_of(folder: str) -> str:
    """The section to which the documents in this folder belong."""
    return _FOLDERS.get(folder, folder)


def key_of(part: Any) -> str:
    """The name of a document's part in ``deleted.json``: its id."""
    return str(part.get("id", "")) if isinstance(part, dict) else ""


def parts_of(document: Any, lists: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The parts of a document that are objects, each with the name of its list."""
    for name in lists:
        listed = document.get(name)
        for part in listed if isinstance(listed, list) else ():
            if isinstance(part, dict):
                yield name, part


def counts_of(path: str, document: Any, is_vanished: Callable[[str, str], bool]) -> Counter[str]:
    """What this document adds to ``here``, by section. ``is_vanished``: see ``Documents``."""
    counted: Counter[str] = Counter()
    folder = path.partition("/")[0]
    if folder == "settings" or is_vanished(path, ""):
        return counted
    if folder == "labels":
        counted["labels"] = sum(
            not is_vanished(path, f"labels/{key_of(label)}")
            for label in (document if isinstance(document, list) else ())
        )
        return counted
    if not isinstance(document, dict):
        return counted
    counted[section_of(folder)] += 1
    counted["reactions"] += _length(document, "reaction_nodes")
    lists = PARTS.get(folder, {})
    for name, part in parts_of(document, lists):
        if name == "event_data":
            counted[lists[name]] += 1
        elif not is_vanished(path, f"{name}/{key_of(part)}"):
            counted[lists[name]] += 1
            if lists[name] == "timeline":
                continue
            counted["reactions"] += _length(part, "reaction_nodes")
            counted["reactions"] += sum(
                _length(reply, "reaction_nodes")
                for reply in replies(part)
                if not is_vanished(path, f"reply_data/{key_of(reply)}")
            )
    del counted[""]
    return counted


def replies(part: Any) -> list[Any]:
    """The replies to a discussion's comment."""
    listed = part.get("reply_data")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _length(document: Any, name: str) -> int:
    listed = document.get(name)
    return len(listed) if isinstance(listed, list) else 0
