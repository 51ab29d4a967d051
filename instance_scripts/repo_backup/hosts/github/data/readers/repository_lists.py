"""Lists that are short enough to be read whole: labels, milestones, commit comments, advisories."""

from collections.abc import Callable
from typing import Any

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.api.refusals import refused
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, gone, merged, merged_parts
from repo_backup.hosts.github.data.sections import SECTIONS
from repo_backup.runtime.errors import RepositoryError

LABELS = "labels/labels.json"


def read_labels(data: RepositoryRead) -> Section:
    """Read the labels into their one document."""
    try:
        told = [label for page in data.pages("/labels") for label in page.items]
    except RepositoryError as error:
        return data.unread("labels", refused(error, SECTIONS["labels"].absent))
    before = data.documents.get(LABELS)
    known = before if isinstance(before, list) else None
    labels = merged_parts(known, told)
    data.save(LABELS, labels, before)
    data.lose_parts(LABELS, labels, gone("labels", labels, told))
    return data.complete("labels", whole=True)


def read_milestones(data: RepositoryRead) -> Section:
    """Read the milestones, open and closed."""
    return _read_whole(
        data,
        "milestones",
        lambda item: f"milestones/{item['number']}.json",
        kind="milestone",
        query={"state": "all"},
    )


def read_commit_comments(data: RepositoryRead, reacted: ReactionQueue) -> Section:
    """Read the comments on commits."""
    return _read_whole(
        data, "commit_comments", lambda item: f"commit_comments/{item['id']}.json", reacted
    )


def read_advisories(data: RepositoryRead) -> Section:
    """Read the repository's security advisories, drafts as far as the token sees them."""
    return _read_whole(
        data,
        "security_advisories",
        lambda item: f"security-advisories/{item['ghsa_id']}.json",
        query={"sort": "created", "direction": "asc"},
    )


def _read_whole(
    data: RepositoryRead,
    section: str,
    path_of: Callable[[dict[str, Any]], str],
    reacted: ReactionQueue | None = None,
    *,
    kind: str = "",
    query: dict[str, Any] | None = None,
) -> Section:
    """Read all of a list, a document an item; what is no longer in it is marked."""
    source = SECTIONS[section]
    seen: set[str] = set()
    folder = source.saved_as.partition("/")[0]
    try:
        for page in data.pages(source.endpoint, kind, **(query or {})):
            for item in page.items:
                path = path_of(item)
                before = data.documents.get(path)
                document = merged(before, item)
                data.save(path, document, before)
                seen.add(path)
                if reacted:
                    reacted.look_at(path, document)
    except KeyError as error:
        return data.unread(
            section, refused(RepositoryError(f"an item of {source.endpoint} has no {error}"))
        )
    except RepositoryError as error:
        return data.unread(section, refused(error, source.absent))
    for path in list(data.alive_paths(folder)):
        if path not in seen:
            data.lose(path)
    return data.complete(section, whole=True)
