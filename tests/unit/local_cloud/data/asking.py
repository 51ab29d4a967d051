"""Asks the stand-in's API in this process, without a server."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from local_cloud.github import Account, Apps, Catalogue, Repository, TokenRights
from local_cloud.github.api import Api, Asked
from local_cloud.github.data import Editor
from local_cloud.github.data.rest.access import Caller

BASE = "https://hub.example"
OWNER = Caller("token", "octo", TokenRights())


class Told(NamedTuple):
    """What was answered."""

    status: int
    body: Any
    headers: Mapping[str, str]


def hub(*names: str, private: bool = False) -> Api:
    """The API of an account ``octo`` with these repositories, whose ids count from 1."""
    catalogue = Catalogue({"octo": Account("octo")}, {}, {"token": "octo"})
    for number, name in enumerate(names or ("hello",), 1):
        catalogue.add(Repository(number, "octo", name, private=private))
    return Api(catalogue, Apps())


def editor(api: Api, repository: int = 1) -> Editor:
    """Who edits a repository."""
    return Editor(api.data, api.data.of(repository))


def get(api: Api, path: str, caller: Caller = OWNER, *, etag: str = "", accept: str = "") -> Told:
    """GET a path below ``octo/hello``, or with a slash in front anywhere."""
    path = path if path.startswith("/") else f"/repos/octo/hello/{path}"
    path = path.removeprefix(BASE)
    place, _, query = path.partition("?")
    headers = {"If-None-Match": etag, "Accept": accept}
    reported = api.answer(Asked(place, query, BASE, caller, headers))
    return Told(
        reported.status, json.loads(reported.body) if reported.body else None, reported.headers
    )


def follow(api: Api, path: str) -> list[Any]:
    """All pages of a list, by their links."""
    found = []
    next_path: str | None = path
    while next_path:
        reported = get(api, next_path)
        assert reported.status == 200
        found += reported.body
        links = dict(
            each.split("; ")[::-1] for each in reported.headers.get("Link", "").split(", ") if each
        )
        next_path = links.get('rel="next"', "").strip("<>").removeprefix(BASE) or None
    return found


def ask(api: Api, query: str, caller: Caller = OWNER, **variables: Any) -> Told:
    """POST a GraphQL query."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    reported = api.answer(Asked("/graphql", "", BASE, caller, {}, body))
    return Told(reported.status, json.loads(reported.body), reported.headers)
