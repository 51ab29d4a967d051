"""The callers, and GitHub's refusals with their messages and headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from local_cloud.github.apps import Installation
from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.rights import EVERYBODY, TokenRights

Level = Literal["read", "push", "admin"]
"""The level that a route needs for a public repository: anyone, push access, or administrator."""


class RefusedError(Exception):
    """An error answer: its status, message and headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Refuse with ``{"message": message}``."""
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


@dataclass(frozen=True)
class Caller:
    """A caller. ``token`` is empty without one, ``installation`` is that of an App's token."""

    token: str = ""
    viewer: str | None = None
    rights: TokenRights = EVERYBODY
    installation: Installation | None = None

    @property
    def permissions(self) -> Mapping[str, str] | None:
        """The permissions of a fine-grained or an App's token; None for other callers."""
        if self.installation:
            return self.installation.permissions
        return self.rights.permissions if self.rights.scopes is None else None

    @property
    def refusal(self) -> str:
        """GitHub's message about a missing permission."""
        kind = "integration" if self.installation else "personal access token"
        return f"Resource not accessible by {kind}"

    def sees(self, catalogue: Catalogue, repository: Repository) -> bool:
        """Whether the caller can see this repository."""
        if self.installation:
            return not repository.private or self.installation.lists(repository)
        return catalogue.may_see(repository, self.viewer) and self.rights.shows(repository)

    def permits(self, repository: Repository, accepted: Sequence[str], level: Level) -> bool:
        """Whether the caller has one of the accepted permissions, or none is needed."""
        if level == "read" and not repository.private:
            return True
        permissions = self.permissions
        return permissions is None or any(each in permissions for each in accepted)

    def administers(self, catalogue: Catalogue, repository: Repository) -> bool:
        """Whether the user behind the token is an administrator of the repository."""
        if self.installation:
            return self.installation.lists(repository)
        owner = catalogue.accounts[repository.owner]
        owns = self.viewer == owner.login or owner.type == "Organization"
        return self.viewer is not None and owns and self.rights.administers


@dataclass(frozen=True)
class Needed:
    """What a route needs: one of these read permissions, and this level of the user."""

    permissions: Sequence[str] = field(default=("metadata",))
    level: Level = "read"

    def headers(self, caller: Caller) -> dict[str, str]:
        """The headers that name the sufficient permissions in each answer."""
        if not caller.token:
            return {}
        if caller.installation or caller.rights.scopes is None:
            accepted = "; ".join(f"{each}=read" for each in self.permissions)
            return {"X-Accepted-GitHub-Permissions": accepted}
        return {"X-Accepted-OAuth-Scopes": "" if self.level == "read" else "repo"}

    def check(self, caller: Caller, catalogue: Catalogue, repository: Repository) -> None:
        """Raise RefusedError as GitHub refuses: 403 to tokens, 404 to users without the right."""
        if not caller.permits(repository, self.permissions, self.level):
            raise RefusedError(403, caller.refusal)
        if self.level == "read":
            return
        if not caller.token:
            raise RefusedError(401, "Requires authentication")
        if not caller.administers(catalogue, repository):
            if self.level == "push":
                raise RefusedError(403, "Must have push access to this repository")
            raise RefusedError(404, "Not Found")
