"""The data of accounts: members, teams, followers, stars, gists and projects, read each week.

Nothing tells cheaply whether any of it changed: no question is asked before it is due.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backup_contract.documents.data_index import Section
from backup_contract.moments import iso
from repo_backup.hosts.base import Remote
from repo_backup.hosts.data import Documents, Reading, Signature, Task
from repo_backup.hosts.github.accounts.sections import (
    OF_ORGANIZATIONS,
    OF_USERS,
    PERSON,
    REPOSITORY,
    AccountSource,
)
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError

_ALWAYS = Signature("account")
_UNFINISHED = ("failed", "truncated", "under-way")
_FIELDS = {"person": PERSON, "repository": REPOSITORY}
_OTHERS = Refused("not-permitted", "GitHub tells it to the account's own token only")


class GitHubAccounts:
    """The data of GitHub's accounts: see ``hosts.data.DataHost``. A remote is an account here.

    ``one_token``: the credentials are a user's token, and not an App's installations.
    """

    def __init__(self, rest: Rest, *, one_token: bool) -> None:
        self._rest = rest
        self._one_token = one_token

    @property
    def requests(self) -> Mapping[str, int]:
        """Counted with those for repositories' data."""
        return {}

    def announce(self, remotes: Iterable[Remote]) -> None:
        """Nothing is asked for many accounts at once."""

    def signature(self, remote: Remote) -> Signature:
        """The same for ever."""
        return _ALWAYS

    def read(self, remote: Remote, task: Task, documents: Documents) -> Reading:
        """Read what the task asks for into the documents.

        Raises InterruptedRunError, and RepositoryError when GitHub does not tell of the account.
        """
        login = remote.owner
        try:
            profile = self._rest.get(f"/users/{quote(login)}", login)
        except AllowanceSpentError as error:
            unread = Section("under-way", reason=refused(error).reason)
            return Reading({**task.before, "account.profile": unread}, under_way=True)
        if not isinstance(profile, dict):
            raise RepositoryError("GitHub answered something that is no account")
        of_organization = profile.get("type") == "Organization"
        documents.put("account/profile.json", clean(profile, "account"))
        reader = _Reader(self._rest, login, self._is_own(profile), task, documents)
        sections = {"account.profile": reader.complete(1)}
        for name, source in (OF_ORGANIZATIONS if of_organization else OF_USERS).items():
            section = f"account.{name}"
            if reader.is_due(section):
                sections[section] = reader.read(name, source)
        sections = {**task.before, **sections}
        under_way = any(section.state == "under-way" for section in sections.values())
        return Reading(sections, task.rotation, under_way)

    def _is_own(self, profile: Mapping[str, Any]) -> bool:
        """Whether the token is this user's own."""
        if not self._one_token or profile.get("type") == "Organization":
            return False
        try:
            viewer = self._rest.get("/user", str(profile.get("login")))
        except RepositoryError:  # a token of no user: what only a user may read is refused
            return False
        return isinstance(viewer, dict) and viewer.get("id") == profile.get("id")


@dataclass(frozen=True)
class _Reader:
    """The reading of one account."""

    rest: Rest
    login: str
    is_own: bool
    task: Task
    documents: Documents

    def is_due(self, section: str) -> bool:
        """Whether it is to be read now."""
        before = self.task.before.get(section)
        return self.task.settings or self.task.full or before is None or before.state in _UNFINISHED

    def complete(self, here: int) -> Section:
        """A section whose last page was read."""
        return Section("complete", here=here, read_at=iso(self.task.now))

    def read(self, name: str, source: AccountSource) -> Section:
        """Read one section into its document. Raises InterruptedRunError."""
        try:
            document = self._ask(source)
        except RepositoryError as error:
            why = refused(error, source.absent)
            if source.own and not self.is_own and why.state == "not-permitted":
                why = _OTHERS
            return self._unread(name, why)
        if document is None:
            return self._unread(name, _OTHERS)
        self.documents.put(f"account/{name}.json", document)
        return self.complete(1 if source.one else len(document))

    def _unread(self, name: str, why: Refused) -> Section:
        """What was saved before stays."""
        before = self.task.before.get(f"account.{name}")
        here, read_at = (before.here, before.read_at) if before else (0, None)
        return Section(why.state, here=here, read_at=read_at, reason=why.reason)

    def _ask(self, source: AccountSource) -> Any:
        """The document; None where only the account's own token would get it."""
        if source.own and not self.is_own:
            return None
        path = source.endpoint.format(quote(self.login))
        if source.one:
            return clean(self.rest.get(path, self.login), source.kind)
        items = self._list(path, source)
        return sorted((self._with_lists(item, source) for item in items), key=_order)

    def _list(self, path: str, source: AccountSource) -> list[Any]:
        pages = self.rest.pages(path, self.login)
        return [_shortened(item, source) for page in pages for item in page.items]

    def _with_lists(self, item: dict[str, Any], source: AccountSource) -> dict[str, Any]:
        """An item with the further lists that belong to it, as a team's members."""
        found = dict(item)
        above = source.endpoint.rpartition("/")[0].format(quote(self.login))
        for name, below in source.each.items():
            path = above + below.format(quote(str(item.get(source.key)), safe=""))
            people = AccountSource(path, source.permission, source.scope, _shape_of(name))
            found[name] = sorted(self._list(path, people), key=_order)
        return found


def _shape_of(name: str) -> Any:
    return "person" if name == "members" else ""


def _shortened(item: dict[str, Any], source: AccountSource) -> dict[str, Any]:
    """An item of a list as it is saved."""
    names = _FIELDS.get(source.shape)
    kept = {name: item[name] for name in names if name in item} if names else item
    cleaned: dict[str, Any] = clean(kept, source.kind)
    return cleaned


def _order(item: Mapping[str, Any]) -> tuple[str, str]:
    """Lists of an account come in no promised order, which must not look like a change."""
    named = item.get("full_name") or item.get("login") or item.get("slug") or ""
    return str(named), str(item.get("id") or item.get("number") or "").zfill(20)
