"""What a section's state is when GitHub does not answer for it. Pure."""

from dataclasses import dataclass

from backup_contract.documents.data_index import SectionState
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError, said

_SWITCHED_OFF = ("upgrade to", "not enabled", "disabled", "not available for")
"""By these words GitHub tells that a feature is not there; a right would change nothing."""
_BLOCKED = ("repository access blocked", "by github staff", "suspended", "terms of service")
"""By these that nobody gets anything of the repository."""


@dataclass(frozen=True)
class Refused:
    """The state of a section that could not be read, and why."""

    state: SectionState
    reason: str


def refused(error: RepositoryError, absent: SectionState = "failed") -> Refused:
    """The state that an error stands for. ``absent`` is what a bare 404 means there.

    A 404 may also mean that a right is lacking: it does where a classic token lacks the scope.
    """
    if isinstance(error, AllowanceSpentError):
        return Refused("under-way", said(str(error)))
    answer = error.refusal
    if answer is None:
        return Refused("failed", said(str(error)))
    message = answer.message.lower()
    needs = f"needs {answer.rights}" if answer.rights else answer.reason
    match answer.status:
        case 403 if any(words in message for words in _BLOCKED) or answer.passing:
            return Refused("failed", said(str(error)))
        case 403 | 404 if any(words in message for words in _SWITCHED_OFF):
            return Refused("switched-off", said(answer.reason))
        case 403:
            return Refused("not-permitted", said(needs))
        case 404 if "lacks" in answer.remedy or absent == "not-permitted":
            return Refused("not-permitted", said(needs))
        case 404:
            return Refused(absent, said(answer.reason))
        case 410:
            return Refused("switched-off", said(answer.reason))
        case 422:
            return Refused("truncated", said(answer.reason))
        case _:
            return Refused("failed", said(str(error)))
