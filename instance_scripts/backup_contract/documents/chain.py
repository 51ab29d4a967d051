"""``OWNER/REPO+<chain>.json``: the overlays of one base archive, in order. Pure.

A base and its overlays are a chain. Its document has one line, a JSON object, for each overlay, and
lines are only ever appended. The first N lines are the chain of each run that names N links, which
the digest in the run's manifest proves. The document can be created again from the overlays.
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
"""The largest document. A line has about 600 bytes, and compaction keeps a chain to about 60."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The overlays over a base archive, in a manifest.

    ``id`` is the beginning of the base's SHA-256. The ``links`` overlays have ``bytes`` together,
    the last one ``last_bytes``; the run ``run_id`` stored the last one. ``digest`` is the SHA-256
    (hex) of the first ``links`` lines of the chain's document. ``base_refs_digest`` and
    ``base_refs`` describe the base alone, for programs that do not know overlays.
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
        """Its JSON object in the manifest. The arguments describe the refs of the whole chain."""
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
        """Read a chain in a manifest. ``base`` has the fields that describe the base.

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
    """One overlay, as the run that stored it recorded it.

    ``version_id``, ``etag`` and ``checksum`` come from the store, if it has them. ``refs_digest``
    and ``refs`` describe the refs of a restore up to this overlay.
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
        """Its line in the document, including the line end."""
        described = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(described, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, document: Fields) -> "Link":
        """Read the overlay in a line. Raises DamagedError."""
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
    """The document of the chain over the archive ``base_key``.

    ``lines`` are the original bytes, so that fields of later versions are preserved.
    """

    base_key: str
    id: str
    lines: tuple[Line, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def key(self) -> str:
        """The key of this document."""
        return layout.chain_document(self.base_key, self.id)

    @property
    def next_key(self) -> str:
        """The key of the next overlay."""
        return layout.overlay(self.base_key, self.id, len(self.lines) + 1)

    def with_link(self, link: Link) -> "ChainDocument":
        """A copy with this overlay appended."""
        return replace(self, lines=(*self.lines, link.line), links=(*self.links, link))

    def first(self, count: int) -> "ChainDocument":
        """A copy with the first ``count`` overlays."""
        return replace(self, lines=self.lines[:count], links=self.links[:count])

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of all lines."""
        return hashlib.sha256(b"".join(self.lines)).hexdigest()

    def to_bytes(self) -> bytes:
        """The document's bytes."""
        return b"".join(self.lines)

    @classmethod
    def from_bytes(
        cls, data: bytes, base_key: str, chain_id: str, most: int = layout.MOST_LINKS
    ) -> "ChainDocument":
        """Read the first ``most`` lines of a chain's document.

        Raises DamagedError that names the document and the line, also for an overlay that is not
        the next one of this chain.
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
    """The entry in a manifest for all overlays of a document, which has at least one."""
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
