"""What a manifest says of one repository, by kind, and of archives that no repository has. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.parts.results import (
    STATES_BESIDE,
    Archive,
    ItemResult,
    State,
    read_archive,
    read_referred,
    read_result,
    short_document,
    with_chain,
)
from backup_contract.documents.parts.upstream import Upstream, read_upstream
from backup_contract.kinds import ACCOUNT, GIT, KINDS, WIKI, suffix

HOST = "github.com"
"""What each GitHub is called, an Enterprise Server as well."""


class Identity(NamedTuple):
    """Which repository, whatever it is called: ids are a host's own."""

    host: str
    id: int


_OF_KEPT = ("lfs", "refs_digest", "refs", "archive", "chain", "objects")


@dataclass(frozen=True, slots=True)
class Entry:
    """One repository that was listed, and what became of it: a result for each kind that was
    considered, its own git first.

    ``id`` is the host's. Where ``asked`` is False a run narrowed by ``--only`` passed it over: a
    failure is that of the last run that tried.
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

    @property
    def full_name(self) -> str:
        """``owner/name``; the owner alone where it is an account."""
        return f"{self.owner}/{self.name}" if self.name else self.owner

    @property
    def is_account(self) -> bool:
        """Whether it is an account, and no repository: git's result means nothing then."""
        return ACCOUNT in self.results

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
        results = self.results.items()
        return [Item(self, kind, each) for kind, each in results if self._has(kind)]

    def _has(self, kind: str) -> bool:
        return kind == ACCOUNT or not self.is_account

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


@dataclass(frozen=True, slots=True)
class OrphanedArchive:
    """An archive that no listed repository's entry names any more: whose, and what is in it.

    The repository is gone from GitHub, or has another name now. ``result.archive`` is None when
    what lies there is not what was recorded: nobody vouches for it, and nobody else gets its key.
    ``upstream`` is what GitHub told of the repository by its id; None where nobody asked.
    """

    key: str
    id: int
    owner: str
    name: str
    kind: str
    result: ItemResult
    host: str = HOST
    upstream: Upstream | None = None

    @property
    def full_name(self) -> str:
        """``owner/name``, as it was when the archive was its repository's newest."""
        return self.entry.full_name

    @property
    def identity(self) -> Identity:
        """Its repository's."""
        return Identity(self.host, self.id)

    @property
    def item(self) -> Item:
        """The same as an item of a repository that has nothing else."""
        return Item(self.entry, self.kind, self.result)

    @property
    def entry(self) -> Entry:
        """The same as an entry that has nothing else."""
        results = {GIT: ItemResult("kept"), self.kind: self.result}
        return Entry(self.id, self.owner, self.name, False, False, False, results, host=self.host)

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        result = self.result.document
        return {
            "key": self.key,
            "id": self.id,
            "owner": self.owner,
            "name": self.name,
            "wiki": self.kind == WIKI,
            **({} if self.kind in (GIT, WIKI) else {"kind": self.kind}),
            **({} if self.host == HOST else {"host": self.host}),
            **{name: result[name] for name in _OF_KEPT if name in result},
            **({"upstream": self.upstream.document} if self.upstream else {}),
        }


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
    )


def read_orphaned(document: Fields) -> OrphanedArchive:
    """An item of ``kept``. Raises DamagedError."""
    result = ItemResult(
        "kept",
        lfs=fields.flag(document, "lfs"),
        refs_digest=fields.text_or_null(document, "refs_digest"),
        refs=fields.count(document, "refs"),
        archive=read_archive(document, "archive"),
        objects=fields.optional(read_referred, document, "objects"),
    )
    if document.get("chain") is not None:
        result = with_chain(result, document)
    key = fields.key(document, "key", layout.ARCHIVES)
    if result.archive and result.archive.key != key:
        raise DamagedError("archive.key", "is not the key of what is kept")
    return OrphanedArchive(
        key,
        fields.count(document, "id"),
        fields.text(document, "owner"),
        fields.text(document, "name"),
        _kind(document),
        result,
        fields.text(document, "host") if "host" in document else HOST,
        read_upstream(document.get("upstream")),
    )


def by_identity(entries: Iterable[Entry]) -> dict[Identity, Entry]:
    """As a manifest holds them."""
    return {entry.identity: entry for entry in entries}


def items_of(entries: Mapping[Identity, Entry]) -> Iterator[Item]:
    """Each result of each repository, in their order."""
    return (item for entry in entries.values() for item in entry.items)


def _beside(document: Fields, name: str) -> ItemResult:
    return fields.inside(document, name, lambda found: read_result(found, STATES_BESIDE))


def _kind(document: Fields) -> str:
    wiki = fields.flag(document, "wiki")
    if "kind" in document:
        return fields.word(document, "kind")
    return WIKI if wiki else GIT
