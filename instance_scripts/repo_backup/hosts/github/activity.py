"""Who rewrote or deleted a branch and when, as GitHub tells it.

https://docs.github.com/rest/repos/repos#list-repository-activities has the fields; of tags it tells
nothing, and the right that it takes is to read the contents.
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
from repo_backup.hosts.base import Remote, Replaced
from repo_backup.net.http import Http
from repo_backup.runtime.errors import RepositoryError

_WORDS = {
    RewriteKind.FORCED_BRANCH: "force_push",
    RewriteKind.DELETED_BRANCH: "branch_deletion",
}
_PAGE_BYTES = 1 << 20
_NEWEST = 100
log = logging.getLogger(__name__)


def with_actors(http: Http, api_url: str, remote: Remote, found: Rewrites) -> Rewrites:
    """The same with who and when, as far as the newest activities tell.

    One request for forced branches and one for deleted ones, none without a token. What GitHub
    does not answer is not asked for again, and costs nothing but the names.
    """
    kinds = {each.kind for each in found.named}
    told: dict[tuple[str, str], tuple[str, str]] = {}
    for kind, word in _WORDS.items():
        if kind in kinds and http.has_token:
            try:
                told |= _activities(http, api_url, remote, word)
            except (RepositoryError, ValueError, RecursionError) as error:
                log.info("%s: nobody says who rewrote it: %s", remote.full_name, error)
    return replace(found, named=tuple(_named(each, told) for each in found.named))


def replaced_since(http: Http, api_url: str, remote: Remote, since: str) -> tuple[Replaced, ...]:
    """What branches named before they were forced or deleted after ``since`` (ISO 8601), each once.

    Two requests, none without a token. What GitHub does not answer costs nothing but the commits.
    """
    found: dict[str, Replaced] = {}
    for word in _WORDS.values() if http.has_token else ():
        try:
            listed = _listed(http, api_url, remote, word)
        except (RepositoryError, ValueError, RecursionError) as error:
            log.info("%s: nobody says what was there before: %s", remote.full_name, error)
            continue
        for each in filter(None, map(_replaced, listed)):
            if each.at > since:
                found.setdefault(each.oid, each)
    return tuple(found.values())


def _replaced(item: Any) -> Replaced | None:
    """None of an item that is not as GitHub documents it; whose account is gone has no actor."""
    try:
        ref, oid, actor = f"{item['ref']}", f"{item['before']}", item["actor"]
        at = iso(datetime.fromisoformat(item["timestamp"]))
        return Replaced(ref, oid, f"{actor['login']}" if actor else None, at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _named(each: Rewrite, told: dict[tuple[str, str], tuple[str, str]]) -> Rewrite:
    """Of several force-pushes the last one counts, which led to what is there now."""
    known = told.get((each.name, each.new or each.old)) or told.get((each.name, each.old))
    return replace(each, by=known[0], at=known[1]) if known else each


def _activities(
    http: Http, api_url: str, remote: Remote, word: str
) -> dict[tuple[str, str], tuple[str, str]]:
    """Who and when by the ref and either of its ids; the newest where there are several."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for item in _listed(http, api_url, remote, word):
        for key, who in _told(item):
            found.setdefault(key, who)
    return found


def _listed(http: Http, api_url: str, remote: Remote, word: str) -> list[Any]:
    """The newest activities of a type, as GitHub sends them. Raises RepositoryError, ValueError."""
    query = urlencode({"activity_type": word, "per_page": _NEWEST})
    url = f"{api_url}/repos/{quote(remote.owner)}/{quote(remote.name)}/activity?{query}"
    headers = {"Accept": "application/vnd.github+json"}
    with http.open("GET", url, "Bearer", headers, account=remote.owner) as answer:
        listed = json.loads(answer.whole(_PAGE_BYTES))
    return listed if isinstance(listed, list) else []


def _told(item: Any) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Nothing of an item that is not as GitHub documents it."""
    try:
        ref, login, written = item["ref"], item["actor"]["login"], item["timestamp"]
        at = iso(datetime.fromisoformat(written))
        for oid in (item["after"], item["before"]):
            yield (ref, oid), (f"{login}", at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return
