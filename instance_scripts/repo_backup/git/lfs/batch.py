"""Git LFS's batch API: where large files can be fetched from, and for how long.

https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md

The repository's own host is asked, with the token; what a ``.lfsconfig`` names is not, as whoever
may commit one could have the token sent anywhere.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from backup_contract.text import one_line
from repo_backup.git.lfs.pointers import Pointer
from repo_backup.net.http import Http
from repo_backup.runtime.errors import RepositoryError

MOST_OBJECTS = 100
"""In one request, as Git LFS itself asks."""
_TYPE = "application/vnd.git-lfs+json"
_MOST_BYTES = 4 << 20
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,8192}")
_EARLY_SECONDS = 10.0
"""An address that is about to expire is not used any more."""


@dataclass(frozen=True)
class Action:
    """Where an object is, with the headers to send there; ``ends_at`` is by ``time.monotonic``."""

    url: str
    headers: Mapping[str, str]
    ends_at: float

    @property
    def expired(self) -> bool:
        """Whether it is to be asked for again."""
        return time.monotonic() >= self.ends_at


@dataclass(frozen=True)
class Offer:
    """What the server says of one object: where it is, or why not."""

    action: Action | None
    reason: str = ""


def ask(http: Http, clone_url: str, wanted: Sequence[Pointer]) -> dict[str, Offer]:
    """What the server offers of each object, by its oid; at most ``MOST_OBJECTS`` at once.

    Raises what ``Http.open`` raises, and RepositoryError for an answer that is none.
    """
    base = f"{clone_url.removesuffix('.git')}.git/info/lfs/objects/batch"
    request = {
        "operation": "download",
        "transfers": ["basic"],
        "hash_algo": "sha256",
        "objects": [{"oid": each.oid, "size": each.size} for each in wanted],
    }
    headers = {"Accept": _TYPE, "Content-Type": _TYPE}
    body = json.dumps(request).encode()
    account = urlsplit(clone_url).path.split("/")[-2]
    with http.open("POST", base, "Basic", headers, body, account=account) as answer:
        data = answer.whole(_MOST_BYTES)
    return read_answer(data, wanted, time.monotonic(), datetime.now(UTC))


def read_answer(
    data: bytes, wanted: Sequence[Pointer], started: float, now: datetime
) -> dict[str, Offer]:
    """The answer's offers. Pure. Raises RepositoryError when it is no answer of this API."""
    try:
        document = json.loads(data)
        listed = {str(each["oid"]): each for each in document["objects"]}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RepositoryError("what answered for Git LFS does not speak its protocol") from error
    if document.get("transfer", "basic") != "basic":
        raise RepositoryError("the server offers LFS objects by another transfer than basic")
    return {each.oid: _offer(listed.get(each.oid), started, now) for each in wanted}


def _offer(listed: Any, started: float, now: datetime) -> Offer:
    if listed is None:
        return Offer(None, "the server does not answer for it")
    if isinstance(error := listed.get("error"), dict):
        code, message = error.get("code", "?"), one_line(str(error.get("message", "")))
        return Offer(None, f"{message or 'no reason given'} ({one_line(str(code))})")
    actions = listed.get("actions")
    found = actions.get("download") if isinstance(actions, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("href"), str):
        return Offer(None, "the server does not say where it is")
    headers = found.get("header") or {}
    if not isinstance(headers, dict) or not all(map(_is_header, headers.items())):
        return Offer(None, "the server wants headers that are none")
    return Offer(Action(found["href"], headers, started + _seconds(found, now) - _EARLY_SECONDS))


def _is_header(header: tuple[object, object]) -> bool:
    name, value = header
    sound = isinstance(name, str) and isinstance(value, str)
    return sound and bool(_HEADER_NAME.fullmatch(str(name)) and _HEADER_VALUE.fullmatch(str(value)))


def _seconds(action: Mapping[str, Any], now: datetime) -> float:
    """How long an address is good for: ``expires_in`` goes before ``expires_at``."""
    seconds = action.get("expires_in")
    if isinstance(seconds, int | float) and seconds:
        return float(seconds)
    try:
        return (datetime.fromisoformat(str(action["expires_at"])) - now).total_seconds()
    except (KeyError, ValueError, TypeError):
        return float("inf")
