"""Finds out from GitHub who rewrote or deleted a branch, and when.

https://docs.github.com/rest/repos/repos#list-repository-activities describes the fields. It does
not cover tags. It needs the permission to read contents.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from backup_contract.documents.parts.rewrites import Rewrite, RewriteKind, Rewrites
from backup_contract.moments import iso
from repo_backup.hosts.base import RemoteRepository, Replaced
from repo_backup.net.http import Http
from repo_backup.runtime.errors import RepositoryError

_WORDS = {
    RewriteKind.FORCED_BRANCH: "force_push",
    RewriteKind.DELETED_BRANCH: "branch_deletion",
}
_PAGE_BYTES = 1 << 20
_NEWEST = 100
log = logging.getLogger(__name__)


def with_actors(http: Http, api_url: str, remote: RemoteRepository, found: Rewrites) -> Rewrites:
    """The rewrites with who and when, as far as the newest activities show it.

    Makes one request for force-pushed branches and one for deleted ones; none without a token. A
    failed request is not repeated: only the names are missing then.
    """
    kinds = {each.kind for each in found.named}
    activities: dict[tuple[str, str], tuple[str, str]] = {}
    for kind, word in _WORDS.items():
        if kind in kinds and http.has_token:
            try:
                activities |= _activities(http, api_url, remote, word)
            except (RepositoryError, ValueError, RecursionError) as error:
                log.info("%s: it is not known who rewrote it: %s", remote.full_name, error)
    return replace(found, named=tuple(_named(each, activities) for each in found.named))


def replaced_since(
    http: Http, api_url: str, remote: RemoteRepository, since: str
) -> tuple[Replaced, ...]:
    """The commits that branches pointed to before they were force-pushed or deleted after ``since``
    (ISO 8601), each once.

    Makes two requests; none without a token. If a request fails, only its commits are missing.
    """
    found: dict[str, Replaced] = {}
    for word in _WORDS.values() if http.has_token else ():
        try:
            listed = _listed(http, api_url, remote, word)
        except (RepositoryError, ValueError, RecursionError) as error:
            log.info("%s: it is not known what was there before: %s", remote.full_name, error)
            continue
        for each in filter(None, map(_replaced, listed)):
            if each.at > since:
                found.setdefault(each.oid, each)
    return tuple(found.values())


def _replaced(item: Any) -> Replaced | None:
    """The replaced commit in an activity; None if it is not as documented. The actor of an activity
    is missing if the account is gone."""
    try:
        ref, oid, actor = f"{item['ref']}", f"{item['before']}", item["actor"]
        at = iso(datetime.fromisoformat(item["timestamp"]))
        return Replaced(ref, oid, f"{actor['login']}" if actor else None, at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _named(each: Rewrite, activities: dict[tuple[str, str], tuple[str, str]]) -> Rewrite:
    """The rewrite with who and when. Of several force-pushes the last one counts."""
    known = activities.get((each.name, each.new or each.old)) or activities.get(
        (each.name, each.old)
    )
    return replace(each, by=known[0], at=known[1]) if known else each


def _activities(
    http: Http, api_url: str, remote: RemoteRepository, word: str
) -> dict[tuple[str, str], tuple[str, str]]:
    """Who and when, by ref and by either of its two object ids; the newest if there are several."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for item in _listed(http, api_url, remote, word):
        for key, who in _of_item(item):
            found.setdefault(key, who)
    return found


def _listed(http: Http, api_url: str, remote: RemoteRepository, word: str) -> list[Any]:
    """The newest activities of a type, as GitHub sends them. Raises RepositoryError, ValueError."""
    query = urlencode({"activity_type": word, "per_page": _NEWEST})
    url = f"{api_url}/repos/{quote(remote.owner)}/{quote(remote.name)}/activity?{query}"
    headers = {"Accept": "application/vnd.github+json"}
    with http.open("GET", url, "Bearer", headers, account=remote.owner) as answer:
        listed = json.loads(answer.whole(_PAGE_BYTES))
    return listed if isinstance(listed, list) else []


def _of_item(item: Any) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """The entries for an activity; none if it is not as GitHub documents it."""
    try:
        ref, login, written = item["ref"], item["actor"]["login"], item["timestamp"]
        at = iso(datetime.fromisoformat(written))
        for oid in (item["after"], item["before"]):
            yield (ref, oid), (f"{login}", at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return
