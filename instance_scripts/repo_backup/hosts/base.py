"""What the program needs of a host: its repositories, and what it says of one that is gone.

Only the command line knows which host there is; everything else knows this module. How git reaches
a host, with whose credentials and past which limits, is :class:`repo_backup.net.http.Http`'s, which
the command line gets from the host with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from backup_contract.documents.parts.accounts import account_host
from backup_contract.documents.parts.entries import HOST, Identity
from backup_contract.visibility import Visibility
from repo_backup.runtime.errors import FatalError


@dataclass(frozen=True)
class Remote:
    """A repository as its host lists it. ``size_kib`` is the host's estimate, wiki not included.

    ``clone_url`` holds no credentials. ``refused`` is why it cannot be backed up at all: a name
    that must not become a path. ``node_id`` is the host's id for it in another API.
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

    @property
    def full_name(self) -> str:
        """``owner/name``; the owner alone where it is an account."""
        return f"{self.owner}/{self.name}" if self.name else self.owner

    @property
    def is_account(self) -> bool:
        """Whether it is an account, and no repository: see :func:`account_of`."""
        return not self.name

    @property
    def identity(self) -> Identity:
        """By which it is the same repository from run to run."""
        return Identity(self.host, self.id)


def account_of(login: str) -> Remote:
    """The account of this login, as what is backed up: it has no name, no id and no git."""
    return Remote(0, login, "", False, False, False, 0, False, "", host=account_host(login))


@dataclass(frozen=True)
class Replaced:
    """A commit (``oid``) that a branch (``refs/heads/main``) named until it was forced or deleted.

    ``by`` is who did that ``at`` a moment (ISO 8601), as the host tells it: nothing is checked.
    None: the account is gone.
    """

    ref: str
    oid: str
    by: str | None
    at: str


class ListingError(FatalError):
    """An owner's repositories could not all be listed; ``found`` are those that were."""

    def __init__(self, reason: str, found: Iterable[Remote] = ()) -> None:
        super().__init__(reason)
        self.found = list(found)


class Host(Protocol):
    """Where repositories come from.

    What it learns from the answers it tells afterwards: until when the token is valid (ISO 8601,
    None where it is not known), what the token lacks (``notices``), and how many repositories of
    each owner are visible.
    """

    token_expires_at: str | None
    notices: list[str]
    visibility: list[Visibility]

    def viewer(self) -> str | None:
        """The account behind the credentials; None where there is none.

        Raises FatalError when the host rejects them.
        """

    def repositories(self, owner: str | None, viewer: str | None) -> list[Remote]:
        """All repositories of ``owner``, or all that ``viewer`` can see when that is None.

        Raises FatalError when there is no such account, and ListingError when the listing fails or
        is evidently short.
        """

    def repository(self, number: int, account: str) -> Remote | None:
        """The repository with this id, whatever its name and owner are now; None if the host says
        that there is none. ``account`` is whose it was.

        Raises RepositoryError for every other answer: a refusal does not tell whether it is there.
        """
