"""The state of a section that GitHub refused, or that could not be read. Pure."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backup_contract.documents.data_index import SectionState
from backup_contract.text import one_line
from repo_backup.hosts.github.api.whole_lists import ListMovedError
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError

_SWITCHED_OFF = ("upgrade to", "not enabled", "disabled", "not available for")
"""GitHub's words for a feature that is off or not in the plan: no permission would help."""
_BLOCKED = ("repository access blocked", "by github staff", "suspended", "terms of service")
"""GitHub's words for a repository that it blocked for everybody."""

MALFORMED = (KeyError, TypeError, AttributeError, ValueError)
"""The exceptions that Python raises for an item without an expected field, or with one of another
type."""


@dataclass(frozen=True)
class Refused:
    """The state of a section that could not be read, and why."""

    state: SectionState
    reason: str


def malformed(error: Exception) -> Refused:
    """The state of a section with an item that raised one of ``MALFORMED``."""
    why = f"GitHub sent an unexpected response ({type(error).__name__}: {error})"
    return Refused("failed", one_line(why))


@contextlib.contextmanager
def malformed_named() -> Iterator[None]:
    """Turn the exceptions in ``MALFORMED`` into a RepositoryError."""
    try:
        yield
    except MALFORMED as error:
        raise RepositoryError(malformed(error).reason) from error


def refused(error: RepositoryError, absent: SectionState = "failed") -> Refused:
    """The section's state after an error. ``absent`` is the state for a 404 without more details.

    A 404 may also mean that a permission is missing, as it does if a classic token lacks the scope.
    """
    if isinstance(error, AllowanceSpentError):
        return Refused("under-way", one_line(str(error)))
    if isinstance(error, ListMovedError):
        return Refused("truncated", one_line(str(error)))
    answer = error.refusal
    if answer is None:
        return Refused("failed", one_line(str(error)))
    message = answer.message.lower()
    needs = f"needs {answer.rights}" if answer.rights else answer.reason
    match answer.status:
        case 403 if any(words in message for words in _BLOCKED) or answer.passing:
            return Refused("failed", one_line(str(error)))
        case 403 | 404 if any(words in message for words in _SWITCHED_OFF):
            return Refused("switched-off", one_line(answer.reason))
        case 403:
            return Refused("not-permitted", one_line(needs))
        case 404 if "lacks" in answer.remedy or absent == "not-permitted":
            return Refused("not-permitted", one_line(needs))
        case 404:
            return Refused(absent, one_line(answer.reason))
        case 410:
            return Refused("switched-off", one_line(answer.reason))
        case 422:
            return Refused("truncated", one_line(answer.reason))
        case _:
            return Refused("failed", one_line(str(error)))


def unknown_to_schema(document: Any) -> str:
    """The message if GraphQL rejected a query because its schema lacks a field; else empty.

    Such an error has a code but no type, and the response has no ``data``.
    """
    if not isinstance(document, dict) or "data" in document:
        return ""
    errors = document.get("errors")
    for error in errors if isinstance(errors, list) else ():
        extensions = error.get("extensions") if isinstance(error, dict) else None
        if isinstance(extensions, dict) and extensions.get("code") and not error.get("type"):
            return str(error.get("message") or extensions["code"])
    return ""
