"""One request for JSON: within the allowance, retried, its answer bounded."""

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
    """The question asks for too much at once; a smaller one may be answered."""


@dataclass(frozen=True)
class Answered:
    """A JSON document and the headers that came with it."""

    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Asking:
    """How GitHub is asked for data. ``purpose`` is under which the allowance counts requests.

    ``is_resumed``: a run that is told to stop ends the reading as a spent allowance does, so that
    what was read is saved and the next attempt goes on there.
    """

    http: Http
    retry_policy: RetryPolicy
    allowance: Allowance
    purpose: str = "changes"
    is_resumed: bool = False

    def aside(self, purpose: str) -> "Asking":
        """The same, its requests counted apart."""
        return replace(self, purpose=purpose)

    def json(
        self,
        resource: Resource,
        url: str,
        account: str,
        body: bytes | None = None,
        judge: Callable[[Answered], None] = lambda answered: None,
        heavy: Collection[int] = (),
        accept: str = "",
    ) -> Answered:
        """The answer to a GET, or to a POST of ``body``.

        ``judge`` may raise for an answer that is none; a TransientError of its is retried, too.
        ``accept`` is the media type that is asked for, empty for the usual one. ``heavy`` are the
        statuses that raise TooHeavyError at once. Raises AllowanceSpentError
        instead of waiting past the end of the run, InterruptedRunError, and what ``Http.open``
        raises.
        """

        def once() -> Answered:
            return self._once(resource, url, account, body, accept)

        return self._patiently(resource, once, judge, heavy)

    def text(self, resource: Resource, url: str, account: str, body: bytes) -> str:
        """The text, mostly HTML, with which a POST of ``body`` is answered. Raises as ``json``."""

        def once() -> str:
            with self.http.open("POST", url, "Bearer", _HTML, body, account=account) as answer:
                self.allowance.learn(resource, answer.headers)
                return answer.whole(_ANSWER_BYTES).decode(errors="replace")

        return self._patiently(resource, once)

    def _patiently(
        self,
        resource: Resource,
        once: Callable[[], T],
        judge: Callable[[T], None] = lambda answered: None,
        heavy: Collection[int] = (),
    ) -> T:
        def attempt() -> T:
            self.retry_policy.stop.sleep(0)
            try:
                with self.allowance.request(resource, self.purpose):
                    answered = once()
                judge(answered)
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
            raise AllowanceSpentError(f"the run was told to stop: {error}") from error

    @contextlib.contextmanager
    def stream(
        self, resource: Resource, url: str, account: str, headers: Mapping[str, str]
    ) -> Iterator[Answer]:
        """The answer to a GET of bytes, wherever they are; only the question is counted.

        Nothing is retried. Raises AllowanceSpentError, InterruptedRunError, and what ``Http.open``
        raises.
        """
        sent = {**headers, "Accept": "application/octet-stream"}
        asked = self.http.open("GET", url, "Bearer", sent, account=account, to_storage=True)
        with contextlib.ExitStack() as stack:
            with self.allowance.request(resource, self.purpose):
                answer = stack.enter_context(asked)
            yield answer

    def _once(
        self, resource: Resource, url: str, account: str, body: bytes | None, accept: str
    ) -> Answered:
        method = "GET" if body is None else "POST"
        headers = {**_JSON, "Accept": accept} if accept else _JSON
        with self.http.open(method, url, "Bearer", headers, body, account=account) as answer:
            self.allowance.learn(resource, answer.headers)
            content = answer.whole(_ANSWER_BYTES)
            try:
                return Answered(json.loads(content), answer.headers)
            except (ValueError, RecursionError) as error:
                raise TransientError("GitHub's answer is not JSON") from error
