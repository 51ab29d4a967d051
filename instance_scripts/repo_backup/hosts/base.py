"""The interface of a host: its repositories, gists and accounts.

Only the command line knows which host is used; everything else uses this module. The command line
also gets a :class:`repo_backup.net.http.Http` from the host, which carries git's requests with the
right credentials and within the host's limits.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from backup_contract.documents.parts.accounts import account_host
from backup_contract.documents.parts.entries import HOST, Identity
from backup_contract.documents.parts.gists import gist_host
from backup_contract.kinds import Holder
from backup_contract.visibility import Visibility
from repo_backup.runtime.errors import FatalError


@dataclass(frozen=True)
class RemoteRepository:
    """A repository as its host lists it. ``size_kib`` is the host's estimate, without the wiki.

    ``clone_url`` has no credentials. ``refused`` says why it cannot be backed up at all: its name
    must not become a path. ``node_id`` is its id in the host's other API. A gist has its id as
    name, and ``updated_at`` is the time of its last change as the host reports it. ``starred``: it
    is listed only because of a star.
    """

    id: int
    owner: str
    name: str
    private: bool
    fork: bool
    archived: bool
    size_kib: int
    has_wiki: bool
    clone_url: str
    refused: str | None = None
    host: str = HOST
    node_id: str | None = None
    updated_at: str | None = None
    starred: bool = False

    @property
    def full_name(self) -> str:
        """``owner/name``; only the owner for an account."""
        return f"{self.owner}/{self.name}" if self.name else self.owner

    @property
    def of(self) -> Holder:
        """Whether it is a repository, a gist, or an account (see :func:`account_of`)."""
        if not self.name:
            return "account"
        return "gist" if self.host == gist_host(self.name) else "repository"

    @property
    def identity(self) -> Identity:
        """The identity by which runs recognize the repository, even under a new name."""
        return Identity(self.host, self.id)


def account_of(login: str) -> RemoteRepository:
    """The account of this login as an item to back up. It has no name, no id and no git data."""
    return RemoteRepository(
        0, login, "", False, False, False, 0, False, "", host=account_host(login)
    )


@dataclass(frozen=True)
class GistListing:
    """The gists of an account.

    ``problem`` says why some may be missing. Without an error, the host may still show no gists
    (``withheld`` says why) or only public ones (``public_only`` says why); ``notice`` explains that
    to a person.
    """

    found: list[RemoteRepository] = field(default_factory=list)
    problem: str = ""
    withheld: str = ""
    public_only: str = ""
    notice: str = ""


@dataclass(frozen=True)
class Replaced:
    """A commit (``oid``) that a branch (``refs/heads/main``) pointed to before it was force-pushed
    or deleted.

    ``by`` did that ``at`` a moment (ISO 8601), as the host reports it, unchecked. ``by`` is None if
    the account is gone.
    """

    ref: str
    oid: str
    by: str | None
    at: str


class ListingError(FatalError):
    """Not all of an owner's repositories could be listed; ``found`` are those that were."""

    def __init__(self, reason: str, found: Iterable[RemoteRepository] = ()) -> None:
        super().__init__(reason)
        self.found = list(found)


class Host(Protocol):
    """A host of repositories.

    Its responses also show until when the token is valid, what the token lacks (``notices``), and
    how many repositories of each owner are visible. Read these attributes after the requests.
    """

    notices: list[str]
    visibility: list[Visibility]

    @property
    def token_expires_at(self) -> str | None:
        """When the token expires (ISO 8601); None if it is not known."""

    def viewer(self) -> str | None:
        """The account that the credentials belong to; None if they belong to none.

        Raises FatalError if the host rejects them.
        """

    def repositories(self, owner: str | None, viewer: str | None) -> list[RemoteRepository]:
        """All repositories of ``owner``; if that is None, all that ``viewer`` can see.

        Raises FatalError if there is no such account, and ListingError if the listing fails or is
        evidently incomplete.
        """

    def gists(self, owner: str | None, viewer: str | None) -> GistListing:
        """The gists of ``owner``; if that is None, of ``viewer``. An organization has none.

        Call :meth:`repositories` for ``owner`` first. Raises no RepositoryError.
        """

    def starred(self, owner: str | None, viewer: str | None) -> list[RemoteRepository]:
        """The repositories that ``owner`` starred; if that is None, ``viewer``.

        Call :meth:`repositories` for ``owner`` first. An organization has no stars. Raises
        ListingError if the listing fails.
        """

    def repository(self, number: int, account: str) -> RemoteRepository | None:
        """The repository with this id, whatever its present name and owner; None if the host
        reports that it does not exist. ``account`` is its last known owner.

        Raises RepositoryError for any other response: a refusal does not show whether it exists.
        """
