"""One request for JSON: within the allowance, retried, its answer bounded."""

import contextlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from repo_backup.hosts.github.api.allowance import Allowance, Resource
from repo_backup.net.http import Answer, Http
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.runtime.retry import Patience

_ANSWER_BYTES = 32 << 20
_JSON = {"Accept": "application/vnd.github+json"}


class TooHeavyError(RepositoryError):
    """The question asks for too much at once; a smaller one may be answered."""


@dataclass(frozen=True)
class Answered:
    """A JSON document and the headers that came with it."""

    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Asking:
    """How GitHub is asked for data. ``purpose`` is under which the allowance counts requests."""

    http: Http
    patience: Patience
    allowance: Allowance
    purpose: str = "changes"

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
    ) -> Answered:
        """The answer to a GET, or to a POST of ``body``.

        ``judge`` may raise for an answer that is none; a TransientError of its is retried, too.
        ``heavy`` are the statuses that raise TooHeavyError at once. Raises AllowanceSpentError
        instead of waiting past the end of the run, InterruptedRunError, and what ``Http.open``
        raises.
        """

        def attempt() -> Answered:
            self.patience.stop.sleep(0)
            try:
                with self.allowance.request(resource, self.purpose):
                    answered = self._once(resource, url, account, body)
                judge(answered)
            except TransientError as error:
                if error.refusal and error.refusal.status in heavy:
                    raise TooHeavyError(str(error)) from error
                if error.retry_after_seconds:
                    self.allowance.check(resource, error.retry_after_seconds)
                raise
            return answered

        return self.patience.call(attempt)

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

    def _once(self, resource: Resource, url: str, account: str, body: bytes | None) -> Answered:
        method = "GET" if body is None else "POST"
        with self.http.open(method, url, "Bearer", _JSON, body, account=account) as answer:
            self.allowance.learn(resource, answer.headers)
            content = answer.whole(_ANSWER_BYTES)
            try:
                return Answered(json.loads(content), answer.headers)
            except (ValueError, RecursionError) as error:
                raise TransientError("GitHub answered something that is no JSON") from error
