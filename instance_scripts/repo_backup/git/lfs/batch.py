"""The batch API of Git LFS: the URLs of large files, and how long they are valid.

https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md

Requests go to the repository's own host, with the token. A server named in ``.lfsconfig`` is
ignored, because anyone who may commit that file could have the token sent anywhere.
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
"""The maximum in one request; the Git LFS client uses the same."""
_TYPE = "application/vnd.git-lfs+json"
_MOST_BYTES = 4 << 20
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,8192}")
_EARLY_SECONDS = 10.0
"""A URL is renewed this long before it expires."""


@dataclass(frozen=True)
class Action:
    """The URL of an object and the headers to send. ``ends_at`` is a ``time.monotonic`` value."""

    url: str
    headers: Mapping[str, str]
    ends_at: float

    @property
    def expired(self) -> bool:
        """Whether a new URL must be requested."""
        return time.monotonic() >= self.ends_at


@dataclass(frozen=True)
class Offer:
    """The server's response for one object: how to get it, or else a reason and an error code."""

    action: Action | None
    reason: str = ""
    code: int = 0


def ask(http: Http, clone_url: str, wanted: Sequence[Pointer]) -> dict[str, Offer]:
    """The server's response for each object, by oid. ``wanted`` has at most ``MOST_OBJECTS``.

    Raises what ``Http.open`` raises, and RepositoryError for a malformed response.
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
    """Parse a response. Pure. Raises RepositoryError if it is not one of this API."""
    try:
        document = json.loads(data)
        listed = {str(each["oid"]): each for each in document["objects"]}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RepositoryError("the server does not follow the Git LFS protocol") from error
    if document.get("transfer", "basic") != "basic":
        raise RepositoryError("the server does not offer LFS objects by the basic transfer")
    return {each.oid: _offer(listed.get(each.oid), started, now) for each in wanted}


def _offer(listed: Any, started: float, now: datetime) -> Offer:
    if listed is None:
        return Offer(None, "the server's response does not mention it")
    if isinstance(error := listed.get("error"), dict):
        code, message = error.get("code", "?"), one_line(str(error.get("message", "")))
        reason = f"{message or 'no reason given'} ({one_line(str(code))})"
        return Offer(None, reason, code if isinstance(code, int) else 0)
    actions = listed.get("actions")
    found = actions.get("download") if isinstance(actions, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("href"), str):
        return Offer(None, "the server gives no URL for it")
    headers = found.get("header") or {}
    if not isinstance(headers, dict) or not all(map(_is_header, headers.items())):
        return Offer(None, "the server requires invalid headers")
    return Offer(Action(found["href"], headers, started + _seconds(found, now) - _EARLY_SECONDS))


def _is_header(header: tuple[object, object]) -> bool:
    name, value = header
    sound = isinstance(name, str) and isinstance(value, str)
    return sound and bool(_HEADER_NAME.fullmatch(str(name)) and _HEADER_VALUE.fullmatch(str(value)))


def _seconds(action: Mapping[str, Any], now: datetime) -> float:
    """How many seconds a URL is valid: ``expires_in`` takes precedence over ``expires_at``."""
    seconds = action.get("expires_in")
    try:
        if isinstance(seconds, int | float) and seconds:
            return float(seconds)
        return (datetime.fromisoformat(str(action["expires_at"])) - now).total_seconds()
    except (KeyError, ValueError, TypeError, OverflowError):
        return float("inf")
