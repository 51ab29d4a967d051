"""Reads short lists as a whole: labels, milestones, commit comments, security advisories."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.api.identity import is_identified
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.hosts.github.api.whole_lists import ListMovedError
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, gone, merged, merged_parts
from repo_backup.hosts.github.data.sections import SECTIONS
from repo_backup.runtime.errors import RepositoryError

LABELS = "labels/labels.json"


def read_labels(data: RepositoryRead, seen: Mapping[int, Any]) -> Section:
    """Read all labels into one document. ``seen`` are the labels that issues showed, by id.

    If GitHub counts just as many, these are all labels, and the list is not requested.
    """
    newest, moved = _all_of(data, "labels", seen), None
    try:
        for page in data.pages("/labels", key="id", whole=True) if not newest else ():
            newest += page.items
    except ListMovedError as error:
        moved = refused(error)
    except RepositoryError as error:
        return data.unread("labels", refused(error, SECTIONS["labels"].absent))
    before = data.documents.get(LABELS)
    known = before if isinstance(before, list) else None
    labels = merged_parts(known, newest)
    data.save(LABELS, labels, before)
    data.unmark_parts(LABELS, labels, "labels", newest)
    if moved:
        return data.unread("labels", moved)
    if not data.lists_too_few("labels", len(newest)):
        data.mark_parts_gone(LABELS, labels, gone("labels", labels, newest))
    return data.complete("labels", whole=True)


def read_milestones(data: RepositoryRead, seen: Mapping[int, Any]) -> Section:
    """Read the open and closed milestones. ``seen`` are those that issues showed, by id."""
    return _read_whole(
        data,
        "milestones",
        "number",
        kind="milestone",
        query={"state": "all"},
        known=_all_of(data, "milestones", _by_number(seen)),
    )


def _by_number(seen: Mapping[int, Any]) -> dict[int, Any]:
    return {each["number"]: each for each in seen.values() if is_identified(each, "number")}


def _all_of(data: RepositoryRead, section: str, seen: Mapping[int, Any]) -> list[Any]:
    """The items that were seen, if GitHub counts just as many; else none."""
    counted = data.task.signature.counts.get(section)
    return list(seen.values()) if len(seen) == counted else []


def read_commit_comments(data: RepositoryRead, reacted: ReactionQueue) -> Section:
    """Read the comments on commits."""
    return _read_whole(data, "commit_comments", "id", reacted)


def read_advisories(data: RepositoryRead) -> Section:
    """Read the repository's security advisories, and those drafts that the token can see."""
    return _read_whole(
        data,
        "security_advisories",
        "ghsa_id",
        query={"sort": "created", "direction": "asc"},
        is_restricted=lambda advisory: advisory.get("state") != "published",
    )


def _read_whole(
    data: RepositoryRead,
    section: str,
    key: str,
    reacted: ReactionQueue | None = None,
    *,
    kind: str = "",
    query: dict[str, Any] | None = None,
    known: Sequence[Any] = (),
    is_restricted: Callable[[Any], bool] = lambda item: False,
) -> Section:
    """Read a whole list into one document for each item, and mark items that are no longer listed.

    ``key`` is the field of an item that names its document. ``known`` are all items of the list, if
    no request is needed. GitHub shows items that are restricted (``is_restricted``) only to some
    tokens: if it lists none, none is marked.
    """
    source = SECTIONS[section]
    seen: set[str] = set()
    restricted = 0
    folder = source.saved_as.partition("/")[0]
    try:
        pages = data.pages(source.endpoint, kind, key=key, whole=True, **(query or {}))
        for items in [known] if known else (page.items for page in pages):
            for item in items:
                path = f"{folder}/{item[key]}.json"
                before = data.documents.get(path)
                document = merged(before, item)
                data.save(path, document, before)
                seen.add(path)
                restricted += is_restricted(item)
                if reacted:
                    reacted.look_at(path, document)
    except RepositoryError as error:
        return data.unread(section, refused(error, source.absent))
    if not data.lists_too_few(section, len(seen)):
        data.mark_unlisted(folder, seen, None if restricted else is_restricted)
    return data.complete(section, whole=True)
