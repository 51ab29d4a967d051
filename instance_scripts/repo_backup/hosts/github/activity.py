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
from repo_backup.hosts.base import Remote
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


def _named(each: Rewrite, told: dict[tuple[str, str], tuple[str, str]]) -> Rewrite:
    """Of several force-pushes the last one counts, which led to what is there now."""
    known = told.get((each.name, each.new or each.old)) or told.get((each.name, each.old))
    return replace(each, by=known[0], at=known[1]) if known else each


def _activities(
    http: Http, api_url: str, remote: Remote, word: str
) -> dict[tuple[str, str], tuple[str, str]]:
    """Who and when by the ref and either of its ids; the newest where there are several."""
    query = urlencode({"activity_type": word, "per_page": _NEWEST})
    url = f"{api_url}/repos/{quote(remote.owner)}/{quote(remote.name)}/activity?{query}"
    headers = {"Accept": "application/vnd.github+json"}
    with http.open("GET", url, "Bearer", headers, account=remote.owner) as answer:
        listed = json.loads(answer.whole(_PAGE_BYTES))
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for item in listed if isinstance(listed, list) else ():
        for key, who in _told(item):
            found.setdefault(key, who)
    return found


def _told(item: Any) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Nothing of an item that is not as GitHub documents it."""
    try:
        ref, login, written = item["ref"], item["actor"]["login"], item["timestamp"]
        at = iso(datetime.fromisoformat(written))
        for oid in (item["after"], item["before"]):
            yield (ref, oid), (f"{login}", at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return
