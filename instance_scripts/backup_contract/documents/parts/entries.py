"""An entry of a manifest: a repository, an account or a gist, with a result for each kind. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.results import (
    STATES_BESIDE,
    Archive,
    ItemResult,
    State,
    read_result,
    short_document,
)
from backup_contract.kinds import GIT, KINDS, WIKI, Holder, suffix

HOST = "github.com"
"""The name of the host GitHub, also for an Enterprise Server."""


class Identity(NamedTuple):
    """A repository independent of its name. An id is unique within its host only."""

    host: str
    id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed repository (or account, or gist) with a result for each of its kinds, git first.

    ``id`` is the host's. If ``asked`` is False, a narrowed run did not select the entry, and a
    failure is that of the last run that tried. ``starred``: it is backed up only because the owner
    has starred it.
    """

    id: int
    owner: str
    name: str
    private: bool
    fork: bool
    archived: bool
    results: Mapping[str, ItemResult]
    asked: bool = True
    host: str = HOST
    starred: bool = False

    @property
    def full_name(self) -> str:
        """``owner/name``; only the owner for an account."""
        return f"{self.owner}/{self.name}" if self.name else self.owner

    @property
    def of(self) -> Holder:
        """What the entry is. The git result of an account or a gist has no meaning."""
        return next((of for of in map(_of, self.results) if of != "repository"), "repository")

    @property
    def identity(self) -> Identity:
        """The identity, which stays the same from run to run."""
        return Identity(self.host, self.id)

    @property
    def git(self) -> ItemResult:
        """The result of the git repository itself."""
        return self.results[GIT]

    @property
    def failed(self) -> bool:
        """Whether any kind failed."""
        return any(result.state == "failed" for result in self.results.values())

    @property
    def unsaved(self) -> bool:
        """Whether it was not selected and has no archive at the destination."""
        return not self.asked and self.git.state == "skipped" and self.git.archive is None

    @property
    def excluded(self) -> bool:
        """Whether options exclude the git repository."""
        return self.asked and self.git.state == "skipped"

    @property
    def archives(self) -> list[Archive]:
        """The existing archives, at most one for each kind."""
        return [result.archive for result in self.results.values() if result.archive]

    @property
    def items(self) -> "list[Item]":
        """Its results as items."""
        of, results = self.of, self.results.items()
        return [Item(self, kind, each) for kind, each in results if _of(kind) == of]

    def having(self, kind: str, result: ItemResult) -> "Entry":
        """A copy with this result for this kind."""
        return replace(self, results={**self.results, kind: result})

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest. Git's fields are its own; other kinds have one each."""
        beside: dict[str, Any] = {WIKI: None}
        for kind, result in self.results.items():
            if kind != GIT:
                beside[kind] = result.document if kind == WIKI else short_document(result)
        return {
            "id": self.id,
            "owner": self.owner,
            "name": self.name,
            "private": self.private,
            "fork": self.fork,
            "archived": self.archived,
            **({} if self.asked else {"asked": False}),
            **({} if self.host == HOST else {"host": self.host}),
            **({"starred": True} if self.starred else {}),
            **self.git.document,
            **beside,
        }


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of an entry with its result: what is checked, drilled and restored by itself."""

    entry: Entry
    kind: str
    result: ItemResult

    @property
    def name(self) -> str:
        """``octo/hello`` or ``octo/hello.wiki``; ``octo/hello (kept, id 7)`` if it is no longer
        listed, because another repository may have the name now."""
        name = f"{self.entry.full_name}{suffix(self.kind)}"
        return f"{name} (kept, id {self.entry.id})" if self.result.state == "kept" else name

    @property
    def identity(self) -> Identity:
        """The identity of its entry."""
        return self.entry.identity

    @property
    def state(self) -> State:
        """The state of its result."""
        return self.result.state

    @property
    def reason(self) -> str:
        """The reason of the state, or an empty text."""
        return self.result.reason or ""

    @property
    def archive(self) -> Archive | None:
        """Its archive, if there is one."""
        return self.result.archive

    @property
    def asked(self) -> bool:
        """Whether the run selected its entry."""
        return self.entry.asked

    @property
    def unsaved(self) -> bool:
        """Whether it is the git item of an unsaved repository."""
        return self.kind == GIT and self.entry.unsaved


def _of(kind: str) -> Holder:
    """What a kind belongs to; a repository if only a later version knows the kind."""
    return KINDS[kind].of if kind in KINDS else "repository"


def by_kind(git: ItemResult, wiki: ItemResult | None = None) -> dict[str, ItemResult]:
    """The results of a repository and, if given, its wiki, by kind."""
    return {GIT: git, WIKI: wiki} if wiki else {GIT: git}


def read_entry(document: Fields) -> Entry:
    """Read an item of ``repositories``. Raises DamagedError."""
    results = {GIT: read_result(document)}
    for kind in KINDS:
        # All versions write the wiki's field. Those of other kinds are optional.
        if kind != GIT and (kind == WIKI or kind in document):
            found = fields.nullable(_beside, document, kind)
            if found:
                results[kind] = found
    return Entry(
        fields.count(document, "id"),
        fields.text(document, "owner"),
        fields.text(document, "name"),
        fields.flag(document, "private"),
        fields.flag(document, "fork"),
        fields.flag(document, "archived"),
        results,
        "asked" not in document or fields.flag(document, "asked"),
        fields.text(document, "host") if "host" in document else HOST,
        is_starred(document),
    )


def is_starred(document: Fields) -> bool:
    """Whether it was backed up only because of a star. Raises DamagedError."""
    return "starred" in document and fields.flag(document, "starred")


def by_identity(entries: Iterable[Entry]) -> dict[Identity, Entry]:
    """The entries by their identity."""
    return {entry.identity: entry for entry in entries}


def items_of(entries: Mapping[Identity, Entry]) -> Iterator[Item]:
    """All results of these entries as items, in order."""
    return (item for entry in entries.values() for item in entry.items)


def _beside(document: Fields, name: str) -> ItemResult:
    return fields.inside(document, name, lambda found: read_result(found, STATES_BESIDE))
