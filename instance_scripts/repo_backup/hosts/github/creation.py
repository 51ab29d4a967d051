"""Creates repositories at GitHub, within its rate limits.

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

from backup_contract.text import one_line
from repo_backup.hosts.github.addresses import git_url
from repo_backup.hosts.github.remote import NAME
from repo_backup.hosts.new_repositories import NewRepository
from repo_backup.net.http import Http
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    AbsentError,
    FatalError,
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)
from repo_backup.runtime.retry import RetryPolicy

A_MINUTE, AN_HOUR = 80, 500
"""How much content GitHub lets one token create:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""
_WINDOWS = ((60.0, A_MINUTE), (3600.0, AN_HOUR))
_ANSWER_BYTES = 1 << 20


def seconds_to_wait(created_at: Sequence[float], now: float) -> float:
    """Seconds until the next creation is allowed; ``created_at`` are the earlier times. Pure."""
    waits = [0.0]
    for seconds, most in _WINDOWS:
        if len(created_at) >= most:
            waits.append(created_at[-most] + seconds - now)
    return max(waits)


class CreationGate:
    """Delays requests that create content to a rate within GitHub's limits, for all threads."""

    def __init__(
        self, stop: CancellationToken, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._created_at: deque[float] = deque(maxlen=AN_HOUR)
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until the next creation is allowed. Raises InterruptedRunError on cancellation."""
        with self._lock:
            while (left := seconds_to_wait(self._created_at, self._clock())) > 0:
                self._stop.sleep(left)
            self._created_at.append(self._clock())


class GitHubOwner:
    """A user or an organization at GitHub that gets new repositories."""

    def __init__(
        self, http: Http, api_url: str, retry_policy: RetryPolicy, gate: CreationGate, login: str
    ) -> None:
        self.login = login
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._retry_policy = retry_policy
        self._gate = gate
        self._create_at = f"/orgs/{login}/repos"
        http.trust(self._api_url)

    def look_up(self) -> None:
        """Find out the kind of account. Raises FatalError if nothing can be created there."""
        try:
            account = self._ask("GET", f"/users/{self.login}")
            self.login = str(account["login"])
            if not NAME.fullmatch(self.login):
                raise FatalError(f"GitHub gave {one_line(self.login)!r} for a name, which is none")
            if account.get("type") == "Organization":
                self._create_at = f"/orgs/{self.login}/repos"
                return
            user = str(self._ask("GET", "/user").get("login"))
        except AbsentError as error:
            raise FatalError(
                f"GitHub knows no user or organization named {self.login!r}; create it first"
            ) from error
        except UnauthorizedError as error:
            raise FatalError(f"{error}: renew GITHUB_TOKEN") from error
        except RepositoryError as error:
            raise FatalError(f"{self.login} could not be looked up: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise FatalError(f"{self.login}: GitHub's response is not an account") from error
        if user.lower() != self.login.lower():
            raise FatalError(
                f"{self.login} is another user's account, and the token is {one_line(user)}'s: "
                "name that account or an organization"
            )
        self._create_at = "/user/repos"

    def url(self, name: str) -> str:
        """The repository's clone URL over HTTPS."""
        return f"{git_url(self._api_url)}/{self.login}/{name}.git"

    def exists(self, name: str) -> bool:
        """Whether the token sees a repository of this name."""
        try:
            found = self._ask("GET", self._path(name))
        except AbsentError:
            return False
        # GitHub redirects a former name to the renamed repository: the name itself is free.
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
            # The first response was lost: this request finds what the first one created.
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
        """The JSON response, with retries. A request that creates content waits at the gate."""
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
                    raise TransientError("GitHub's response is not JSON") from error

        return self._retry_policy.call(ask)
