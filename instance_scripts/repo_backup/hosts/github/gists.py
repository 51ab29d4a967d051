"""Lists a person's gists. GitHub lists public ones to everybody, secret ones only to their owner.

https://docs.github.com/rest/gists/gists. An organization has no gists, and a GitHub App sees no
secret ones. Anybody who knows the id of a secret gist can read it: git needs no token.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from backup_contract.documents.parts.gists import gist_host
from repo_backup.hosts.base import GistListing, RemoteRepository
from repo_backup.hosts.github.paging import PER_PAGE, Page, Pager, UnreadableItemError
from repo_backup.hosts.github.remote import NAME
from repo_backup.runtime.errors import AbsentError, ForbiddenError, RepositoryError, message

_ID = re.compile(r"[0-9a-f]{1,64}")
_SCOPE = "gist"
NO_APP = "GitHub shows gists to no GitHub App"
"""https://docs.github.com/rest/authentication/endpoints-available-for-github-app-installation-access-tokens
lacks all of gists."""


@dataclass(frozen=True)
class GistReader:
    """Lists gists at ``api_url``; ``page`` gets a page of a list. Raises no RepositoryError."""

    api_url: str
    page: Callable[[str], Page]

    def own(self, login: str, scopes: frozenset[str] | None) -> GistListing:
        """All gists of the token's user; ``scopes`` are those of a classic token."""
        if scopes is not None and _SCOPE not in scopes:
            return self._public(login, f"the token lacks the scope {_SCOPE}", always=True)
        refused: list[RepositoryError] = []

        def ask(url: str) -> Page:
            try:
                return self.page(url)
            except (AbsentError, ForbiddenError) as error:
                refused.append(error)
                raise

        listed = self._listed(f"/gists?per_page={PER_PAGE}", ask)
        if refused and not listed.found:
            return self._public(login, "the token lacks the permission Gists", always=True)
        return listed

    def public(self, login: str) -> GistListing:
        """The public gists of a user other than the token's."""
        why = f"GitHub shows secret ones to a token of {login} alone"
        return self._public(login, why, always=False)

    def _public(self, login: str, why: str, *, always: bool) -> GistListing:
        """The public gists, and why there may be others. ``always``: add the notice even if there
        is no public gist."""
        listed = self._listed(f"/users/{quote(login)}/gists?per_page={PER_PAGE}", self.page)
        notice = f"{login}: only public gists are saved: {why}" if listed.found or always else ""
        return replace(listed, public_only=why, notice=notice)

    def _listed(self, path: str, ask: Callable[[str], Page]) -> GistListing:
        listed = _pager().whole(f"{self.api_url}{path}", ask)
        return GistListing(listed.found, problem="; ".join(listed.problems))


def _pager() -> Pager[RemoteRepository]:
    return Pager(lambda item: (_number(gist_of(item)), gist_of(item)), noun="gists")


def _number(gist: RemoteRepository) -> int:
    """A unique number for each id: a pager identifies items by number."""
    return int.from_bytes(gist.name.encode())


def gist_of(item: Any) -> RemoteRepository:
    """A gist, from the API's JSON. Raises UnreadableItemError when it is none."""
    try:
        id, owner = str(item["id"]), str(item["owner"]["login"])
        files = item["files"].values()
        size = sum(each["size"] for each in files if type(each["size"]) is int)
        made = RemoteRepository(
            id=0,
            owner=owner,
            name=id,
            private=item["public"] is not True,
            fork=False,
            archived=False,
            size_kib=-(-size // 1024),
            has_wiki=False,
            clone_url=_text(item["git_pull_url"]),
            host=gist_host(id),
            updated_at=_date(item["updated_at"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableItemError("a gist without one of its fields") from error
    if not (_ID.fullmatch(id) and NAME.fullmatch(owner)):
        raise UnreadableItemError(f"a gist with the unsafe name {message(f'{owner}/{id}')!r}")
    return made


def _date(value: Any) -> str:
    """A date in GitHub's format; empty for anything else, so that the gist counts as changed."""
    try:
        return value if datetime.fromisoformat(value).tzinfo else ""
    except (TypeError, ValueError):
        return ""


def _text(value: Any) -> str:
    """A URL. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("it is not a string")
    return value
