"""GitHub's GraphQL API: single queries, batches of nodes, and paged connections.

The status is 200 even if something failed: ``errors`` lists what, and ``data`` may be partial.
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backup_contract.github_refusal import Refusal
from backup_contract.text import one_line
from repo_backup.hosts.github.api.api_client import ApiClient, ApiResponse, TooHeavyError
from repo_backup.hosts.github.api.refusals import unknown_to_schema
from repo_backup.net.github_errors import pause_seconds
from repo_backup.runtime.errors import (
    AllowanceSpentError,
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)

_DEFAULT_PAUSE_SECONDS = 60.0
"""The wait after a rate limit error that does not say how long to wait."""
_FORBIDDEN = ("FORBIDDEN", "INSUFFICIENT_SCOPES")
_TOO_HEAVY = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "EXCESSIVE_PAGINATION")
_HEAVY_STATUS = (502, 504)
"""GitHub ends a query that takes more than ten seconds with one of these."""
_MOST_IDS = 100
"""The most ids that GitHub accepts in one field ``nodes``."""
_REFUSED_STATUS = (400, 403, 404, 405, 406, 410, 501)


class NoGraphQLError(RepositoryError):
    """GraphQL cannot be used with this token, or on this server."""


@dataclass(frozen=True)
class Problem:
    """One of the ``errors`` of a response; ``path`` is the part of ``data`` that it made null."""

    type: str
    message: str
    path: tuple[str | int, ...] = ()

    @property
    def error(self) -> RepositoryError:
        """The error to raise if the response is useless without this part."""
        if self.type in _FORBIDDEN or "not accessible" in self.message.lower():
            error: RepositoryError = ForbiddenError(f"GitHub refuses: {self.message}")
            error.refusal = Refusal(403, self.message)
        elif self.type == "NOT_FOUND":
            error = NotFoundError(f"GitHub found nothing: {self.message}")
            error.refusal = Refusal(404, self.message)
        elif self.type in _TOO_HEAVY or "timed out" in self.message.lower():
            error = TooHeavyError(f"GitHub's GraphQL gave up: {self.message}")
        else:
            error = RepositoryError(f"GitHub's GraphQL answered: {self.message or self.type}")
        return error


@dataclass(frozen=True)
class Result:
    """The ``data`` of a response, and the problems with parts of it."""

    data: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    def part(self, name: str) -> Any:
        """A top-level field of ``data``. If it is null, raises its error, or NotFoundError."""
        found = self.data.get(name)
        if found is None:
            for problem in self.problems:
                if not problem.path or problem.path[0] == name:
                    raise problem.error
            raise NotFoundError(f"GitHub's GraphQL response has no {name}")
        return found

    def whole(self) -> "Result":
        """Return this result. Raises the error of the first problem other than a missing node."""
        for problem in self.problems:
            if problem.type != "NOT_FOUND":
                raise problem.error
        return self


@dataclass(frozen=True)
class Node:
    """The object with one id; None if it is gone or not visible. ``problem`` is GitHub's reason."""

    id: str
    document: Mapping[str, Any] | None
    problem: Problem | None = None


@dataclass(frozen=True)
class Part:
    """One page of a connection: its nodes, the ``totalCount`` of all, the cursor of the next page.

    ``unreadable`` counts the nodes that are null although no error says that they are gone.
    """

    nodes: list[dict[str, Any]]
    total: int | None
    after: str | None
    problems: tuple[Problem, ...] = ()
    unreadable: int = 0


@dataclass(frozen=True)
class GraphQL:
    """The GraphQL API at ``url``.

    ``refused`` maps accounts to the reason why GraphQL cannot be used; they get no more requests.
    ``sizes`` maps queries to the batch size to start with, after a larger batch was too heavy.
    """

    client: ApiClient
    url: str
    refused: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def for_purpose(self, purpose: str) -> "GraphQL":
        """The same API, with its requests counted under ``purpose``."""
        return GraphQL(self.client.for_purpose(purpose), self.url, self.refused, self.sizes)

    def ask(
        self, query: str, account: str, variables: Mapping[str, Any], *, patient: bool = True
    ) -> Result:
        """The result of a query. ``patient``: retry a query that GitHub timed out on; otherwise
        such a query raises TooHeavyError at once.

        Raises NoGraphQLError, TooHeavyError, and what ``ApiClient.json`` raises.
        """
        if account in self.refused:
            raise NoGraphQLError(self.refused[account])
        body = json.dumps({"query": query, "variables": variables}).encode()
        heavy = () if patient else _HEAVY_STATUS
        try:
            answered = self.client.json("graphql", self.url, account, body, _check, heavy)
        except (AllowanceSpentError, TooHeavyError, TransientError, UnauthorizedError):
            raise
        except RepositoryError as error:
            if error.refusal and error.refusal.status in _REFUSED_STATUS:
                raise self._refuse(account, str(error)) from error
            raise
        if unknown := unknown_to_schema(answered.document):
            # An older Enterprise Server. Everything that its schema has, REST has as well.
            raise self._refuse(account, f"this server's GraphQL lacks a field: {unknown}")
        return _result(answered.document)

    def _refuse(self, account: str, why: str) -> NoGraphQLError:
        """Send no further query for this account; returns the error to raise."""
        self.refused[account] = one_line(why)
        return NoGraphQLError(self.refused[account])

    def nodes(
        self,
        query: str,
        account: str,
        ids: Sequence[str],
        size: int,
        fields: Mapping[str, str] | None = None,
    ) -> Iterator[Node]:
        """The objects with these node ids, in their order, in batches of ``size``.

        ``query`` takes ``$ids`` and requests ``nodes(ids: $ids)``. It may have several such fields
        under aliases; then each alias is also the name of its variable, and ``fields`` maps each id
        to its alias. A batch that is too heavy is halved. Raises as ``ask`` does.
        """
        start, whole = 0, size
        size = min(size, self.sizes.get(query, size))
        while start < len(ids):
            lists = _lists(ids[start : start + size], fields)
            variables = {"ids" if name == "nodes" else name: asked for name, asked in lists.items()}
            try:
                result = self.ask(query, account, variables, patient=size <= 1)
                answers = [node for name in lists for node in _nodes(name, lists[name], result)]
            except TooHeavyError:
                if size <= 1:
                    raise
                size = max(1, min(size, sum(map(len, lists.values()))) // 2)
                # The cause may be one heavy node, which says little about the others.
                self.sizes[query] = max(size, whole // 4)
                continue
            yield from answers
            start += len(answers)

    def connection(
        self,
        query: str,
        account: str,
        variables: Mapping[str, Any],
        found: Callable[[Result], Any],
        first: int,
    ) -> Iterator[Part]:
        """The pages of a connection, of ``first`` nodes each. ``query`` takes ``$first`` and
        ``$after``; ``found`` returns the connection in a result.

        The size of a page that is too heavy is halved. Raises as ``ask`` does.
        """
        after = variables.get("after")
        while True:
            asked = {**variables, "first": first, "after": after}
            try:
                result = self.ask(query, account, asked, patient=first <= 1)
                connection = found(result)
                for problem in result.problems:
                    if problem.type in _TOO_HEAVY:
                        raise problem.error
            except TooHeavyError:
                if first <= 1:
                    raise
                first //= 2
                continue
            info = connection.get("pageInfo") or {}
            after = info.get("endCursor") if info.get("hasNextPage") else None
            listed = connection.get("nodes") or ()
            nodes = [node for node in listed if isinstance(node, dict)]
            gone = sum(problem.type == "NOT_FOUND" for problem in result.problems)
            lost = max(0, len(listed) - len(nodes) - gone)
            yield Part(nodes, connection.get("totalCount"), after, result.problems, lost)
            if after is None:
                return


def graphql_url(api_url: str) -> str:
    """The URL of GraphQL for a REST URL: ``/graphql``; ``/api/graphql`` on Enterprise Server."""
    return f"{api_url.removesuffix('/v3')}/graphql"


def _result(document: Any) -> Result:
    data = document.get("data") if isinstance(document, dict) else None
    problems = _problems(document)
    if not isinstance(data, dict):
        if problems:
            raise problems[0].error
        raise RepositoryError("GitHub's GraphQL response has no data")
    return Result(data, problems)


def _problems(document: Any) -> tuple[Problem, ...]:
    errors = document.get("errors") if isinstance(document, dict) else None
    return tuple(map(_problem, errors)) if isinstance(errors, list) else ()


def _problem(error: Any) -> Problem:
    if not isinstance(error, dict):
        return Problem("", one_line(str(error)))
    extensions = error.get("extensions")
    coded = extensions.get("code") if isinstance(extensions, dict) else None
    path = error.get("path")
    return Problem(
        str(error.get("type") or coded or ""),
        one_line(str(error.get("message") or "")),
        tuple(path) if isinstance(path, list) else (),
    )


def _lists(batch: Sequence[str], fields: Mapping[str, str] | None) -> dict[str, list[str]]:
    """The ids of a batch by their field in the query; ends where a field has the most ids."""
    lists: dict[str, list[str]] = {name: [] for name in (fields or {}).values()} or {"nodes": []}
    for each in batch:
        asked = lists[fields[each] if fields else "nodes"]
        if len(asked) == _MOST_IDS:
            break
        asked.append(each)
    return lists


def _nodes(field: str, batch: Sequence[str], result: Result) -> Iterator[Node]:
    """The nodes in one field. Problems with other fields are ignored here."""
    listed = result.data.get(field)
    if not isinstance(listed, list) or len(listed) != len(batch):
        result.whole()
        raise RepositoryError("GitHub's GraphQL response does not match the list of ids")
    by_place: dict[int, Problem] = {}
    for problem in result.problems:
        if problem.type in _TOO_HEAVY:
            raise problem.error
        place = problem.path[1] if len(problem.path) > 1 else None
        if isinstance(place, int):
            if problem.path[0] == field:
                by_place.setdefault(place, problem)
        elif problem.type != "NOT_FOUND":
            raise problem.error
    for place, (node_id, document) in enumerate(zip(batch, listed, strict=True)):
        node = document if isinstance(document, dict) and document else None
        yield Node(node_id, node, by_place.get(place))


def _check(answered: ApiResponse) -> None:
    """Raise TransientError for a rate limit (its status may be 200), and TooHeavyError."""
    document = answered.document
    for problem in _problems(document):
        if problem.type == "RATE_LIMITED" or "rate limit" in problem.message.lower():
            pause = pause_seconds(403, answered.headers, b"", 0.0) or _DEFAULT_PAUSE_SECONDS
            raise TransientError(f"GitHub asked to wait {pause:.0f} s: {problem.message}", pause)
        has_data = isinstance(document, dict) and isinstance(document.get("data"), dict)
        if problem.error.__class__ is TooHeavyError and not has_data:
            raise problem.error
