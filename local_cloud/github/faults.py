"""Faults to inject: a list of declarative rules, which may change while the server runs."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from local_cloud.github.catalogue import Catalogue, Repository

OfAnswer = Literal["status", "reset", "truncate", "corrupt", "hang", "slow"]
OfList = Literal[
    "none", "no-link", "odd-link", "null-item", "text-item", "nameless-item", "null-list",
    "null-owner", "null-users", "repeat", "short",
]  # fmt: skip
Action = OfAnswer | OfList
_IDENTITIES = (
    "id", "node_id", "number", "name", "full_name", "login", "slug", "ghsa_id", "property_name",
    "event",
)  # fmt: skip
_USERS = ("user", "author", "actor", "assignee", "creator", "closed_by", "merged_by", "uploader")


@dataclass(frozen=True)
class Edit:
    """A change of the repository ``name`` (``owner/name``) that somebody makes meanwhile.

    ``move`` renames or transfers it to ``to``. ``hide`` makes it private, ``show`` public.
    ``create`` creates it with the next id, ``delete`` deletes it.
    """

    action: Literal["move", "delete", "create", "hide", "show"]
    name: str
    to: str = ""

    def apply(self, catalogue: Catalogue) -> None:
        """Make the change, if there is such a repository."""
        if self.action == "create":
            newest = max((each.id for each in catalogue.repositories.values()), default=0)
            owner, _, name = self.name.partition("/")
            catalogue.add(Repository(newest + 1, owner, name))
        elif self.name in catalogue.repositories:
            match self.action:
                case "move":
                    catalogue.move(self.name, self.to)
                case "delete":
                    del catalogue.repositories[self.name]
                case _:
                    hidden = replace(
                        catalogue.repositories[self.name], private=self.action == "hide"
                    )
                    catalogue.add(hidden)


@dataclass(frozen=True)
class Change:
    """Any other change to make before an answer, such as one by an ``Editor``, or of rights."""

    make: Callable[[], object]

    def apply(self, catalogue: Catalogue) -> None:
        """Make the change."""
        self.make()


@dataclass
class Fault:
    """One rule, for requests whose path (without query) matches the glob ``path``.

    The action ``status`` answers with ``status``, ``headers`` and ``body``. The following begin
    with the true answer and act after ``after_bytes`` of its body: ``reset`` resets the connection,
    ``truncate`` ends the body early but properly, ``corrupt`` inverts one byte, ``hang`` sends
    nothing more until the server closes, ``slow`` sends a byte every 50 ms.

    The others change a list. ``no-link`` removes the ``Link`` header, ``odd-link`` writes it in
    another valid form. ``null-item`` and ``null-owner`` replace the first item or its owner by
    null, ``text-item`` replaces the first item by a text, ``nameless-item`` removes the fields that
    identify it, ``repeat`` duplicates it, ``short`` omits it. ``null-list`` replaces the list by
    null, ``null-users`` each user. In a GraphQL answer, the list is the first ``nodes`` that is not
    empty, or that of the connection ``field``.

    ``edits`` are made before the answer with any action; ``none`` does nothing else. ``query`` is a
    glob, too; for a GraphQL request it matches ``operation=NAME``. ``times`` is how often the rule
    still fires (None: always). ``skip`` is how many matching requests pass before that.
    """

    path: str
    action: Action = "status"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"injected fault"
    after_bytes: int = 0
    times: int | None = None
    skip: int = 0
    method: str | None = None
    query: str = "*"
    field: str = ""
    edits: Sequence[Edit | Change] = ()

    @property
    def of_a_list(self) -> bool:
        """Whether it changes a list, not the transfer of the answer."""
        return self.action in get_args(OfList)

    def distorted(self, body: Any, headers: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
        """The JSON and the headers, changed by this rule. An answer that is not a list stays."""
        changed = dict(headers)
        if self.action == "no-link":
            changed.pop("Link", None)
        elif self.action == "odd-link" and "Link" in changed:
            changed["Link"] = _odd(changed["Link"])
        if self.action == "null-users":
            body = _without_users(body)
        if self.action == "null-list":
            return _without_list(body, self.field), changed
        items = _list_of(body, self.field)
        if items:
            first = items[0]
            match self.action:
                case "null-item":
                    items[0] = None
                case "text-item":
                    items[0] = "an item"
                case "nameless-item" if isinstance(first, dict):
                    items[0] = _unnamed(first)
                case "null-owner":
                    items[0] = {**first, "owner": None}
                case "repeat":
                    items.append(first)
                case "short":
                    del items[0]
        return body, changed


class Faults:
    """The rules in force; thread-safe."""

    def __init__(self, rules: Iterable[Fault] = ()) -> None:
        self._rules = list(rules)
        self._lock = threading.Lock()

    def add(self, *rules: Fault) -> None:
        """Put rules in force."""
        with self._lock:
            self._rules.extend(rules)

    def clear(self) -> None:
        """Withdraw all rules."""
        with self._lock:
            self._rules.clear()

    def take(self, method: str, path: str, query: str = "") -> Fault | None:
        """The rule that applies to this request, which is counted; None if there is none."""
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not fnmatchcase(path, rule.path):
                    continue
                if not fnmatchcase(query, rule.query):
                    continue
                if rule.method not in (None, method):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None


def _list_of(body: Any, field: str) -> list[Any]:
    """The list in an answer; empty if there is none."""
    if isinstance(body, dict) and "data" in body:
        body = next((holder["nodes"] for holder in _connections(body["data"], field)), None)
    elif isinstance(body, dict) and "total_count" in body:
        body = next((each for each in body.values() if isinstance(each, list)), None)
    return body if isinstance(body, list) else []


def _without_list(body: Any, field: str) -> Any:
    """An answer with its list, or GraphQL's connection ``field``, replaced by null."""
    if not isinstance(body, dict) or "data" not in body:
        return None if isinstance(body, list) else body
    for holder in _holders(body["data"], field):
        holder[field] = None
    return body


def _connections(document: Any, field: str) -> Iterator[dict[str, Any]]:
    """The objects with a ``nodes`` list that is not empty, outermost first."""
    if field:
        yield from (each[field] for each in _holders(document, field) if each[field].get("nodes"))
        return
    if isinstance(document, dict) and document.get("nodes"):
        yield document
    for each in _inside(document):
        yield from _connections(each, field)


def _holders(document: Any, field: str) -> Iterator[dict[str, Any]]:
    """The objects that have a connection ``field``, outermost first."""
    if isinstance(document, dict) and isinstance(document.get(field), dict):
        yield document
    for each in _inside(document):
        yield from _holders(each, field)


def _inside(document: Any) -> Iterable[Any]:
    if isinstance(document, dict):
        return list(document.values())
    return document if isinstance(document, list) else ()


def _unnamed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in _IDENTITIES}


def _without_users(document: Any) -> Any:
    if isinstance(document, list):
        return [_without_users(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: None if name in _USERS else _without_users(each) for name, each in document.items()
    }


def _odd(link: str) -> str:
    """The same ``Link`` header, its relations among others, without quotes, after a title."""
    parts = (part.partition("; rel=") for part in link.split(", "))
    return ",".join(
        f'{url};title="page, next; of many" ;REL="x-page {relation[1:-1]}"'
        if number % 2
        else f"{url} ; rel={relation[1:-1]}; x=1"
        for number, (url, _, relation) in enumerate(parts)
    )
