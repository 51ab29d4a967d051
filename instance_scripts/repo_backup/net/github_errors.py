"""What GitHub means by an answer that is none: a rate limit, a right that is missing, a fault."""

import contextlib
import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from repo_backup.runtime.errors import (
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
    said,
)

_UNSAID_PAUSE_SECONDS = 60.0
"""GitHub: without any other hint wait at least a minute after a secondary rate limit."""
_SSO_REMEDY = (
    "the organisation requires single sign-on: authorise the token for it in GitHub's settings"
)
_NUMBER = re.compile(r"[0-9]{1,12}")


def refusal(
    path: str, status: int, headers: Mapping[str, str], body: bytes, *, has_token: bool
) -> RepositoryError:
    """The error that a status stands for. Pure."""
    match status:
        case 401:
            used = "rejects the token" if has_token else "wants a token"
            return UnauthorizedError(f"GitHub {used} for {path} (401)")
        case 403 if "X-GitHub-SSO" in headers:
            return ForbiddenError(f"{_SSO_REMEDY} (403)")
        case 403:
            return ForbiddenError(f"GitHub refuses {path} (403){_permissions(headers)}")
        case 404 | 410:
            return NotFoundError(f"GitHub has nothing at {path} ({status})")
        case 451:
            return RepositoryError(f"blocked for legal reasons (451){_block_url(body)}")
        case 408 | 425 | 500 | 502 | 503 | 504:
            return TransientError(f"GitHub answered {status} for {path}", _retry_after(headers))
        case _:
            return RepositoryError(f"GitHub answered {status} for {path}")


def pause_seconds(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """How long a rate limit asks everybody to wait; None when it is not one. Pure.

    A limit's end is a time of GitHub's clock, and so is the answer's ``Date``: ``now``, this
    machine's, counts only where that is missing.
    """
    if status not in (403, 429):
        return None
    asked = _retry_after(headers)
    if asked is not None:
        return asked
    reset = headers.get("X-RateLimit-Reset", "")
    if headers.get("X-RateLimit-Remaining") == "0" and _NUMBER.fullmatch(reset):
        return max(1.0, int(reset) - _answered_at(headers, now))
    if status == 429 or b"secondary rate limit" in body:
        return _UNSAID_PAUSE_SECONDS
    return None


def _answered_at(headers: Mapping[str, str], otherwise: float) -> float:
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(headers.get("Date", ""))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return otherwise


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if _NUMBER.fullmatch(value) else None


def _permissions(headers: Mapping[str, str]) -> str:
    """What GitHub says would have been enough, of a fine-grained token or an App."""
    needed = headers.get("X-Accepted-GitHub-Permissions", "")
    return f": it wants {said(needed)}" if needed else ""


def _block_url(body: bytes) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        return f", see {said(str(json.loads(body)['block']['html_url']))}"
    return ""
