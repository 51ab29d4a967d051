"""Maps GitHub's error responses to errors: a rate limit, a missing permission, a server fault."""

import contextlib
import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from backup_contract.github_refusal import read_refusal
from repo_backup.runtime.errors import (
    AbsentError,
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)

_DEFAULT_PAUSE_SECONDS = 60.0
"""After a secondary rate limit without a header, GitHub asks clients to wait at least a minute:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
_NO_REPOSITORY = "Repository not found"
"""GitHub's git answers this for a repository or wiki that does not exist or that the token may not
see. A proxy's own 404 does not."""
_NUMBER = re.compile(r"[0-9]{1,12}")


def refusal(
    path: str, status: int, headers: Mapping[str, str], body: bytes, *, has_token: bool
) -> RepositoryError:
    """The error for a status, with GitHub's message. Pure."""
    refused = read_refusal(status, headers, body)
    detail = refused.words
    match status:
        case 401:
            used = "rejects the token" if has_token else "wants a token"
            return UnauthorizedError(f"GitHub {used} for {path} (401){detail}")
        case 403:
            return ForbiddenError(f"GitHub refuses {path} (403){detail}")
        case 404 if refused.message.startswith(_NO_REPOSITORY) or _is_from_api(path, body):
            return AbsentError(f"GitHub has nothing at {path} (404){detail}")
        case 404 | 410:
            return NotFoundError(f"GitHub has nothing at {path} ({status}){detail}")
        case 451:
            return RepositoryError(f"blocked for legal reasons (451){detail}")
        case 408 | 425 | 500 | 502 | 503 | 504:
            return TransientError(
                f"GitHub answered {status} for {path}{detail}", _retry_after(headers)
            )
        case _:
            return RepositoryError(f"GitHub answered {status} for {path}{detail}")


def storage_refusal(url: str, status: int, headers: Mapping[str, str]) -> RepositoryError:
    """The error for a status of a storage of large files. Pure.

    It leaves out the URL's query, which may be a signature, and the storage's message.
    """
    parts = urlsplit(url)
    where = f"{parts.hostname} answered {status} for {parts.path}"
    match status:
        case 401 | 403:
            return ForbiddenError(where)
        case 404 | 410:
            return NotFoundError(where)
        case 408 | 425 | 429 | 500 | 502 | 503 | 504:
            return TransientError(where, _retry_after(headers))
        case _:
            return RepositoryError(where)


def _is_from_api(path: str, body: bytes) -> bool:
    """Whether a 404 comes from the API itself and not from a proxy in front of it."""
    if ".git/" in path:
        return False
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        return bool(json.loads(body).get("message") == "Not Found")
    return False


def pause_seconds(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """How long a rate limit asks all requests to wait; None if the response is no rate limit. Pure.

    A limit's reset time is on GitHub's clock, like the ``Date`` header. ``now``, this machine's
    time, is used only if that header is missing.
    """
    if status not in (403, 429):
        return None
    asked = _retry_after(headers)
    if asked is None and (until := _moment(headers.get("Retry-After", ""))):
        # RFC 9110 allows a date as well; a proxy in front of GitHub may send one.
        asked = max(1.0, until - _answered_at(headers, now))
    if asked is not None:
        return asked
    reset = headers.get("X-RateLimit-Reset", "")
    if headers.get("X-RateLimit-Remaining") == "0" and _NUMBER.fullmatch(reset):
        return max(1.0, int(reset) - _answered_at(headers, now))
    if status == 429 or b"secondary rate limit" in body:
        return _DEFAULT_PAUSE_SECONDS
    return None


def _answered_at(headers: Mapping[str, str], otherwise: float) -> float:
    return _moment(headers.get("Date", "")) or otherwise


def _moment(text: str) -> float | None:
    """An HTTP date, in seconds since 1970; None for anything else."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if _NUMBER.fullmatch(value) else None
