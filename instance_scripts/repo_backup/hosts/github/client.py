"""GitHub's API: whose repositories there are, whatever the kind of account."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from backup_contract.documents.fields import LIMIT
from backup_contract.documents.manifest import iso
from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.link_header import links_of
from backup_contract.visibility import Scope, Visibility, count, measure
from repo_backup.hosts.base import ListingError, Remote, Replaced
from repo_backup.hosts.github.activity import replaced_since, with_actors
from repo_backup.hosts.github.app_installations import Installations
from repo_backup.hosts.github.paging import (
    PER_PAGE,
    Listed,
    Page,
    Pager,
    far_fewer,
)
from repo_backup.hosts.github.remote import NAME, repository_of
from repo_backup.net.http import Http
from repo_backup.runtime.errors import (
    AbsentError,
    FatalError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
    said,
)
from repo_backup.runtime.retry import Patience

_EVERYTHING = "owner,collaborator,organization_member"
_BY_CREATION = {"sort": "created", "direction": "asc"}
"""The order in which what is renamed stays in its place, and what is new comes last:
https://docs.github.com/rest/repos/repos"""
_PAGE_BYTES = 32 << 20
_PRIVATE_SCOPE = "repo"


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
        self._pager = Pager(_identified)
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
            raise FatalError(f"{error}: renew GITHUB_TOKEN") from error
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
            listed = self._listed(f"/user/repos?{_query(affiliation=_EVERYTHING)}")
            if listed.problems:
                raise ListingError("; ".join(listed.problems), listed.found)
            self._see_all(listed.found, viewer)
            return listed.found
        login, organisation, counted = self._account(owner)
        own = viewer is not None and viewer.lower() == login.lower()
        if organisation:
            first = self._listed(f"/orgs/{login}/repos?{_query(type='all')}", login)
        elif own:
            first = self._listed(f"/user/repos?{_query(affiliation='owner')}", login, sso=False)
        else:
            first = self._listed(f"/users/{login}/repos?{_query(type='owner')}", login, sso=False)
        more = []
        if viewer and not organisation and not own:
            collaborating = f"/user/repos?{_query(affiliation='collaborator')}"
            more.append(self._listed(collaborating, login, sso=False))
        if self._installations:
            more.append(self._listed(f"/installation/repositories?per_page={PER_PAGE}", login))
            self.notices += self._installations.notices(login)
        lists = [first, *(replace(each, found=_of(login, each.found)) for each in more)]
        found = list({remote.id: remote for each in lists for remote in each.found}.values())
        problems = [problem for each in lists for problem in each.problems]
        public = sum(not remote.private for remote in found)
        if not problems and far_fewer(public, counted):
            problems.append(f"the listing is truncated: {public} of {counted}")
        if problems:
            raise ListingError(f"{login}: {'; '.join(problems)}", found)
        self._see(login, len(found), organisation=organisation, own=own)
        return found

    def repository(self, number: int, account: str) -> Remote | None:
        """The repository with this id, whatever its name and owner are now; None if GitHub itself
        says that there is none (404), which it also says of one that the token may not see.

        GitHub redirects former names to this address. Raises RepositoryError for every other
        answer: a refusal says nothing about whether the repository is there.
        """
        try:
            answer = self._get(f"{self._api_url}/repositories/{number}", account)
        except AbsentError:
            return None
        remote = repository_of(answer.document)
        if remote.id != number:
            raise RepositoryError(f"GitHub answered with another repository, id {remote.id}")
        return remote

    def replaced_since(self, remote: Remote, since: str) -> tuple[Replaced, ...]:
        """What branches named before they were forced or deleted after a moment."""
        return replaced_since(self._http, self._api_url, remote, since)

    def with_actors(self, remote: Remote, found: Rewrites) -> Rewrites:
        """The same with who rewrote the repository's branches and when, where GitHub tells."""
        return with_actors(self._http, self._api_url, remote, found)

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
        except AbsentError as error:
            if self._installations:
                raise ListingError(str(error)) from error
            raise FatalError(f"GitHub knows no user or organisation named {owner!r}") from error
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew or remove GITHUB_TOKEN") from error
        except RepositoryError as error:
            raise ListingError(f"{owner} could not be looked up: {error}") from error
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ListingError(f"{owner}: GitHub answered something else") from error
        if not NAME.fullmatch(login):
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

    def _listed(self, path: str, account: str = "", *, sso: bool = True) -> Listed[Remote]:
        """What is listed at this path, all its pages; ``sso``: organisations matter to it."""
        hidden: list[str] = []
        listed = self._pager.whole(
            f"{self._api_url}{path}", lambda url: self._page(url, account, hidden)
        )
        if not sso or not hidden:
            return listed
        problem = (
            f"GitHub left organisations out that require single sign-on ({said(hidden[0])}): "
            "authorise the token for them"
        )
        return replace(listed, problems=(*listed.problems, problem))

    def _page(self, url: str, account: str, hidden: list[str]) -> Page:
        """One page of a list; ``hidden`` gets what single sign-on keeps from the token."""
        answer = self._get(url, account)
        document: Any = answer.document
        total = document.get("total_count") if isinstance(document, dict) else None
        document = document.get("repositories") if isinstance(document, dict) else document
        if not isinstance(document, list):
            raise RepositoryError("GitHub answered something that is no list")
        if without := answer.headers.get("X-GitHub-SSO"):
            hidden.append(without)
        links = links_of(answer.headers.get("Link", ""))
        counted = total if type(total) is int and 0 <= total < LIMIT else None
        return Page(document, links, counted)

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


def git_url(api_url: str) -> str:
    """Where the git of an API is: ``api.`` less, or the same host.

    https://docs.github.com/enterprise-server/rest/overview/about-the-rest-api has both forms.
    """
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def _of(login: str, remotes: Iterable[Remote]) -> list[Remote]:
    return [remote for remote in remotes if remote.owner.lower() == login.lower()]


def _query(**parameters: str) -> str:
    return urlencode({**parameters, **_BY_CREATION, "per_page": PER_PAGE})


def _identified(item: Any) -> tuple[int, Remote]:
    remote = repository_of(item)
    return remote.id, remote


def _expiry(text: str | None) -> str | None:
    """GitHub's ``2026-12-20 17:00:00 UTC`` or ``… -0500`` in ISO 8601; None for anything else."""
    with contextlib.suppress(ValueError, OverflowError):
        return iso(datetime.strptime((text or "").replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z"))
    return None
