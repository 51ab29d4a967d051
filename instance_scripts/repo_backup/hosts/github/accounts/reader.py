"""Reads the data of accounts each week: members, teams, settings, followers, stars, projects.

No cheap request shows whether any of it has changed, so nothing is requested before it is due.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from backup_contract.documents.data_index import SHOWN_TO_OWNER, Section
from backup_contract.moments import iso
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import Documents, Reading, Signature, Task
from repo_backup.hosts.github.accounts.projects import read_items
from repo_backup.hosts.github.accounts.sections import (
    ACCESS,
    OF_ORGANIZATIONS,
    OF_USERS,
    PERSON,
    REPOSITORY,
    AccountSource,
    FurtherList,
    Shape,
)
from repo_backup.hosts.github.api.graphql import GraphQL
from repo_backup.hosts.github.api.identity import UnreadableItemsError, is_identified
from repo_backup.hosts.github.api.refusals import MALFORMED, Refused, malformed, refused
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.api.whole_lists import ListMovedError
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.runtime.errors import (
    AbsentError,
    AllowanceSpentError,
    NotFoundError,
    RepositoryError,
)

_CONSTANT_SIGNATURE = Signature("account")
_UNFINISHED = ("failed", "truncated", "under-way")
_FIELDS: Mapping[Shape, Sequence[str]] = {
    "person": PERSON,
    "repository": REPOSITORY,
    "access": ACCESS,
    "star": (*REPOSITORY, "starred_at"),
}
_NOT_THE_OWNER = Refused("not-permitted", SHOWN_TO_OWNER)


class GitHubAccounts:
    """The data of accounts on GitHub: see ``hosts.data.DataHost``. Each remote is an account.

    ``one_token``: the credentials are a user's token, not a GitHub App's.
    """

    def __init__(self, rest: Rest, graphql: GraphQL, *, one_token: bool) -> None:
        self._rest = rest
        self._graphql = graphql
        self._one_token = one_token

    @property
    def requests(self) -> Mapping[str, int]:
        """Empty: these requests are counted with those for the data of repositories."""
        return {}

    def announce(self, remotes: Iterable[RemoteRepository]) -> None:
        """Do nothing: no request covers several accounts."""

    def signature(self, remote: RemoteRepository) -> Signature:
        """A constant, because nothing shows cheaply whether an account has changed."""
        return _CONSTANT_SIGNATURE

    def read(self, remote: RemoteRepository, task: Task, documents: Documents) -> Reading:
        """Read what the task asks for into the documents.

        Raises InterruptedRunError, and RepositoryError if GitHub does not return the account.
        """
        login = remote.owner
        try:
            profile = self._rest.get(f"/users/{quote(login)}", login)
            if not isinstance(profile, dict):
                raise RepositoryError("GitHub's response is not an account")
            is_own = self._is_own(profile)
        except AllowanceSpentError as error:
            unread = Section("under-way", reason=refused(error).reason)
            return Reading({**task.before, "account.profile": unread}, under_way=True)
        of_organization = profile.get("type") == "Organization"
        documents.put("account/profile.json", clean(profile, "account"))
        reader = _Reader(self._rest, self._graphql, login, is_own, task, documents)
        sections = {"account.profile": reader.complete(1)}
        sources = OF_ORGANIZATIONS if of_organization else OF_USERS
        for name, source in sources.items():
            section = f"account.{name}"
            if reader.is_due(section):
                sections[section] = reader.read(name, source)
        # If a user has become an organization, drop the user's sections that were never complete.
        own = {"account.profile", *(f"account.{name}" for name in sources)}
        before = {n: e for n, e in task.before.items() if n in own or e.state == "complete"}
        sections = {**before, **sections}
        under_way = any(section.state == "under-way" for section in sections.values())
        return Reading(sections, task.rotation, under_way)

    def _is_own(self, profile: Mapping[str, Any]) -> bool:
        """Whether the token belongs to this user."""
        if not self._one_token or profile.get("type") == "Organization":
            return False
        try:
            viewer = self._rest.get("/user", str(profile.get("login")))
        except AllowanceSpentError:
            raise
        except RepositoryError:  # The token belongs to no user.
            return False
        return isinstance(viewer, dict) and viewer.get("id") == profile.get("id")


@dataclass(frozen=True)
class _Reader:
    """Reads one account. ``lacking`` collects the missing scopes for which GitHub shortened a list
    without an error, ``moved`` the reasons why lists of a section may lack items."""

    rest: Rest
    graphql: GraphQL
    login: str
    is_own: bool
    task: Task
    documents: Documents
    lacking: set[str] = field(default_factory=set)
    moved: list[ListMovedError] = field(default_factory=list)

    def is_due(self, section: str) -> bool:
        """Whether this section is to be read now."""
        before = self.task.before.get(section)
        return self.task.settings or self.task.full or before is None or before.state in _UNFINISHED

    def complete(self, here: int) -> Section:
        """A section that was read to its end, with ``here`` items."""
        return Section("complete", here=here, read_at=iso(self.task.now))

    def read(self, name: str, source: AccountSource) -> Section:
        """Read one section into its document. Raises InterruptedRunError."""
        self.moved.clear()
        try:
            document = self._ask(source)
        except MALFORMED as error:
            return self._unread(name, malformed(error))
        except RepositoryError as error:
            why = refused(error, source.absent)
            if source.own and not self.is_own and why.state == "not-permitted":
                why = _NOT_THE_OWNER
            return self._unread(name, why)
        if document is None:
            return self._unread(name, _NOT_THE_OWNER)
        if source.roles and _shows_public_members_only(document):
            return self._unread(name, Refused("not-permitted", source.needs))
        path = f"account/{name}.json"
        here = 1 if source.one else len(document)
        stays = source.keeps or source.items
        whole = self._with_earlier(path, document) if stays else document
        self.documents.put(path, whole)
        try:
            lack = self._read_items(source, document, whole) if source.items else None
        except MALFORMED as error:
            lack = malformed(error)
        except RepositoryError as error:
            lack = refused(error, source.absent)
            if lack.state == "not-permitted":  # GraphQL does not name the missing permission.
                lack = Refused(lack.state, source.needs)
        if self.moved:
            lack = refused(self.moved[0])
        if source.scope in self.lacking:
            lack = Refused("not-permitted", source.needs)
        section = self.complete(here)
        return replace(section, state=lack.state, reason=lack.reason) if lack else section

    def _with_earlier(self, path: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items listed now, and saved ones that GitHub no longer lists."""
        saved = self.documents.get(path)
        ids = {item.get("id") for item in listed}
        earlier = saved if isinstance(saved, list) else []
        gone = [each for each in earlier if isinstance(each, dict) and each.get("id") not in ids]
        return sorted([*listed, *gone], key=_order)

    def _unread(self, name: str, why: Refused) -> Section:
        """A section that could not be read; what earlier runs saved stays."""
        before = self.task.before.get(f"account.{name}")
        here, read_at = (before.here, before.read_at) if before else (0, None)
        return Section(why.state, here=here, read_at=read_at, reason=why.reason)

    def _ask(self, source: AccountSource) -> Any:
        """The section's document; None if GitHub shows it only to the account's own token."""
        if source.own and not self.is_own:
            return None
        path = source.endpoint.format(quote(self.login))
        if source.one:
            found = self.rest.get(path, self.login)
            if not isinstance(found, dict):
                raise RepositoryError(f"GitHub's response is not an object for {path}")
            return clean(found, source.kind)
        scope = source.scope if source.keeps else ""
        first = FurtherList(
            path, source.shape, source.within, source.roles, scope=scope, key=source.key
        )
        items = clean(list(self._list(path, first, source.accept)), source.kind)
        return sorted((self._in_full(item, source) for item in items), key=_order)

    def _list(self, path: str, each: FurtherList, accept: str = "") -> Iterator[dict[str, Any]]:
        unreadable = 0
        for role in each.roles or ("",):
            query: dict[str, Any] = {"role": role} if role else {}
            options: dict[str, Any] = {"field": each.within, "accept": accept, **query}
            known = partial(_identity, each)
            pages = self.rest.pages(path, self.login, whole=True, identify=known, **options)
            try:
                for page in pages:
                    unreadable += page.unreadable
                    scopes = page.headers.get("X-OAuth-Scopes")
                    if each.scope and scopes is not None and each.scope not in scopes.split(", "):
                        self.lacking.add(each.scope)
                    for item in page.items:
                        short = _shortened({**item, **query}, each.shape)
                        if is_identified(short, each.identity):
                            yield short
                        else:
                            unreadable += 1
            except UnreadableItemsError:
                pass
            except ListMovedError as error:
                self.moved.append(error)
        if unreadable:
            raise UnreadableItemsError(path, unreadable)

    def _in_full(self, item: dict[str, Any], source: AccountSource) -> dict[str, Any]:
        """An item with its details and its further lists, such as the members of a team."""
        key = quote(str(item.get(source.key)), safe="")
        found = dict(item)
        if source.counted and not item.get(source.counted):
            return found
        if source.detail:
            with contextlib.suppress(AbsentError, NotFoundError):
                path = source.detail.format(quote(self.login), key)
                found |= clean(self.rest.get(path, self.login), source.kind)
        for name, each in source.each.items():
            if each.where is None or item.get(each.where[0]) == each.where[1]:
                path = each.path.format(quote(self.login), key)
                found[name] = sorted(clean(list(self._list(path, each))), key=_order)
        return found

    def _read_items(
        self, source: AccountSource, listed: list[Any], known: list[Any]
    ) -> Refused | None:
        """Read the items of each listed project into a document of its own.

        Returns why any are incomplete. Marks the documents of projects that are no longer listed.
        A private project (``known`` has all that were ever saved) is marked only if GitHub lists
        other private ones: it hides them all from a token without the permission.
        """
        private = {each.get(source.key) for each in known if each.get("public") is False}
        shown = self.is_own or any(each.get("public") is False for each in listed)
        hidden = set() if shown else {f"projects/{number}.json" for number in private}
        seen: set[str] = set()
        lack: Refused | None = None
        for item in listed:
            number = item.get(source.key)
            path = f"projects/{number}.json"
            below = source.items.format(quote(self.login), number)
            found, why = read_items(self.rest, self.graphql, self.login, item, below)
            self.documents.put(path, {source.key: number, **found})
            seen.add(path)
            lack = lack or why
        for path in list(self.documents.paths("projects")):
            if path not in seen | hidden and not self.moved:
                self.documents.vanished(path)
        return lack


def _shows_public_members_only(people: list[dict[str, Any]]) -> bool:
    """Whether a list of members by role is really the list of public members.

    GitHub redirects there, for every role, if the token's user is not a member. Then a person is
    listed once for each role, or nobody is, although an organization has at least one owner.
    https://docs.github.com/rest/orgs/members#list-organization-members
    """
    return not people or len({each.get("id") for each in people}) < len(people)


def _identity(each: FurtherList, item: dict[str, Any]) -> str:
    """What identifies an item of a list."""
    return str(_shortened(item, each.shape).get(each.identity))


def _shortened(item: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """The fields of an item that are saved. A star becomes its repository, with ``starred_at``."""
    if shape == "star" and isinstance(repository := item.get("repo"), dict):
        item = {**repository, "starred_at": item.get("starred_at")}
    names = _FIELDS.get(shape)
    return {name: item[name] for name in names if name in item} if names else item


def _order(item: Mapping[str, Any]) -> tuple[str, str]:
    """A sort key: GitHub promises no order, and another order must not count as a change."""
    named = (item.get(name) for name in ("full_name", "login", "slug", "name"))
    first = next((str(each) for each in named if each), "")
    return first, str(item.get("id") or item.get("number") or "").zfill(20)
