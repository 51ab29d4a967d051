"""The REST API's accounts and lists of repositories, as pure functions of the catalogue.

Lists are in the order that GitHub documents: https://docs.github.com/rest/repos/repos
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl

from local_cloud.github.answer import Answer
from local_cloud.github.catalogue import Account, Catalogue, Repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.objects import people
from local_cloud.github.data.objects import repository as repositories
from local_cloud.github.data.objects.accounts import profile
from local_cloud.github.data.rest.access import Caller
from local_cloud.github.data.rest.paging import Listed, page_of


def answer(
    catalogue: Catalogue,
    data: AccountData,
    base_url: str,
    path: str,
    query: str,
    caller: Caller,
) -> Answer:
    """Answer ``GET path?query`` as to a user; ``answer_app`` has what differs for an App."""
    viewer, rights = caller.viewer, caller.rights
    pages = _Pages(catalogue, data, base_url, path, query)

    def shown(listed: list[Repository]) -> list[Repository]:
        return [each for each in listed if rights.shows(each)]

    match path.strip("/").split("/"):
        case ["user"] if viewer:
            counted = rights.counts_of("User")
            return _json(_account(catalogue, base_url, catalogue.accounts[viewer], counted=counted))
        case ["user", "repos"] if viewer:
            listed = shown(catalogue.visible(None, viewer))
            wanted = _affiliations(query)
            listed = [r for r in listed if _affiliation(catalogue, r, viewer) in wanted]
            listed = _of_visibility(listed, parse_qs(query).get("visibility", ["all"])[0])
            return pages.page(_sorted(listed, query, "full_name"))
        case ["user"] | ["user", "repos"]:
            return _error(401, "Requires authentication")
        case ["users", login]:
            account = catalogue.account(login)
            if account:
                return _json(_account(catalogue, base_url, account, counted=False))
        case ["orgs", login]:
            account = catalogue.account(login)
            if account and account.type == "Organization":
                counted = rights.counts_of(account.type)
                return _json(_account(catalogue, base_url, account, counted=counted))
        case ["users", login, "repos"]:
            account = catalogue.account(login)
            if account:
                listed = catalogue.visible(account.login, None)
                return pages.page(_sorted(listed, query, "full_name"))
        case ["orgs", login, "repos"]:
            account = catalogue.account(login)
            if account and account.type == "Organization":
                kind = parse_qs(query).get("type", ["all"])[0]
                listed = _of_visibility(shown(catalogue.visible(account.login, viewer)), kind)
                return pages.page(_sorted(listed, query, "created"))
        case ["repos", owner, name]:
            full_name = f"{owner}/{name}"
            moved = catalogue.repositories.get(catalogue.renames.get(full_name, ""))
            found = catalogue.repositories.get(full_name) or moved
            if found and caller.sees(catalogue, found):
                if found is moved:
                    location = f"{base_url}/repositories/{found.id}"
                    return Answer(301, b'{"message": "Moved Permanently"}', {"Location": location})
                view = people.View(base_url, found, data, catalogue)
                pushes = caller.administers(catalogue, found)
                return _json(repositories.full_repository(view, pushes=pushes))
        case ["repos", owner, name, "activity"]:
            found = catalogue.repositories.get(f"{owner}/{name}")
            kind = parse_qs(query).get("activity_type", [""])[0]
            if found and caller.token and caller.sees(catalogue, found):
                return _json([each for each in found.activity if each["activity_type"] == kind])
        case ["repositories", number]:
            numbered = catalogue.by_id(number)
            if numbered and catalogue.may_see(numbered, viewer) and rights.shows(numbered):
                return _json(pages.described(numbered))
        case _:
            pass
    return _error(404, "Not Found")


def answer_app(
    catalogue: Catalogue,
    data: AccountData,
    base_url: str,
    path: str,
    query: str,
    caller: Caller,
    installed: list[Repository],
) -> Answer:
    """Answer ``GET path?query`` to a token of a GitHub App that was given these repositories."""
    pages = _Pages(catalogue, data, base_url, path, query)
    match path.strip("/").split("/"):
        case ["installation", "repositories"]:
            page = pages.page(installed)
            listed = {"total_count": len(installed), "repositories": json.loads(page.body)}
            return _json(listed, page.headers)
        case ["user", *_]:
            return _error(403, "Resource not accessible by integration")
        case ["orgs", login, "repos"]:
            public = catalogue.visible(login, None)
            listed_here = [*{r.id: r for r in (*public, *installed)}.values()]
            ordered = _sorted(listed_here, query, "created")
            return pages.page(ordered)
        case ["repositories", number]:
            found = catalogue.by_id(number)
            if found and (not found.private or found in installed):
                return _json(pages.described(found))
            return _error(404, "Not Found")
        case _:
            # An installation is no user, and no token of one.
            asks = Caller(caller.token, installation=caller.installation)
            return answer(catalogue, data, base_url, path, query, asks)


def _sorted(listed: list[Repository], query: str, default: str) -> list[Repository]:
    """In the order that is asked for; ids tell which one was created first."""
    parameters = parse_qs(query)
    by_name = parameters.get("sort", [default])[0] == "full_name"
    direction = parameters.get("direction", ["asc" if by_name else "desc"])[0]
    listed = sorted(listed, key=lambda r: r.full_name.lower() if by_name else f"{r.id:020}")
    return listed if direction == "asc" else listed[::-1]


def _affiliations(query: str) -> set[str]:
    default = "owner,collaborator,organization_member"
    return set(parse_qs(query).get("affiliation", [default])[0].split(","))


def _of_visibility(listed: list[Repository], wanted: str) -> list[Repository]:
    kinds = {"private": True, "public": False}
    return [r for r in listed if r.private is kinds.get(wanted, r.private)]


def _affiliation(catalogue: Catalogue, repository: Repository, viewer: str) -> str | None:
    if repository.owner == viewer:
        return "owner"
    if catalogue.accounts[repository.owner].type == "Organization":
        return "organization_member"
    return None


def _account(
    catalogue: Catalogue, base_url: str, account: Account, *, counted: bool
) -> dict[str, object]:
    mine = [r.private for r in catalogue.repositories.values() if r.owner == account.login]
    private = mine.count(True) if counted else None
    return profile(base_url, account.login, account.type, mine.count(False), private)


@dataclass(frozen=True)
class _Pages:
    """Pages of repositories for one request."""

    catalogue: Catalogue
    data: AccountData
    base_url: str
    path: str
    query: str

    def described(self, item: Repository) -> dict[str, object]:
        return repositories.repository(people.View(self.base_url, item, self.data, self.catalogue))

    def page(self, listed: list[Repository]) -> Answer:
        paged = page_of(
            Listed(listed, self.described),
            f"{self.base_url}{self.path}",
            dict(parse_qsl(self.query)),
        )
        return _json(paged.body, paged.headers)


def _json(body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(200, json.dumps(body).encode(), headers or {})


def _error(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"message": message}).encode())
