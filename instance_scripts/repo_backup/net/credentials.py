"""By what right GitHub is asked: no token, one token, or those of a GitHub App's installations."""

from dataclasses import dataclass, field
from typing import Protocol


class Credentials(Protocol):
    """Where each request's token comes from; called from every thread."""

    @property
    def present(self) -> bool:
        """Whether there is a token at all."""

    def token(self, account: str) -> str | None:
        """The token for what belongs to ``account``; None to ask without one.

        Raises RepositoryError when there should be one and cannot be.
        """

    def renew(self, account: str, rejected: str) -> bool:
        """Whether there is another token now that GitHub has rejected this one."""


@dataclass(frozen=True)
class Token:
    """One token for everything, or None. It is in no ``repr``, so in no trace."""

    value: str | None = field(repr=False)

    @property
    def present(self) -> bool:
        """Whether there is a token."""
        return self.value is not None

    def token(self, account: str) -> str | None:
        """The token, whoever's repository it is."""
        return self.value

    def renew(self, account: str, rejected: str) -> bool:
        """Never: a person has to."""
        return False
