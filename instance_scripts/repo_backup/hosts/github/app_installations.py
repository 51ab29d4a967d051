"""A GitHub App's installations: one token for each owner, renewed before it expires.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_contract.app_jwt import PrivateKey, app_token
from backup_contract.text import one_line
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
)

RENEWED_BEFORE = timedelta(minutes=5)
"""How long before it expires a token is no longer used. GitHub's tokens last an hour."""
_NEEDED = ("contents", "metadata")
_ANSWER_BYTES = 1 << 20
_SELECTIONS: dict[str, Scope] = {"all": "all", "selected": "selected"}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AppSignature:
    """Authenticates as the App itself: each request gets its own signed token of some minutes."""

    app: str
    key: PrivateKey = field(repr=False)
    now: Callable[[], datetime] = _now
    present: bool = True

    def token(self, account: str) -> str:
        """A JSON web token, signed now."""
        return app_token(self.app, self.key, self.now())

    def renew(self, account: str, rejected: str) -> bool:
        """False: if a token that was just signed is rejected, a new one would be too."""
        return False


@dataclass
class _Installation:
    """An installation of the App, and its token once it has one."""

    id: int
    scope: Scope
    permissions: frozenset[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str | None = field(default=None, repr=False)
    expires_at: datetime = _LONG_AGO


class Installations:
    """The installation tokens of the App that ``http`` authenticates as, by repository owner.

    Only the accounts in ``owners`` have tokens. A repository that has moved to another account is
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
        """The token for this owner's repositories, valid for at least some minutes.

        Raises FatalError if GitHub does not know the App, and RepositoryError if the App is not
        installed there.
        """
        installation = self._installation(account)
        with installation.lock:
            if installation.token and self._now() < installation.expires_at - RENEWED_BEFORE:
                return installation.token
            return self._make(installation)

    def renew(self, account: str, rejected: str) -> bool:
        """Create a new token after GitHub rejected one before it expired."""
        installation = self._installation(account)
        with installation.lock:
            if installation.token == rejected:
                self._make(installation)
        return True

    def scope(self, owner: str) -> Scope:
        """Which of this owner's repositories the App may access."""
        return self._installation(owner).scope

    def notices(self, owner: str) -> list[str]:
        """The permissions and repositories that the installation at this owner lacks."""
        installation = self._installation(owner)
        missing = [name for name in _NEEDED if name not in installation.permissions]
        warnings = [
            f"the GitHub App lacks the permission {name.capitalize()} (read-only) at {owner}"
            for name in missing
        ]
        if installation.scope == "selected":
            warnings.append(
                f"the GitHub App is installed on selected repositories of {owner} only: "
                "other private ones are not seen"
            )
        return warnings

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
            raise RepositoryError("GitHub's response is not an installation") from error

    def _make(self, installation: _Installation) -> str:
        answer = self._ask("POST", f"/app/installations/{installation.id}/access_tokens")
        try:
            token = str(answer["token"])
            installation.expires_at = datetime.fromisoformat(answer["expires_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise RepositoryError("GitHub's response is not a token") from error
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
            raise TransientError("GitHub's response is not JSON") from error
        if not isinstance(document, dict):
            raise RepositoryError(f"GitHub sent an unexpected response for {one_line(path)}")
        return document
