"""GitHub's API: whose repositories there are, whatever the kind of account."""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from repo_backup.errors import (
    FatalError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)
from repo_backup.http import Http
from repo_backup.manifest import iso
from repo_backup.retry import Patience

PER_PAGE = 100
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]+")
_LINK = re.compile(r'<([^>]+)>;\s*rel="(\w+)"')
_EVERYTHING = "owner,collaborator,organization_member"
_COUNT_TOLERANCE = 0.9
"""GitHub counts repositories that it does not list (disabled ones); far fewer is a truncation."""


class ListingError(FatalError):
    """An owner's repositories could not all be listed; ``found`` are those that were."""

    def __init__(self, reason: str, found: "Iterable[Remote]" = ()) -> None:
        super().__init__(reason)
        self.found = list(found)


@dataclass(frozen=True)
class Remote:
    """A repository as GitHub lists it. ``size_kib`` is GitHub's estimate, wiki not included."""

    id: int
    owner: str
    name: str
    private: bool
    fork: bool
    archived: bool
    size_kib: int
    has_wiki: bool
    clone_url: str

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @property
    def wiki_url(self) -> str:
        """The wiki's clone address: only the trailing ``.git`` is replaced (``octo.github.io``)."""
        return self.clone_url.removesuffix(".git") + ".wiki.git"

    @classmethod
    def from_api(cls, item: dict[str, Any]) -> "Remote":
        """From the API's JSON. Raises ListingError for a name that must not become a path."""
        try:
            owner, name = item["owner"]["login"], item["name"]
            if not (_NAME.fullmatch(owner) and _NAME.fullmatch(name)):
                raise ListingError(f"GitHub listed a repository with an unsafe name: {name!r}")
            return cls(
                id=int(item["id"]),
                owner=owner,
                name=name,
                private=bool(item["private"]),
                fork=bool(item["fork"]),
                archived=bool(item.get("archived")),
                size_kib=int(item.get("size") or 0),
                has_wiki=bool(item.get("has_wiki")),
                clone_url=str(item["clone_url"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ListingError(f"GitHub listed something that is no repository: {error}") from error


class GitHub:
    """The API at ``api_url``. Learns when the token expires from GitHub's answers."""

    def __init__(self, http: Http, api_url: str, patience: Patience, *, has_token: bool) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._patience = patience
        self._has_token = has_token
        self.token_expires_at: str | None = None
        http.trust(api_url)

    def viewer(self) -> str | None:
        """The login behind the token; None without a token, or for an installation's token.

        Raises FatalError when GitHub rejects the token.
        """
        if not self._has_token:
            return None
        try:
            return str(self._get(f"{self._api_url}/user")[0]["login"])
        except UnauthorizedError as error:
            raise FatalError("GitHub rejects the token (401): renew GITHUB_TOKEN") from error
        except TransientError as error:
            raise ListingError(f"the token's user could not be asked for: {error}") from error
        except RepositoryError:
            return None

    def repositories(self, owner: str | None, viewer: str | None) -> list[Remote]:
        """All repositories of ``owner``, or all that the token can see when that is None.

        The kind of account is found out. Raises FatalError when there is no such account, and
        ListingError when the listing fails or is evidently short.
        """
        if owner is None:
            return self._listed(f"/user/repos?{_query(affiliation=_EVERYTHING)}")
        try:
            account = self._get(f"{self._api_url}/users/{owner}")[0]
        except NotFoundError as error:
            raise FatalError(f"GitHub knows no user or organisation named {owner!r}") from error
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew or remove GITHUB_TOKEN") from error
        except RepositoryError as error:
            raise ListingError(f"{owner} could not be looked up: {error}") from error
        login = str(account["login"])
        if account.get("type") == "Organization":
            found = self._listed(f"/orgs/{login}/repos?{_query(type='all')}")
        elif viewer and viewer.lower() == login.lower():
            found = self._listed(f"/user/repos?{_query(affiliation='owner')}")
        else:
            found = self._listed(f"/users/{login}/repos?{_query(type='owner')}")
            if viewer:
                shared = self._listed(f"/user/repos?{_query(affiliation='collaborator')}")
                found += [remote for remote in shared if remote.owner.lower() == login.lower()]
        found = list({remote.id: remote for remote in found}.values())
        public = sum(not remote.private for remote in found)
        counted = int(account.get("public_repos") or 0)
        if public < int(counted * _COUNT_TOLERANCE):
            reason = f"the listing of {login} is truncated: {public} of {counted}"
            raise ListingError(reason, found)
        return found

    def _listed(self, path: str) -> list[Remote]:
        found: dict[int, Remote] = {}
        try:
            for page in self._pages(f"{self._api_url}{path}"):
                for item in page:
                    remote = Remote.from_api(item)
                    self._http.trust_like(self._api_url, remote.clone_url)
                    found[remote.id] = remote
        except RepositoryError as error:
            reason = f"the listing failed after {len(found)} repositories: {error}"
            raise ListingError(reason, found.values()) from error
        return list(found.values())

    def _pages(self, url: str) -> Iterator[list[dict[str, Any]]]:
        number, last = 0, 0
        while url:
            page, link = self._get(url)
            if not isinstance(page, list):
                raise RepositoryError("GitHub answered something that is no list")
            number += 1
            yield page
            links = {relation: target for target, relation in _LINK.findall(link)}
            last = max(last, _page_number(links.get("last", "")))
            url = links.get("next", "")
        if number < last:
            raise RepositoryError(f"the listing is truncated: {number} of {last} pages")

    def _get(self, url: str) -> tuple[Any, str]:
        """The JSON document at ``url`` and its Link header, retried with patience."""

        def get() -> tuple[Any, str]:
            self._patience.stop.sleep(0)
            headers = {"Accept": "application/vnd.github+json"}
            with self._http.open("GET", url, "Bearer", headers) as (response, _):
                expiry = response.headers.get("GitHub-Authentication-Token-Expiration")
                self.token_expires_at = _expiry(expiry) or self.token_expires_at
                body = response.read(decode_content=True)
                try:
                    return json.loads(body), response.headers.get("Link", "")
                except ValueError as error:
                    raise TransientError("GitHub answered something that is no JSON") from error

        return self._patience.call(get)


def _query(**parameters: str) -> str:
    return urlencode({**parameters, "per_page": PER_PAGE})


def _expiry(text: str | None) -> str | None:
    """GitHub's ``2026-12-20 17:00:00 UTC`` or ``… -0500`` in ISO 8601; None for anything else."""
    with contextlib.suppress(ValueError):
        return iso(datetime.strptime((text or "").replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z"))
    return None


def _page_number(url: str) -> int:
    found = re.search(r"[?&]page=(\d+)", url)
    return int(found[1]) if found else 0
