"""Answers requests to the REST API of the data."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from local_cloud.github.answer import Answer
from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.limits import Limits
from local_cloud.github.data.objects.people import View
from local_cloud.github.data.rest import gists, routes
from local_cloud.github.data.rest.access import Caller, RefusedError
from local_cloud.github.data.rest.accounts import AccountAsked, answer_of, find_account
from local_cloud.github.data.rest.asked import Asked
from local_cloud.github.data.rest.paging import Listed, page_of

_DOCUMENTATION = "https://docs.github.com/rest"


def answer(
    catalogue: Catalogue,
    account: AccountData,
    limits: Limits,
    base: str,
    path: str,
    query: str,
    caller: Caller,
    accept: str = "",
) -> Answer | None:
    """Answer ``GET path?query``, or None where no route of the data has this path."""
    if route := find_account(path):
        given = dict(parse_qsl(query))
        asked = AccountAsked(catalogue, account, base, path, accept, caller, given)
        return _reported(
            lambda: answer_of(route, asked), f"{base}{path}", query, route.headers(caller)
        )
    if gists.is_of_gists(path):
        return _reported(
            lambda: gists.answer(account, base, path, caller),
            f"{base}{path}",
            query,
            gists.headers(path, caller),
        )
    found = _repository(catalogue, path)
    matched = routes.find(found[1]) if found else None
    if not found or not matched:
        return None
    repository, rest, moved = found
    place, parts = matched

    def reported() -> Any:
        if not repository or not caller.sees(catalogue, repository):
            raise RefusedError(404, "Not Found")
        if moved:
            there = f"{base}/repositories/{repository.id}/{rest}" + (f"?{query}" if query else "")
            raise RefusedError(301, "Moved Permanently", {"Location": there})
        place.needed.check(caller, catalogue, repository)
        view = View(base, repository, account, catalogue)
        return place.handler(Asked(view, parts, dict(parse_qsl(query)), caller, limits, accept))

    return _reported(reported, f"{base}{path}", query, place.needed.headers(caller))


def _reported(
    handler: Callable[[], Any], url: str, query: str, headers: Mapping[str, str]
) -> Answer:
    """A handler's answer or refusal, with these headers added."""
    try:
        reported = handler()
        if isinstance(reported, Listed):
            page = page_of(reported, url, dict(parse_qsl(query)))
            return _json(200, page.body, {**headers, **page.headers})
        return _json(200, reported, headers)
    except RefusedError as refused:
        document = {"message": refused.message, "documentation_url": _DOCUMENTATION}
        return _json(refused.status, document, {**headers, **refused.headers})


def _repository(catalogue: Catalogue, path: str) -> tuple[Repository | None, str, bool] | None:
    """The repository of a path, the path below it, and whether it was renamed."""
    match path.strip("/").split("/"):
        case ["repos", owner, name, *rest] if rest:
            full_name = f"{owner}/{name}"
            here = catalogue.repositories.get(full_name)
            moved = catalogue.repositories.get(catalogue.renames.get(full_name, ""))
            return here or moved, "/".join(rest), here is None
        case ["repositories", number, *rest] if rest:
            return catalogue.by_id(number), "/".join(rest), False
    return None


def _json(status: int, body: object, headers: Mapping[str, str]) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)
