"""What a token may see, for the stand-in: scopes of a classic one, repositories of another."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_cloud.github.catalogue import Repository


@dataclass(frozen=True)
class TokenRights:
    """A token's rights. ``scopes`` None: a fine-grained token, which names none in its answers.

    ``selected`` are the full names of the private repositories that a fine-grained token was given;
    None: all of its user's. ``counts`` lets it know how many private repositories there are.
    ``permissions`` are those of a fine-grained token, as ``{"issues": "read"}``; None: all.
    ``administers``: whether its user is an administrator of the repositories.
    """

    scopes: frozenset[str] | None = frozenset({"repo", "gist"})
    selected: frozenset[str] | None = None
    counts: bool = False
    permissions: Mapping[str, str] | None = None
    administers: bool = True

    def shows(self, repository: Repository) -> bool:
        """Whether it shows a repository that its user may see."""
        if not repository.private:
            return True
        if self.scopes is not None:
            return "repo" in self.scopes
        return self.selected is None or repository.full_name in self.selected

    def counts_of(self, type: str) -> bool:
        """Whether an account of this type tells it its private repositories.

        A classic token needs ``user`` for its own user and ``admin:org`` for an organization:
        https://docs.github.com/rest/users/users, https://docs.github.com/rest/orgs/orgs
        """
        if self.scopes is None:
            return self.counts
        return ("admin:org" if type == "Organization" else "user") in self.scopes

    @property
    def headers(self) -> dict[str, str]:
        """What every answer to it says of its scopes."""
        return {} if self.scopes is None else {"X-OAuth-Scopes": ", ".join(sorted(self.scopes))}


EVERYBODY = TokenRights(frozenset())
"""Who gives no token is shown what is public, and no count of the rest."""
