"""What a token may see: a classic one by its scopes, a fine-grained one by its repositories."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_cloud.github.catalogue import Repository


@dataclass(frozen=True)
class TokenRights:
    """A token's rights. ``scopes`` is None for a fine-grained token, whose answers name none.

    ``selected`` are the full names of the private repositories that a fine-grained token can see;
    None: all of its user's. ``counts``: GitHub reports the number of private repositories to it.
    ``permissions`` are those of a fine-grained token, such as ``{"issues": "read"}``; None: all.
    ``administers``: whether its user is an administrator of the repositories.
    """

    scopes: frozenset[str] | None = frozenset({"repo", "gist"})
    selected: frozenset[str] | None = None
    counts: bool = False
    permissions: Mapping[str, str] | None = None
    administers: bool = True

    def shows(self, repository: Repository) -> bool:
        """Whether the token can see a repository that its user may see."""
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
        """The headers about its scopes in every answer."""
        return {} if self.scopes is None else {"X-OAuth-Scopes": ", ".join(sorted(self.scopes))}


EVERYBODY = TokenRights(frozenset())
"""The rights without a token: only public repositories, and no count of the private ones."""
