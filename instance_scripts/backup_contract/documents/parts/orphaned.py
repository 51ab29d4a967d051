"""Retained archives of repositories that are no longer listed, in a manifest. Pure."""

from dataclasses import dataclass
from typing import Any

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.object_list import read_object_list_ref
from backup_contract.documents.parts.entries import HOST, Entry, Identity, Item, is_starred
from backup_contract.documents.parts.results import (
    ItemResult,
    read_archive,
    read_referred,
    with_chain,
)
from backup_contract.documents.parts.upstream import Upstream, read_upstream
from backup_contract.kinds import GIT, WIKI

_RETAINED_FIELDS = ("lfs", "refs_digest", "refs", "archive", "chain", "objects", "object_list")


@dataclass(frozen=True, slots=True)
class OrphanedArchive:
    """An archive that no entry of a listed repository names any more.

    The repository no longer exists on GitHub, is not visible, or has another name. If the object
    differs from the record, ``result.archive`` is None: it cannot be trusted, and its key is not
    used for another repository. ``upstream`` is GitHub's answer about the repository's id; None if
    GitHub was not asked. ``starred``: it was backed up only because of a star.
    """

    key: str
    id: int
    owner: str
    name: str
    kind: str
    result: ItemResult
    host: str = HOST
    upstream: Upstream | None = None
    starred: bool = False

    @property
    def full_name(self) -> str:
        """``owner/name`` when the repository was last backed up."""
        return self.entry.full_name

    @property
    def identity(self) -> Identity:
        """The identity of its repository."""
        return Identity(self.host, self.id)

    @property
    def item(self) -> Item:
        """The archive as an item."""
        return Item(self.entry, self.kind, self.result)

    @property
    def entry(self) -> Entry:
        """The archive as an entry without other kinds."""
        results = {GIT: ItemResult("kept"), self.kind: self.result}
        return Entry(
            self.id,
            self.owner,
            self.name,
            False,
            False,
            False,
            results,
            host=self.host,
            starred=self.starred,
        )

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        result = self.result.document
        return {
            "key": self.key,
            "id": self.id,
            "owner": self.owner,
            "name": self.name,
            "wiki": self.kind == WIKI,
            **({} if self.kind in (GIT, WIKI) else {"kind": self.kind}),
            **({} if self.host == HOST else {"host": self.host}),
            **{name: result[name] for name in _RETAINED_FIELDS if name in result},
            **({"upstream": self.upstream.document} if self.upstream else {}),
            **({"starred": True} if self.starred else {}),
        }


def read_orphaned(document: Fields) -> OrphanedArchive:
    """Read an item of ``kept``. Raises DamagedError."""
    result = ItemResult(
        "kept",
        lfs=fields.flag(document, "lfs"),
        refs_digest=fields.text_or_null(document, "refs_digest"),
        refs=fields.count(document, "refs"),
        archive=read_archive(document, "archive"),
        objects=fields.optional(read_referred, document, "objects"),
        object_list=fields.optional(read_object_list_ref, document, "object_list"),
    )
    if document.get("chain") is not None:
        result = with_chain(result, document)
    key = fields.key(document, "key", layout.ARCHIVES)
    if result.archive and result.archive.key != key:
        raise DamagedError("archive.key", "is not the key of the retained archive")
    return OrphanedArchive(
        key,
        fields.count(document, "id"),
        fields.text(document, "owner"),
        fields.text(document, "name"),
        _kind(document),
        result,
        fields.text(document, "host") if "host" in document else HOST,
        read_upstream(document.get("upstream")),
        is_starred(document),
    )


def _kind(document: Fields) -> str:
    wiki = fields.flag(document, "wiki")
    if "kind" in document:
        return fields.word(document, "kind")
    return WIKI if wiki else GIT
