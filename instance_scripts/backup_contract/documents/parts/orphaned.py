"""What a manifest says of archives that no listed repository has any more. Pure."""

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

_OF_KEPT = ("lfs", "refs_digest", "refs", "archive", "chain", "objects", "object_list")


@dataclass(frozen=True, slots=True)
class OrphanedArchive:
    """An archive that no listed repository's entry names any more: whose, and what is in it.

    The repository is gone from GitHub, or has another name now. ``result.archive`` is None when
    what lies there is not what was recorded: nobody vouches for it, and nobody else gets its key.
    ``upstream`` is what GitHub told of the repository by its id; None where nobody asked.
    ``starred``: it was backed up for a star alone.
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
            **({"starred": True} if self.starred else {}),
        }


def read_orphaned(document: Fields) -> OrphanedArchive:
    """An item of ``kept``. Raises DamagedError."""
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
        is_starred(document),
    )


def _kind(document: Fields) -> str:
    wiki = fields.flag(document, "wiki")
    if "kind" in document:
        return fields.word(document, "kind")
    return WIKI if wiki else GIT
