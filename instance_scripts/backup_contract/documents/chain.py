"""``OWNER/REPO+<chain>.json``: the overlays of one base archive, in their order. Pure.

A base and its overlays are a chain. Its document has one JSON object a line, an overlay each, and
only ever grows at its end: the first N lines are the chain of every run that names N links, and
their digest in that run's manifest proves it. The list can be created again from the overlays.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields

Line = bytes
MOST_BYTES = 8 << 20
"""Of a document: a line has some 600 bytes, and a chain some 60 of them where it is compacted."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a manifest says of the overlays over a base archive.

    ``id`` begins the base's SHA-256. ``links`` overlays have ``bytes`` together, the last of them
    ``last_bytes``; the run ``run_id`` put that one. ``digest`` is the SHA-256 (hex) of the first
    ``links`` lines of the chain's document. ``base_refs_digest`` and ``base_refs`` tell of the base
    alone: programs that know no overlays read these, and so see the base as what it is.
    """

    id: str
    links: int
    bytes: int
    last_bytes: int
    digest: str
    run_id: str
    base_refs_digest: str | None
    base_refs: int

    def document(self, refs_digest: str | None, refs: int) -> dict[str, Any]:
        """As it stands in the manifest, with what the whole chain holds."""
        return {
            "id": self.id,
            "links": self.links,
            "bytes": self.bytes,
            "last_bytes": self.last_bytes,
            "digest": self.digest,
            "run_id": self.run_id,
            "refs_digest": refs_digest,
            "refs": refs,
        }

    @classmethod
    def read(cls, document: Fields, base: Fields) -> "Chain":
        """A chain in the manifest; ``base`` holds the fields of the base beside it.

        Raises DamagedError.
        """
        read = cls(
            fields.text(document, "id"),
            fields.count(document, "links"),
            fields.count(document, "bytes"),
            fields.count(document, "last_bytes"),
            fields.sha256(document, "digest"),
            fields.run_id(document, "run_id"),
            fields.text_or_null(base, "refs_digest"),
            fields.count(base, "refs"),
        )
        if not 1 <= read.links <= layout.MOST_LINKS:
            raise DamagedError("links", f"is not a number from 1 to {layout.MOST_LINKS}")
        return read


@dataclass(frozen=True, slots=True)
class Link:
    """One overlay, as the run that put it wrote it down.

    ``version_id``, ``etag`` and ``checksum`` are the store's own, where it has such.
    ``refs_digest`` and ``refs`` tell what a restore up to here holds.
    """

    key: str
    bytes: int
    sha256: str
    run_id: str
    refs_digest: str | None
    refs: int
    version_id: str | None = None
    etag: str | None = None
    checksum: Mapping[str, str] | None = None

    @property
    def line(self) -> Line:
        """Its line of the document, with the line's end."""
        described = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(described, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, document: Fields) -> "Link":
        """The overlay in a line. Raises DamagedError."""
        return cls(
            fields.key(document, "key", layout.ARCHIVES),
            fields.count(document, "bytes"),
            fields.sha256(document, "sha256"),
            fields.run_id(document, "run_id"),
            fields.text_or_none(document, "refs_digest"),
            fields.count(document, "refs"),
            fields.text_or_none(document, "version_id"),
            fields.text_or_none(document, "etag"),
            fields.optional(fields.checksum, document, "checksum"),
        )


@dataclass(frozen=True, slots=True)
class ChainDocument:
    """The overlays over the archive ``base_key``; ``lines`` are as they were written.

    Lines of a later version keep the fields that this one does not know.
    """

    base_key: str
    id: str
    lines: tuple[Line, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def key(self) -> str:
        """Where it lies."""
        return layout.chain_document(self.base_key, self.id)

    @property
    def next_key(self) -> str:
        """The key of the overlay that follows the last."""
        return layout.overlay(self.base_key, self.id, len(self.lines) + 1)

    def with_link(self, link: Link) -> "ChainDocument":
        """The same with one more overlay."""
        return replace(self, lines=(*self.lines, link.line), links=(*self.links, link))

    def first(self, count: int) -> "ChainDocument":
        """The chain of a run that names so many overlays."""
        return replace(self, lines=self.lines[:count], links=self.links[:count])

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of all lines."""
        return hashlib.sha256(b"".join(self.lines)).hexdigest()

    def to_bytes(self) -> bytes:
        """The document."""
        return b"".join(self.lines)

    @classmethod
    def from_bytes(
        cls, data: bytes, base_key: str, chain_id: str, most: int = layout.MOST_LINKS
    ) -> "ChainDocument":
        """Read the first ``most`` lines of a chain's document.

        Raises DamagedError that names the document and the line: also for an overlay that is not
        the next of this chain.
        """
        key = layout.chain_document(base_key, chain_id)
        if len(data) > MOST_BYTES:
            raise DamagedError("", f"it has {len(data)} bytes, {MOST_BYTES} at most", key)
        lines = tuple(data.splitlines(keepends=True)[:most])
        links = []
        for number, line in enumerate(lines, 1):
            try:
                links.append(_link(line, layout.overlay(base_key, chain_id, number)))
            except DamagedError as error:
                where = f"line {number}: {error.path}" if error.path else f"line {number}:"
                raise DamagedError(where, error.what, key) from error
        return cls(base_key, chain_id, lines, tuple(links))


def _link(line: bytes, key: str) -> Link:
    if not line.endswith(b"\n"):
        raise DamagedError("", "it has no end")
    link = fields.decode(line, Link.read)
    if link.key != key:
        raise DamagedError("key", f"is not {key}")
    return link


def chain_of(document: ChainDocument, base_refs_digest: str | None, base_refs: int) -> Chain:
    """What a manifest says of all overlays of a document, of which there is one at least."""
    last = document.links[-1]
    return Chain(
        document.id,
        len(document.links),
        sum(link.bytes for link in document.links),
        last.bytes,
        document.digest,
        last.run_id,
        base_refs_digest,
        base_refs,
    )
