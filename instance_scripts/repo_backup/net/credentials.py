"""Credentials for GitHub: no token, one token, or the tokens of a GitHub App's installations."""

import base64
from dataclasses import dataclass, field
from typing import Literal, Protocol


class Credentials(Protocol):
    """Provides the token of each request. Safe to call from every thread."""

    @property
    def present(self) -> bool:
        """Whether any token is configured."""

    def token(self, account: str) -> str | None:
        """The token for repositories of ``account``; None to send the request without one.

        Raises RepositoryError if a token is required and cannot be obtained.
        """

    def renew(self, account: str, rejected: str) -> bool:
        """Replace a token that GitHub rejected. Returns whether there is a new one."""


@dataclass(frozen=True)
class Token:
    """One token for all accounts, or None. Its ``repr`` hides it, so no stack trace shows it."""

    value: str | None = field(repr=False)

    @property
    def present(self) -> bool:
        """Whether a token is configured."""
        return self.value is not None

    def token(self, account: str) -> str | None:
        """The token, for any account."""
        return self.value

    def renew(self, account: str, rejected: str) -> bool:
        """Always False: only the user can replace it."""
        return False


def authorization(scheme: Literal["Bearer", "Basic"], token: str) -> str:
    """The ``Authorization`` header's value for a token."""
    if scheme == "Bearer":
        return f"Bearer {token}"
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()
