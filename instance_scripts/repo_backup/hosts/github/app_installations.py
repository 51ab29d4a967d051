"""A GitHub App's installations: one token for each owner, made anew before it ends.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_contract.app_jwt import PrivateKey, app_token
from backup_contract.visibility import Scope
from repo_backup.net.http import Http
from repo_backup.runtime.errors import (
    AbsentError,
    FatalError,
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
    said,
)

RENEWED_BEFORE = timedelta(minutes=5)
"""How long before its end a token is no longer used: GitHub gives each an hour."""
_NEEDED = ("contents", "metadata")
_ANSWER_BYTES = 1 << 20
_SELECTIONS: dict[str, Scope] = {"all": "all", "selected": "selected"}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AppSignature:
    """The App itself: each request gets a signature of its own, valid for minutes."""

    app: str
    key: PrivateKey = field(repr=False)
    now: Callable[[], datetime] = _now
    present: bool = True

    def token(self, account: str) -> str:
        """A JSON web token of this moment."""
        return app_token(self.app, self.key, self.now())

    def renew(self, account: str, rejected: str) -> bool:
        """Never: one that was signed just now is rejected for good."""
        return False


@dataclass
class _Installation:
    """Where the App is installed, and its token there, once it has one."""

    id: int
    scope: Scope
    permissions: frozenset[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str | None = field(default=None, repr=False)
    expires_at: datetime = _LONG_AGO


class Installations:
    """The tokens of the App that ``http`` signs for, by owner of the repositories.

    ``owners`` are the only accounts that are asked for; whatever has moved to another one is
    fetched with the first owner's token.
    """

    present = True

    def __init__(
        self, http: Http, api_url: str, owners: Iterable[str], now: Callable[[], datetime] = _now
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._owners = [owner.lower() for owner in owners]
        self._now = now
        self._lock = threading.Lock()
        self._found: dict[str, _Installation] = {}
        http.trust(api_url)

    def token(self, account: str) -> str:
        """The token for this owner's repositories, good for some minutes at least.

        Raises FatalError when GitHub does not know the App, and RepositoryError when the App is
        not installed there.
        """
        installation = self._installation(account)
        with installation.lock:
            if installation.token and self._now() < installation.expires_at - RENEWED_BEFORE:
                return installation.token
            return self._make(installation)

    def renew(self, account: str, rejected: str) -> bool:
        """Make another token in place of one that GitHub rejected before its time."""
        installation = self._installation(account)
        with installation.lock:
            if installation.token == rejected:
                self._make(installation)
        return True

    def scope(self, owner: str) -> Scope:
        """Which repositories of this owner the App was given."""
        return self._installation(owner).scope

    def notices(self, owner: str) -> list[str]:
        """What the installation at this owner may not do, or does not see."""
        installation = self._installation(owner)
        missing = [name for name in _NEEDED if name not in installation.permissions]
        told = [
            f"the GitHub App lacks the permission {name.capitalize()} (read-only) at {owner}"
            for name in missing
        ]
        if installation.scope == "selected":
            told.append(
                f"the GitHub App is installed on selected repositories of {owner} only: "
                "other private ones are not seen"
            )
        return told

    def _installation(self, account: str) -> _Installation:
        owner = account.lower() if account.lower() in self._owners else self._owners[0]
        with self._lock:
            if owner not in self._found:
                self._found[owner] = self._find(owner)
            return self._found[owner]

    def _find(self, owner: str) -> _Installation:
        try:
            try:
                found = self._ask("GET", f"/users/{owner}/installation")
            except AbsentError:
                found = self._ask("GET", f"/orgs/{owner}/installation")
        except AbsentError as error:
            raise NotFoundError(
                f"the GitHub App is not installed at {owner}, or there is no such account"
            ) from error
        if found.get("suspended_at"):
            raise ForbiddenError(f"the GitHub App's installation at {owner} is suspended")
        try:
            return _Installation(
                int(found["id"]),
                _SELECTIONS.get(str(found.get("repository_selection")), "unknown"),
                frozenset(found["permissions"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RepositoryError("GitHub answered something that is no installation") from error

    def _make(self, installation: _Installation) -> str:
        answer = self._ask("POST", f"/app/installations/{installation.id}/access_tokens")
        try:
            token = str(answer["token"])
            installation.expires_at = datetime.fromisoformat(answer["expires_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise RepositoryError("GitHub answered something that is no token") from error
        installation.token = token
        return token

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        headers = {"Accept": "application/vnd.github+json"}
        url = self._api_url + path
        try:
            with self._http.open(method, url, "Bearer", headers) as answer:
                document = json.loads(answer.whole(_ANSWER_BYTES))
        except UnauthorizedError as error:
            raise FatalError(
                f"{error}: that is the App's signature. GITHUB_APP_ID and the private key must be "
                "of the same App, and the clock right"
            ) from error
        except (ValueError, RecursionError) as error:
            raise TransientError("GitHub answered something that is no JSON") from error
        if not isinstance(document, dict):
            raise RepositoryError(f"GitHub answered something else for {said(path)}")
        return document
