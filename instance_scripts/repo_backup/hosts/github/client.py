"""GitHub's API: whose repositories there are, whatever the kind of account."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from backup_contract.documents.fields import LIMIT
from backup_contract.documents.manifest import iso
from backup_contract.visibility import Scope, Visibility, count, measure
from repo_backup.hosts.github.app_installations import Installations
from repo_backup.net.http import Http
from repo_backup.runtime.errors import (
    FatalError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
    said,
)
from repo_backup.runtime.retry import Patience

PER_PAGE = 100
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_LINK = re.compile(r'<([^<>]+)>;\s*rel="(\w+)"')
_EVERYTHING = "owner,collaborator,organization_member"
_COUNT_TOLERANCE = 0.9
"""GitHub counts repositories that it does not list (disabled ones); far fewer is a truncation."""
_PAGE_BYTES = 32 << 20
_MOST_PAGES = 10_000
_PRIVATE_SCOPE = "repo"


class ListingError(FatalError):
    """An owner's repositories could not all be listed; ``found`` are those that were."""

    def __init__(self, reason: str, found: "Iterable[Remote]" = ()) -> None:
        super().__init__(reason)
        self.found = list(found)


@dataclass(frozen=True)
class Remote:
    """A repository as GitHub lists it. ``size_kib`` is GitHub's estimate, wiki not included.

    ``refused`` is why it cannot be backed up at all: a name that must not become a path.
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
        """From the API's JSON. Raises ListingError when it is no repository."""
        try:
            owner, name = str(item["owner"]["login"]), str(item["name"])
            safe = _NAME.fullmatch(owner) and _NAME.fullmatch(name)
            return cls(
                id=_id(item["id"]),
                owner=said(owner),
                name=said(name),
                private=bool(item["private"]),
                fork=bool(item["fork"]),
                archived=bool(item.get("archived")),
                size_kib=max(0, int(item.get("size") or 0)),
                has_wiki=bool(item.get("has_wiki")),
                clone_url=str(item["clone_url"]),
                refused=None if safe else "its name is none that GitHub gives, and unsafe",
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            reason = said(f"{type(error).__name__}: {error}")
            raise ListingError(
                f"GitHub listed something that is no repository: {reason}"
            ) from error


@dataclass(frozen=True)
class _Page:
    """One JSON answer of the API, with the headers that came with it."""

    document: Any
    headers: Mapping[str, str]


class GitHub:
    """The API at ``api_url``. Learns from the answers when the token expires, what it lacks, and
    how many repositories of each owner it shows.

    ``installations`` are given when the tokens are a GitHub App's.
    """

    def __init__(
        self,
        http: Http,
        api_url: str,
        patience: Patience,
        installations: Installations | None = None,
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._patience = patience
        self._installations = installations
        self.token_expires_at: str | None = None
        self.notices: list[str] = []
        self.visibility: list[Visibility] = []
        self._scopes: frozenset[str] | None = None
        self._own_count: int | None = None
        http.trust(self._api_url)
        http.trust(git_url(self._api_url))

    def viewer(self) -> str | None:
        """The login behind the token; None without a token, or for an installation's token.

        Raises FatalError when GitHub rejects the token.
        """
        if self._installations or not self._http.has_token:
            return None
        try:
            page = self._get(f"{self._api_url}/user")
            login = str(page.document["login"])
        except UnauthorizedError as error:
            raise FatalError("GitHub rejects the token (401): renew GITHUB_TOKEN") from error
        except TransientError as error:
            raise ListingError(f"the token's user could not be asked for: {error}") from error
        except (RepositoryError, KeyError, TypeError):
            return None
        self._own_count = count(page.document)
        self._learn_scopes(page.headers.get("X-OAuth-Scopes"))
        return login

    def repositories(self, owner: str | None, viewer: str | None) -> list[Remote]:
        """All repositories of ``owner``, or all that the token can see when that is None.

        The kind of account is found out. Raises FatalError when there is no such account, and
        ListingError when the listing fails or is evidently short.
        """
        if owner is None:
            found = self._listed(f"/user/repos?{_query(affiliation=_EVERYTHING)}")
            self._see_all(found, viewer)
            return found
        login, organisation, counted = self._account(owner)
        own = viewer is not None and viewer.lower() == login.lower()
        if organisation:
            found = self._listed(f"/orgs/{login}/repos?{_query(type='all')}", login)
        elif own:
            found = self._listed(f"/user/repos?{_query(affiliation='owner')}", login, sso=False)
        else:
            found = self._listed(f"/users/{login}/repos?{_query(type='owner')}", login, sso=False)
        if viewer and not organisation and not own:
            collaborating = f"/user/repos?{_query(affiliation='collaborator')}"
            found += _of(login, self._listed(collaborating, login, sso=False))
        if self._installations:
            found += _of(login, self._listed(f"/installation/repositories?{_query()}", login))
            self.notices += self._installations.notices(login)
        found = list({remote.id: remote for remote in found}.values())
        public = sum(not remote.private for remote in found)
        if public < int(counted * _COUNT_TOLERANCE):
            reason = f"the listing of {login} is truncated: {public} of {counted}"
            raise ListingError(reason, found)
        self._see(login, len(found), organisation=organisation, own=own)
        return found

    def _see(self, login: str, visible: int, *, organisation: bool = False, own: bool) -> None:
        """Keep how much of an owner is visible; some organisations are asked for their count."""
        granted, total = self._granted(login, own=own), self._own_count if own else None
        if organisation and granted in ("selected", "unknown"):
            with contextlib.suppress(RepositoryError):
                total = count(self._get(f"{self._api_url}/orgs/{login}", login).document)
        self.visibility.append(measure(login, granted, visible, total))

    def _see_all(self, found: list[Remote], viewer: str | None) -> None:
        """The same for every owner in a listing of all that the token sees."""
        visible = Counter(remote.owner for remote in found)
        for login in sorted({*visible, *([viewer] if viewer else ())}):
            self._see(login, visible[login], own=login == viewer)

    def _granted(self, login: str, *, own: bool) -> Scope:
        """What the token itself may see of an owner, so far as that is known without a count."""
        if self._installations:
            return self._installations.scope(login)
        if not self._http.has_token:
            return "public"
        if self._scopes is None:
            return "unknown"
        if _PRIVATE_SCOPE not in self._scopes:
            return "public"
        # A classic token with this scope lists all that its user owns.
        return "all" if own else "unknown"

    def _account(self, owner: str) -> tuple[str, bool, int]:
        """An account's name as GitHub spells it, whether it is an organisation's, public count."""
        try:
            account = self._get(f"{self._api_url}/users/{owner}", owner).document
            login = str(account["login"])
            organisation = account.get("type") == "Organization"
            counted = int(account.get("public_repos") or 0)
        except NotFoundError as error:
            if self._installations:
                raise ListingError(str(error)) from error
            raise FatalError(f"GitHub knows no user or organisation named {owner!r}") from error
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew or remove GITHUB_TOKEN") from error
        except RepositoryError as error:
            raise ListingError(f"{owner} could not be looked up: {error}") from error
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ListingError(f"{owner}: GitHub answered something else") from error
        if not _NAME.fullmatch(login):
            raise ListingError(f"{owner}: GitHub gave it the unsafe name {said(login)!r}")
        return login, organisation, counted

    def _learn_scopes(self, header: str | None) -> None:
        """Only classic tokens have scopes; a header without them is one that may do nothing."""
        if header is None:
            return
        self._scopes = frozenset(scope.strip() for scope in header.split(","))
        if _PRIVATE_SCOPE not in self._scopes:
            self.notices.append(
                "the GitHub token lacks the scope repo: private repositories are not seen"
            )

    def _listed(self, path: str, account: str = "", *, sso: bool = True) -> list[Remote]:
        """What is listed at this path, all its pages; ``sso``: organisations matter to it."""
        found: dict[int, Remote] = {}
        try:
            for page in self._pages(f"{self._api_url}{path}", account, sso=sso):
                for remote in map(Remote.from_api, page):
                    found[remote.id] = remote
        except (RepositoryError, ListingError) as error:
            reason = f"the listing failed after {len(found)} repositories: {error}"
            raise ListingError(reason, found.values()) from error
        return list(found.values())

    def _pages(self, url: str, account: str, *, sso: bool) -> Iterator[list[dict[str, Any]]]:
        last, seen = 0, set[str]()
        without = ""
        while url:
            if url in seen or len(seen) >= _MOST_PAGES:
                raise RepositoryError("the listing has no end")
            seen.add(url)
            page = self._get(url, account)
            document = page.document
            if isinstance(document, dict):
                document = document.get("repositories")
            if not isinstance(document, list):
                raise RepositoryError("GitHub answered something that is no list")
            yield document
            without = without or page.headers.get("X-GitHub-SSO", "")
            links = links_of(page.headers.get("Link", ""))
            last = max(last, _page_number(links.get("last", "")))
            url = links.get("next", "")
        if len(seen) < last:
            raise RepositoryError(f"the listing is truncated: {len(seen)} of {last} pages")
        if sso and without:
            raise RepositoryError(
                f"GitHub left organisations out that require single sign-on ({said(without)}): "
                "authorise the token for them"
            )

    def _get(self, url: str, account: str = "") -> _Page:
        """The JSON document at ``url``, retried with patience."""

        def get() -> _Page:
            self._patience.stop.sleep(0)
            headers = {"Accept": "application/vnd.github+json"}
            with self._http.open("GET", url, "Bearer", headers, account=account) as answer:
                if not self._installations:
                    expiry = answer.headers.get("GitHub-Authentication-Token-Expiration")
                    self.token_expires_at = _expiry(expiry) or self.token_expires_at
                body = answer.whole(_PAGE_BYTES)
                try:
                    return _Page(json.loads(body), answer.headers)
                except (ValueError, RecursionError) as error:
                    raise TransientError("GitHub answered something that is no JSON") from error

        return self._patience.call(get)


def links_of(header: str) -> dict[str, str]:
    """The addresses in a ``Link`` header by their relation (RFC 8288, as far as GitHub uses it)."""
    return {relation: target for target, relation in _LINK.findall(header)}


def git_url(api_url: str) -> str:
    """Where the git of an API is: ``api.`` less, or the same host.

    https://docs.github.com/enterprise-server/rest/overview/about-the-rest-api has both forms.
    """
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def _of(login: str, remotes: Iterable[Remote]) -> list[Remote]:
    return [remote for remote in remotes if remote.owner.lower() == login.lower()]


def _query(**parameters: str) -> str:
    return urlencode({**parameters, "per_page": PER_PAGE})


def _id(value: Any) -> int:
    """A repository's id, as a manifest takes it. Raises ValueError and TypeError."""
    number = int(value)
    if not 0 <= number < LIMIT:
        raise ValueError("its id is out of range")
    return number


def _expiry(text: str | None) -> str | None:
    """GitHub's ``2026-12-20 17:00:00 UTC`` or ``… -0500`` in ISO 8601; None for anything else."""
    with contextlib.suppress(ValueError, OverflowError):
        return iso(datetime.strptime((text or "").replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z"))
    return None


def _page_number(url: str) -> int:
    found = re.search(r"[?&]page=([0-9]{1,9})", url)
    return int(found[1]) if found else 0
