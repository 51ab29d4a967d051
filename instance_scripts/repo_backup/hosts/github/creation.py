"""Creating repositories at GitHub, as fast as its limits allow and no faster.

https://docs.github.com/rest/repos/repos#create-an-organization-repository
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from repo_backup.hosts.github.client import git_url
from repo_backup.hosts.github.remote import NAME
from repo_backup.hosts.new_repositories import NewRepository
from repo_backup.net.http import Http
from repo_backup.runtime.cancellation import Stop
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
from repo_backup.runtime.retry import Patience

A_MINUTE, AN_HOUR = 80, 500
"""What GitHub lets one token create:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""
_WINDOWS = ((60.0, A_MINUTE), (3600.0, AN_HOUR))
_ANSWER_BYTES = 1 << 20


def seconds_to_wait(created_at: Sequence[float], now: float) -> float:
    """How long until one more may be created; ``created_at`` are the moments so far. Pure."""
    waits = [0.0]
    for seconds, most in _WINDOWS:
        if len(created_at) >= most:
            waits.append(created_at[-most] + seconds - now)
    return max(waits)


class CreationGate:
    """Lets what creates something pass at a rate within GitHub's limits, from all threads."""

    def __init__(self, stop: Stop, clock: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._clock = clock
        self._created_at: deque[float] = deque(maxlen=AN_HOUR)
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when one more may be created. Raises InterruptedRunError when told to stop."""
        with self._lock:
            while (left := seconds_to_wait(self._created_at, self._clock())) > 0:
                self._stop.sleep(left)
            self._created_at.append(self._clock())


class GitHubOwner:
    """A user or an organisation at GitHub that gets new repositories."""

    def __init__(
        self, http: Http, api_url: str, patience: Patience, gate: CreationGate, login: str
    ) -> None:
        self.login = login
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._patience = patience
        self._gate = gate
        self._create_at = f"/orgs/{login}/repos"
        http.trust(self._api_url)

    def look_up(self) -> None:
        """Find out what kind of account it is. Raises FatalError where nothing can be created."""
        try:
            account = self._ask("GET", f"/users/{self.login}")
            self.login = str(account["login"])
            if not NAME.fullmatch(self.login):
                raise FatalError(f"GitHub gave {said(self.login)!r} for a name, which is none")
            if account.get("type") == "Organization":
                self._create_at = f"/orgs/{self.login}/repos"
                return
            user = str(self._ask("GET", "/user").get("login"))
        except AbsentError as error:
            raise FatalError(
                f"GitHub knows no user or organisation named {self.login!r}; create it first"
            ) from error
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew GITHUB_TOKEN") from error
        except RepositoryError as error:
            raise FatalError(f"{self.login} could not be looked up: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise FatalError(f"{self.login}: GitHub answered something else") from error
        if user.lower() != self.login.lower():
            raise FatalError(
                f"{self.login} is another user's account, and the token is {said(user)}'s: name "
                "that account or an organisation"
            )
        self._create_at = "/user/repos"

    def url(self, name: str) -> str:
        """Its address for git over HTTPS."""
        return f"{git_url(self._api_url)}/{self.login}/{name}.git"

    def exists(self, name: str) -> bool:
        """Whether there is a repository of this name that the token sees."""
        try:
            found = self._ask("GET", self._path(name))
        except AbsentError:
            return False
        # A former name leads to what bears another now: the name itself is free.
        return str(found.get("full_name", "")).lower() == f"{self.login}/{name}".lower()

    def create(self, repository: NewRepository) -> None:
        """Create it, and give it its topics."""
        wanted = {
            "name": repository.name,
            "private": repository.visibility != "public",
            "description": repository.description,
            "homepage": repository.homepage,
            **dict(repository.switches),
        }
        if repository.visibility == "internal":
            wanted["visibility"] = "internal"
        try:
            self._ask("POST", self._create_at, wanted)
        except NotFoundError as error:
            raise ForbiddenError(
                f"{error}: the token may not create repositories in {self.login} (classic: scope "
                "repo; fine-grained: Administration: write)"
            ) from error
        except RepositoryError as error:
            taken = error.refusal and error.refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY
            # An answer that got lost: the second request meets what the first has created.
            if not (taken and self.exists(repository.name)):
                raise
        if repository.topics:
            path = f"{self._path(repository.name)}/topics"
            self._ask("PUT", path, {"names": [*repository.topics]})

    def set_default_branch(self, name: str, branch: str) -> None:
        """Make this branch the default."""
        self._ask("PATCH", self._path(name), {"default_branch": branch})

    def _path(self, name: str) -> str:
        return f"/repos/{self.login}/{quote(name)}"

    def _ask(self, method: str, path: str, wanted: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer, tried again with patience; what creates something passes the gate."""
        headers = {"Accept": "application/vnd.github+json"}
        body = None if wanted is None else json.dumps(wanted).encode()

        def ask() -> Any:
            if wanted is not None:
                self._gate.wait()
            url = f"{self._api_url}{path}"
            with self._http.open(method, url, "Bearer", headers, body) as answer:
                try:
                    return json.loads(answer.whole(_ANSWER_BYTES))
                except (ValueError, RecursionError) as error:
                    raise TransientError("GitHub answered something that is no JSON") from error

        return self._patience.call(ask)
