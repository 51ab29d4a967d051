"""Makes single requests to GitHub's API: within the allowance, with retries and a size limit."""

import contextlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from repo_backup.hosts.github.api.allowance import Allowance, Resource
from repo_backup.net.http import Answer, Http
from repo_backup.runtime.errors import (
    AllowanceSpentError,
    InterruptedRunError,
    RepositoryError,
    TransientError,
)
from repo_backup.runtime.retry import RetryPolicy

_ANSWER_BYTES = 32 << 20
_JSON = {"Accept": "application/vnd.github+json"}
_HTML = {"Accept": "text/html"}

T = TypeVar("T")


class TooHeavyError(RepositoryError):
    """The query asks for too much at once; GitHub may answer a smaller one."""


@dataclass(frozen=True)
class ApiResponse:
    """A JSON document, and the headers of its response."""

    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ApiClient:
    """Makes requests to GitHub's API. The allowance counts them under ``purpose``.

    ``is_resumed``: cancellation ends a reading in the same way as a spent allowance, with
    AllowanceSpentError, so that what was read is saved and the next attempt continues there.
    """

    http: Http
    retry_policy: RetryPolicy
    allowance: Allowance
    purpose: str = "changes"
    is_resumed: bool = False

    def for_purpose(self, purpose: str) -> "ApiClient":
        """The same client, with its requests counted under ``purpose``."""
        return replace(self, purpose=purpose)

    def json(
        self,
        resource: Resource,
        url: str,
        account: str,
        body: bytes | None = None,
        check: Callable[[ApiResponse], None] = lambda answered: None,
        heavy: Collection[int] = (),
        accept: str = "",
    ) -> ApiResponse:
        """The response to a GET, or to a POST of ``body`` if there is one.

        ``check`` may raise for a response that reports an error; a TransientError is retried.
        ``heavy`` are the statuses that raise TooHeavyError at once. ``accept`` is the media type;
        empty for the usual one. Raises AllowanceSpentError instead of waiting past the end of the
        run, InterruptedRunError on cancellation, and what ``Http.open`` raises.
        """

        def once() -> ApiResponse:
            return self._once(resource, url, account, body, accept)

        return self._with_retries(resource, once, check, heavy)

    def text(self, resource: Resource, url: str, account: str, body: bytes) -> str:
        """The text, usually HTML, that a POST of ``body`` returns. Raises as ``json`` does."""

        def once() -> str:
            with self.http.open("POST", url, "Bearer", _HTML, body, account=account) as answer:
                self.allowance.learn(resource, answer.headers)
                return answer.whole(_ANSWER_BYTES).decode(errors="replace")

        return self._with_retries(resource, once)

    def _with_retries(
        self,
        resource: Resource,
        once: Callable[[], T],
        check: Callable[[T], None] = lambda answered: None,
        heavy: Collection[int] = (),
    ) -> T:
        def attempt() -> T:
            self.retry_policy.stop.sleep(0)
            try:
                with self.allowance.request(resource, self.purpose):
                    answered = once()
                check(answered)
            except TransientError as error:
                if error.refusal and error.refusal.status in heavy:
                    raise TooHeavyError(str(error)) from error
                if error.retry_after_seconds:
                    self.allowance.check(resource, error.retry_after_seconds)
                raise
            return answered

        try:
            return self.retry_policy.call(attempt)
        except InterruptedRunError as error:
            if not self.is_resumed:
                raise
            raise AllowanceSpentError(f"the run was interrupted: {error}") from error

    @contextlib.contextmanager
    def stream(
        self, resource: Resource, url: str, account: str, headers: Mapping[str, str]
    ) -> Iterator[Answer]:
        """The response to a GET of bytes, after following redirects to GitHub's storage.

        The allowance counts the request, not the time to read the bytes. There are no retries.
        Raises AllowanceSpentError, InterruptedRunError, and what ``Http.open`` raises.
        """
        sent = {**headers, "Accept": "application/octet-stream"}
        asked = self.http.open("GET", url, "Bearer", sent, account=account, to_storage=True)
        with contextlib.ExitStack() as stack:
            with self.allowance.request(resource, self.purpose):
                answer = stack.enter_context(asked)
            yield answer

    def _once(
        self, resource: Resource, url: str, account: str, body: bytes | None, accept: str
    ) -> ApiResponse:
        method = "GET" if body is None else "POST"
        headers = {**_JSON, "Accept": accept} if accept else _JSON
        with self.http.open(method, url, "Bearer", headers, body, account=account) as answer:
            self.allowance.learn(resource, answer.headers)
            content = answer.whole(_ANSWER_BYTES)
            try:
                return ApiResponse(json.loads(content), answer.headers)
            except (ValueError, RecursionError) as error:
                raise TransientError("GitHub's response is not JSON") from error
