"""Answers requests to the REST API of the data; None to what is none of it."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from local_cloud.github.answer import Answer
from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.limits import Limits
from local_cloud.github.data.objects.people import View
from local_cloud.github.data.rest import routes
from local_cloud.github.data.rest.access import Caller, RefusedError
from local_cloud.github.data.rest.asked import Asked
from local_cloud.github.data.rest.paging import Listed, page_of


def answer(
    catalogue: Catalogue,
    account: AccountData,
    limits: Limits,
    base: str,
    path: str,
    query: str,
    caller: Caller,
) -> Answer | None:
    """Answer ``GET path?query``, or None where no route of the data has this path."""
    found = _repository(catalogue, base, path)
    if not found:
        return None
    repository, rest, moved = found
    matched = routes.find(rest)
    if not matched:
        return None
    route, parts = matched
    headers = route.needed.headers(caller)
    try:
        if not repository or not caller.sees(catalogue, repository):
            raise RefusedError(404, "Not Found")  # noqa: TRY301  # one place writes all refusals
        if moved:
            there = f"{base}/repositories/{repository.id}/{rest}" + (f"?{query}" if query else "")
            raise RefusedError(301, "Moved Permanently", {"Location": there})  # noqa: TRY301
        route.needed.check(caller, catalogue, repository)
        view = View(base, repository, account, catalogue)
        asked = Asked(view, parts, dict(parse_qsl(query)), caller, limits)
        told = route.handler(asked)
        if isinstance(told, Listed):
            page = page_of(told, f"{base}{path}", asked.query)
            return _json(200, page.body, {**headers, **page.headers})
        return _json(200, told, headers)
    except RefusedError as refused:
        url = "https://docs.github.com/rest"
        document = {"message": refused.message, "documentation_url": url}
        return _json(refused.status, document, {**headers, **refused.headers})


def _repository(
    catalogue: Catalogue, base: str, path: str
) -> tuple[Repository | None, str, bool] | None:
    """The repository of a path, the path below it, and whether it goes by another name now."""
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
