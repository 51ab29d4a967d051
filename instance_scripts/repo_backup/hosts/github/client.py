"""Lists repositories, gists and stars by GitHub's API, for any kind of account."""

import contextlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.text import one_line
from backup_contract.visibility import Scope, Visibility, count, measure
from repo_backup.hosts.base import GistListing, ListingError, RemoteRepository, Replaced
from repo_backup.hosts.github.activity import replaced_since, with_actors
from repo_backup.hosts.github.addresses import gist_url, git_url
from repo_backup.hosts.github.app_installations import Installations
from repo_backup.hosts.github.gists import NO_APP, GistReader
from repo_backup.hosts.github.listing_api import ListingApi
from repo_backup.hosts.github.paging import (
    PER_PAGE,
    Listed,
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
)
from repo_backup.runtime.retry import RetryPolicy

_EVERYTHING = "owner,collaborator,organization_member"
_BY_CREATION = {"sort": "created", "direction": "asc"}
"""In this order a renamed repository keeps its place, and a new one comes last:
https://docs.github.com/rest/repos/repos"""
_PRIVATE_SCOPE = "repo"


class GitHub:
    """The API at ``api_url``. Its responses also show when the token expires, what it lacks, and
    how many repositories of each owner it can see.

    ``installations`` is set if the tokens are a GitHub App's.
    """

    def __init__(
        self,
        http: Http,
        api_url: str,
        retry_policy: RetryPolicy,
        installations: Installations | None = None,
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._api = ListingApi(http, retry_policy, is_app=installations is not None)
        self._installations = installations
        self.notices: list[str] = []
        self.visibility: list[Visibility] = []
        self._scopes: frozenset[str] | None = None
        self._own_count: int | None = None
        self._organizations: set[str] = set()
        self._pager = Pager(_identified)
        http.trust(self._api_url)
        http.trust(git_url(self._api_url))
        http.trust(gist_url(self._api_url), token_optional=True)

    @property
    def token_expires_at(self) -> str | None:
        """When the token expires (ISO 8601), by the newest response; None if not stated."""
        return self._api.token_expires_at

    def viewer(self) -> str | None:
        """The login of the token's user; None without a token, or for an installation's token.

        Raises FatalError if GitHub rejects the token.
        """
        if self._installations or not self._http.has_token:
            return None
        try:
            page = self._api.get(f"{self._api_url}/user")
            login = str(page.document["login"])
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew GITHUB_TOKEN") from error
        except TransientError as error:
            raise ListingError(f"the token's user could not be looked up: {error}") from error
        except (RepositoryError, KeyError, TypeError):
            return None
        self._own_count = count(page.document)
        self._learn_scopes(page.headers.get("X-OAuth-Scopes"))
        return login

    def repositories(self, owner: str | None, viewer: str | None) -> list[RemoteRepository]:
        """All repositories of ``owner``; if that is None, all that the token can see.

        Looks up the kind of account first. Raises FatalError if there is no such account, and
        ListingError if the listing fails or is evidently incomplete.
        """
        if owner is None:
            listed = self._listed(f"/user/repos?{_query(affiliation=_EVERYTHING)}")
            if listed.problems:
                raise ListingError("; ".join(listed.problems), listed.found)
            self._see_all(listed.found, viewer)
            return listed.found
        login, organization, counted = self._account(owner)
        own = viewer is not None and viewer.lower() == login.lower()
        if organization:
            self._organizations.add(owner.lower())
            first = self._listed(f"/orgs/{login}/repos?{_query(type='all')}", login)
        elif own:
            first = self._listed(f"/user/repos?{_query(affiliation='owner')}", login, sso=False)
        else:
            first = self._listed(f"/users/{login}/repos?{_query(type='owner')}", login, sso=False)
        more = []
        if viewer and not organization and not own:
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
        self._see(login, len(found), organization=organization, own=own)
        return found

    def gists(self, owner: str | None, viewer: str | None) -> GistListing:
        """The gists of ``owner``, or of the token's user."""
        login = owner or viewer
        if login is None or login.lower() in self._organizations:
            return GistListing()
        if self._installations:
            return GistListing(withheld=NO_APP)
        reader = GistReader(self._api_url, lambda url: self._api.page(url, login, []))
        is_own = viewer is not None and viewer.lower() == login.lower()
        return reader.own(login, self._scopes) if is_own else reader.public(login)

    def starred(self, owner: str | None, viewer: str | None) -> list[RemoteRepository]:
        """The repositories that ``owner``, or the token's user, has starred."""
        login = owner or viewer
        if login is None or login.lower() in self._organizations:
            return []
        listed = self._listed(f"/users/{login}/starred?{_query()}", login, sso=False)
        found = [replace(each, starred=True) for each in listed.found]
        if listed.problems:
            raise ListingError(f"stars of {login}: {'; '.join(listed.problems)}", found)
        return found

    def repository(self, number: int, account: str) -> RemoteRepository | None:
        """The repository with this id, whatever its present name and owner; None if GitHub answers
        404, which it also does for one that the token may not see.

        GitHub redirects former names to this address. Raises RepositoryError for any other
        response: a refusal does not show whether the repository exists.
        """
        try:
            answer = self._api.get(f"{self._api_url}/repositories/{number}", account)
        except AbsentError:
            return None
        remote = repository_of(answer.document)
        if remote.id != number:
            raise RepositoryError(f"GitHub answered with another repository, id {remote.id}")
        return remote

    def replaced_since(self, remote: RemoteRepository, since: str) -> tuple[Replaced, ...]:
        """The commits that branches pointed to before they were force-pushed or deleted."""
        return replaced_since(self._http, self._api_url, remote, since)

    def with_actors(self, remote: RemoteRepository, found: Rewrites) -> Rewrites:
        """The rewrites with who made them and when, as far as GitHub reports it."""
        return with_actors(self._http, self._api_url, remote, found)

    def _see(self, login: str, visible: int, *, organization: bool = False, own: bool) -> None:
        """Record how much of an owner is visible. Some organizations need a request for that."""
        granted, total = self._granted(login, own=own), self._own_count if own else None
        if organization and granted in ("selected", "unknown"):
            with contextlib.suppress(RepositoryError):
                total = count(self._api.get(f"{self._api_url}/orgs/{login}", login).document)
        self.visibility.append(measure(login, granted, visible, total))

    def _see_all(self, found: list[RemoteRepository], viewer: str | None) -> None:
        """Record how much is visible of every owner in a listing of all that the token sees."""
        visible = Counter(remote.owner for remote in found)
        for login in sorted({*visible, *([viewer] if viewer else ())}):
            self._see(login, visible[login], own=login == viewer)

    def _granted(self, login: str, *, own: bool) -> Scope:
        """What the token can see of an owner, as far as that is known without GitHub's count."""
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
        """An account's login in GitHub's spelling, whether it is an organization, and its number of
        public repositories."""
        try:
            account = self._api.get(f"{self._api_url}/users/{owner}", owner).document
            login = str(account["login"])
            organization = account.get("type") == "Organization"
            counted = int(account.get("public_repos") or 0)
        except AbsentError as error:
            if self._installations:
                raise ListingError(str(error)) from error
            raise FatalError(f"GitHub knows no user or organization named {owner!r}") from error
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew or remove GITHUB_TOKEN") from error
        except RepositoryError as error:
            raise ListingError(f"{owner} could not be looked up: {error}") from error
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ListingError(f"{owner}: GitHub's response is not an account") from error
        if not NAME.fullmatch(login):
            raise ListingError(f"{owner}: GitHub gave it the unsafe name {one_line(login)!r}")
        return login, organization, counted

    def _learn_scopes(self, header: str | None) -> None:
        """Record a classic token's scopes; no other token has any. An empty header: no scope."""
        if header is None:
            return
        self._scopes = frozenset(scope.strip() for scope in header.split(","))
        if _PRIVATE_SCOPE not in self._scopes:
            self.notices.append(
                "the GitHub token lacks the scope repo: private repositories are not seen"
            )

    def _listed(
        self, path: str, account: str = "", *, sso: bool = True
    ) -> Listed[RemoteRepository]:
        """List all pages at this path. ``sso``: report what single sign-on hides in it."""
        hidden: list[str] = []
        listed = self._pager.whole(
            f"{self._api_url}{path}", lambda url: self._api.page(url, account, hidden)
        )
        if not sso or not hidden:
            return listed
        problem = (
            f"GitHub left out organizations that require single sign-on ({one_line(hidden[0])}): "
            "authorize the token for them"
        )
        return replace(listed, problems=(*listed.problems, problem))


def _of(login: str, remotes: Iterable[RemoteRepository]) -> list[RemoteRepository]:
    return [remote for remote in remotes if remote.owner.lower() == login.lower()]


def _query(**parameters: str) -> str:
    return urlencode({**parameters, **_BY_CREATION, "per_page": PER_PAGE})


def _identified(item: Any) -> tuple[int, RemoteRepository]:
    remote = repository_of(item)
    return remote.id, remote
