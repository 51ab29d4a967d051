"""GitHub's GraphQL API: one query, or the same for many nodes in batches.

It answers 200 whatever happened: ``errors`` says what, ``data`` may hold a part of the answer.
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backup_contract.github_refusal import Refusal
from repo_backup.hosts.github.api.asking import Answered, Asking, TooHeavyError
from repo_backup.net.github_errors import pause_seconds
from repo_backup.runtime.errors import (
    AllowanceSpentError,
    ForbiddenError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
    said,
)

_PASSING_SECONDS = 60.0
_FORBIDDEN = ("FORBIDDEN", "INSUFFICIENT_SCOPES")
_TOO_HEAVY = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "EXCESSIVE_PAGINATION")
_HEAVY_STATUS = (502, 504)
"""GitHub ends a query after ten seconds with one of these."""
_REFUSED_STATUS = (400, 403, 404, 405, 406, 410, 501)


class NoGraphQLError(RepositoryError):
    """GraphQL is not to be had with this token, or on this server."""


@dataclass(frozen=True)
class Problem:
    """One of the ``errors`` of an answer: which part of ``data`` is null because of it."""

    type: str
    message: str
    path: tuple[str | int, ...] = ()

    @property
    def error(self) -> RepositoryError:
        """The error that it is where the answer is of no use without this part."""
        if self.type in _FORBIDDEN or "not accessible" in self.message.lower():
            error: RepositoryError = ForbiddenError(f"GitHub refuses: {self.message}")
            error.refusal = Refusal(403, self.message)
        elif self.type == "NOT_FOUND":
            error = NotFoundError(f"GitHub has nothing there: {self.message}")
            error.refusal = Refusal(404, self.message)
        elif self.type in _TOO_HEAVY or "timed out" in self.message.lower():
            error = TooHeavyError(f"GitHub's GraphQL gave up: {self.message}")
        else:
            error = RepositoryError(f"GitHub's GraphQL answered: {self.message or self.type}")
        return error


@dataclass(frozen=True)
class Result:
    """``data`` of an answer, and what is wrong with parts of it."""

    data: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    def part(self, name: str) -> Any:
        """A field of ``data``. Raises the error that made it null; NotFoundError where none did."""
        found = self.data.get(name)
        if found is None:
            for problem in self.problems:
                if not problem.path or problem.path[0] == name:
                    raise problem.error
            raise NotFoundError(f"GitHub's GraphQL answered nothing for {name}")
        return found

    def whole(self) -> "Result":
        """Itself. Raises the error of the first problem that says more than that a node is gone."""
        for problem in self.problems:
            if problem.type != "NOT_FOUND":
                raise problem.error
        return self


@dataclass(frozen=True)
class Node:
    """The answer for one id: ``document`` None means that there is none, or none to be seen.

    ``problem`` is what GitHub says of it.
    """

    id: str
    document: Mapping[str, Any] | None
    problem: Problem | None = None


@dataclass(frozen=True)
class Part:
    """One page of a connection: its nodes, how many there are of them, where the next begins."""

    nodes: list[dict[str, Any]]
    total: int | None
    after: str | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class GraphQL:
    """The GraphQL API. ``refused`` keeps, by account, why it is not to be had: asked once."""

    asking: Asking
    url: str
    refused: dict[str, str] = field(default_factory=dict)

    def aside(self, purpose: str) -> "GraphQL":
        """The same, its requests counted apart."""
        return GraphQL(self.asking.aside(purpose), self.url, self.refused)

    def ask(
        self, query: str, account: str, variables: Mapping[str, Any], *, patient: bool = True
    ) -> Result:
        """The answer to a query. ``patient``: one that GitHub gives up on is asked again.

        Raises NoGraphQLError, TooHeavyError, and what ``Asking.json`` raises.
        """
        if account in self.refused:
            raise NoGraphQLError(self.refused[account])
        body = json.dumps({"query": query, "variables": variables}).encode()
        heavy = () if patient else _HEAVY_STATUS
        try:
            answered = self.asking.json("graphql", self.url, account, body, _judge, heavy)
        except (AllowanceSpentError, TooHeavyError, TransientError, UnauthorizedError):
            raise
        except RepositoryError as error:
            if error.refusal and error.refusal.status in _REFUSED_STATUS:
                self.refused[account] = said(str(error))
                raise NoGraphQLError(str(error)) from error
            raise
        return _result(answered.document)

    def nodes(self, query: str, account: str, ids: Sequence[str], size: int) -> Iterator[Node]:
        """The answers for node ids: ``query`` takes ``$ids`` and asks for ``nodes(ids: $ids)``.

        ``size`` at once, half of that where it is too much. Raises as ``ask`` does.
        """
        start = 0
        while start < len(ids):
            batch = ids[start : start + size]
            try:
                result = self.ask(query, account, {"ids": list(batch)}, patient=size <= 1)
                answers = list(_nodes(batch, result))
            except TooHeavyError:
                if size <= 1:
                    raise
                size = max(1, min(size, len(batch)) // 2)
                continue
            yield from answers
            start += len(batch)

    def connection(
        self,
        query: str,
        account: str,
        variables: Mapping[str, Any],
        found: Callable[[Result], Any],
        first: int,
    ) -> Iterator[Part]:
        """The pages of a connection: ``query`` takes ``$first`` and ``$after``.

        ``found`` gets the connection out of an answer. ``first`` nodes a page, half of that where
        it is too much. Raises as ``ask`` does.
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
            nodes = [node for node in connection.get("nodes") or () if isinstance(node, dict)]
            yield Part(nodes, connection.get("totalCount"), after, result.problems)
            if after is None:
                return


def graphql_url(api_url: str) -> str:
    """Where GraphQL is beside the REST API: ``/graphql``, on Enterprise Server ``/api/graphql``."""
    return f"{api_url.removesuffix('/v3')}/graphql"


def _result(document: Any) -> Result:
    data = document.get("data") if isinstance(document, dict) else None
    errors = document.get("errors") if isinstance(document, dict) else None
    problems = tuple(_problem(each) for each in errors) if isinstance(errors, list) else ()
    if not isinstance(data, dict):
        if problems:
            raise problems[0].error
        raise RepositoryError("GitHub's GraphQL answered nothing")
    return Result(data, problems)


def _problem(error: Any) -> Problem:
    if not isinstance(error, dict):
        return Problem("", said(str(error)))
    extensions = error.get("extensions")
    coded = extensions.get("code") if isinstance(extensions, dict) else None
    path = error.get("path")
    return Problem(
        str(error.get("type") or coded or ""),
        said(str(error.get("message") or "")),
        tuple(path) if isinstance(path, list) else (),
    )


def _nodes(batch: Sequence[str], result: Result) -> Iterator[Node]:
    listed = result.data.get("nodes")
    if not isinstance(listed, list) or len(listed) != len(batch):
        result.whole()
        raise RepositoryError("GitHub's GraphQL answered something else for a list of ids")
    by_place: dict[int, Problem] = {}
    for problem in result.problems:
        if problem.type in _TOO_HEAVY:
            raise problem.error
        place = problem.path[1] if len(problem.path) > 1 else None
        if problem.path[:1] == ("nodes",) and isinstance(place, int):
            by_place.setdefault(place, problem)
        elif problem.type != "NOT_FOUND":
            raise problem.error
    for place, (node_id, document) in enumerate(zip(batch, listed, strict=True)):
        told = document if isinstance(document, dict) and document else None
        yield Node(node_id, told, by_place.get(place))


def _judge(answered: Answered) -> None:
    """A limit may be told with 200 and an error: then it is waited for as any other."""
    document = answered.document
    errors = document.get("errors") if isinstance(document, dict) else None
    for error in errors if isinstance(errors, list) else ():
        problem = _problem(error)
        limited = problem.type == "RATE_LIMITED" or "rate limit" in problem.message.lower()
        if limited:
            pause = pause_seconds(403, answered.headers, b"", 0.0) or _PASSING_SECONDS
            raise TransientError(f"GitHub asked to wait {pause:.0f} s: {problem.message}", pause)
        if problem.error.__class__ is TooHeavyError and not _data(document):
            raise problem.error


def _data(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("data"), dict)
