"""What GitHub means by an answer that is none: a rate limit, a right that is missing, a fault."""

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

_UNSAID_PAUSE_SECONDS = 60.0
"""GitHub: without any other hint wait at least a minute after a secondary rate limit."""
_NO_REPOSITORY = "Repository not found"
"""What GitHub's git answers for a repository or a wiki that is not there, or not to be seen; a
proxy that has nothing at an address does not."""
_NUMBER = re.compile(r"[0-9]{1,12}")


def refusal(
    path: str, status: int, headers: Mapping[str, str], body: bytes, *, has_token: bool
) -> RepositoryError:
    """The error that a status stands for, with GitHub's own words. Pure."""
    refused = read_refusal(status, headers, body)
    told = refused.words
    match status:
        case 401:
            used = "rejects the token" if has_token else "wants a token"
            return UnauthorizedError(f"GitHub {used} for {path} (401){told}")
        case 403:
            return ForbiddenError(f"GitHub refuses {path} (403){told}")
        case 404 if refused.message.startswith(_NO_REPOSITORY) or _is_apis_own(path, body):
            return AbsentError(f"GitHub has nothing at {path} (404){told}")
        case 404 | 410:
            return NotFoundError(f"GitHub has nothing at {path} ({status}){told}")
        case 451:
            return RepositoryError(f"blocked for legal reasons (451){told}")
        case 408 | 425 | 500 | 502 | 503 | 504:
            return TransientError(
                f"GitHub answered {status} for {path}{told}", _retry_after(headers)
            )
        case _:
            return RepositoryError(f"GitHub answered {status} for {path}{told}")


def storage_refusal(url: str, status: int, headers: Mapping[str, str]) -> RepositoryError:
    """The error that a status of a storage of large files stands for. Pure.

    Neither the query of an address, which may be a signature, nor what the storage says is told.
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


def _is_apis_own(path: str, body: bytes) -> bool:
    """Whether the API itself says that there is nothing, and not something on the way to it."""
    if ".git/" in path:
        return False
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        return bool(json.loads(body).get("message") == "Not Found")
    return False


def pause_seconds(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """How long a rate limit asks everybody to wait; None when it is not one. Pure.

    A limit's end is a time of GitHub's clock, and so is the answer's ``Date``: ``now``, this
    machine's, counts only where that is missing.
    """
    if status not in (403, 429):
        return None
    asked = _retry_after(headers)
    if asked is None and (until := _moment(headers.get("Retry-After", ""))):
        # RFC 9110 allows a date as well; what stands before GitHub may use it.
        asked = max(1.0, until - _answered_at(headers, now))
    if asked is not None:
        return asked
    reset = headers.get("X-RateLimit-Reset", "")
    if headers.get("X-RateLimit-Remaining") == "0" and _NUMBER.fullmatch(reset):
        return max(1.0, int(reset) - _answered_at(headers, now))
    if status == 429 or b"secondary rate limit" in body:
        return _UNSAID_PAUSE_SECONDS
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
