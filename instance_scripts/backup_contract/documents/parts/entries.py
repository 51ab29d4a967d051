"""What a manifest says of one repository, by kind. Pure."""

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
"""What each GitHub is called, an Enterprise Server as well."""


class Identity(NamedTuple):
    """Which repository, whatever it is called: ids are a host's own."""

    host: str
    id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One repository that was listed, and what became of it: a result for each kind that was
    considered, its own git first.

    ``id`` is the host's. Where ``asked`` is False a run narrowed by ``--only`` passed it over: a
    failure is that of the last run that tried. ``starred``: it is backed up for a star alone.
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
        """``owner/name``; the owner alone where it is an account."""
        return f"{self.owner}/{self.name}" if self.name else self.owner

    @property
    def of(self) -> Holder:
        """What it is; of an account and of a gist git's result means nothing."""
        return next((of for of in map(_of, self.results) if of != "repository"), "repository")

    @property
    def identity(self) -> Identity:
        """By which it is the same repository from run to run."""
        return Identity(self.host, self.id)

    @property
    def git(self) -> ItemResult:
        """What became of the git repository itself."""
        return self.results[GIT]

    @property
    def failed(self) -> bool:
        """Whether anything of it failed."""
        return any(result.state == "failed" for result in self.results.values())

    @property
    def unsaved(self) -> bool:
        """Whether it was passed over though there is nothing of it at the destination."""
        return not self.asked and self.git.state == "skipped" and self.git.archive is None

    @property
    def archives(self) -> list[Archive]:
        """The archives there are, one for a kind at most."""
        return [result.archive for result in self.results.values() if result.archive]

    @property
    def items(self) -> "list[Item]":
        """Each of its results, by the name that people see."""
        of, results = self.of, self.results.items()
        return [Item(self, kind, each) for kind, each in results if _of(kind) == of]

    def having(self, kind: str, result: ItemResult) -> "Entry":
        """The same with another result of this kind."""
        return replace(self, results={**self.results, kind: result})

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the manifest: git's result in the entry itself, the others beside it."""
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
    """One result of a repository: what is told, checked, drilled and restored by itself."""

    entry: Entry
    kind: str
    result: ItemResult

    @property
    def name(self) -> str:
        """``octo/hello``, ``octo/hello.wiki``; ``octo/hello (kept, id 7)`` of what is not listed
        any more, which tells it apart from a repository that has the name now."""
        name = f"{self.entry.full_name}{suffix(self.kind)}"
        return f"{name} (kept, id {self.entry.id})" if self.result.state == "kept" else name

    @property
    def identity(self) -> Identity:
        """The repository's."""
        return self.entry.identity

    @property
    def state(self) -> State:
        """What became of it."""
        return self.result.state

    @property
    def reason(self) -> str:
        """Why; empty if nobody said so."""
        return self.result.reason or ""

    @property
    def archive(self) -> Archive | None:
        """Its archive, if there is one."""
        return self.result.archive

    @property
    def asked(self) -> bool:
        """Whether the run was asked for it."""
        return self.entry.asked

    @property
    def unsaved(self) -> bool:
        """Whether it is what makes its repository unsaved."""
        return self.kind == GIT and self.entry.unsaved


def _of(kind: str) -> Holder:
    """What has something of this kind; a repository where only a later version knows it."""
    return KINDS[kind].of if kind in KINDS else "repository"


def by_kind(git: ItemResult, wiki: ItemResult | None = None) -> dict[str, ItemResult]:
    """The results of a repository, of its wiki where that was considered."""
    return {GIT: git, WIKI: wiki} if wiki else {GIT: git}


def read_entry(document: Fields) -> Entry:
    """An item of ``repositories``. Raises DamagedError."""
    results = {GIT: read_result(document)}
    for kind in KINDS:
        # Every version tells of the wiki; what a later one tells of need not be there.
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
    """Whether it was backed up for a star alone. Raises DamagedError."""
    return "starred" in document and fields.flag(document, "starred")


def by_identity(entries: Iterable[Entry]) -> dict[Identity, Entry]:
    """As a manifest holds them."""
    return {entry.identity: entry for entry in entries}


def items_of(entries: Mapping[Identity, Entry]) -> Iterator[Item]:
    """Each result of each repository, in their order."""
    return (item for entry in entries.values() for item in entry.items)


def _beside(document: Fields, name: str) -> ItemResult:
    return fields.inside(document, name, lambda found: read_result(found, STATES_BESIDE))
