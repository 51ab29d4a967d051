"""What a store must be able to do, and what it says of what lies there."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from typing import IO, Protocol


@dataclass(frozen=True)
class Stored:
    """What the store says of an object: how to find this very version, and its own checksum."""

    bytes: int
    etag: str | None = None
    version_id: str | None = None
    checksum: dict[str, str] | None = None


@dataclass(frozen=True)
class Version:
    """One version of an object; ``id`` is None where the store keeps only the latest."""

    id: str | None
    modified_at: str
    bytes: int
    latest: bool


class Blob(Protocol):
    """Bytes that can be read again and again: an archive on its way to a store.

    ``size`` is in bytes. ``part_bytes`` is the length of every part but the last; ``crc32`` is that
    of all bytes, ``part_crc32s`` those of the parts.
    """

    @property
    def size(self) -> int: ...

    @property
    def part_bytes(self) -> int: ...

    @property
    def crc32(self) -> int: ...

    @property
    def part_crc32s(self) -> Sequence[int]: ...

    def part(self, start: int) -> BufferedReader:
        """A seekable file of the bytes from ``start``, ``part_bytes`` at most."""

    def blocks(self) -> Iterator[bytes]:
        """All bytes from the beginning to the end."""


class Store(Protocol):
    """A destination. Every object appears under its key only when complete.

    All methods raise RepositoryError for what concerns one object, FatalError for all else.
    """

    part_bytes: int

    @property
    def case_sensitive(self) -> bool:
        """Whether keys that differ in case only are different."""

    def put_archive(self, key: str, archive: Blob) -> Stored:
        """Store an archive."""

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Store a small object."""

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """Store a small object if its tag is still ``tag`` (None: if there is none); its new tag.

        Raises ConflictError.
        """

    def read(self, key: str) -> bytes | None:
        """A small object, or None."""

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """A small object and its tag for ``write_if``, or None."""

    def objects(self, prefix: str) -> dict[str, Stored]:
        """Every current object below a prefix, by key."""

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """The runs that left a manifest, and when it was written here; the latest first."""

    def run_ids(self) -> list[str]:
        """The runs that left a manifest, the latest written first, whatever they are named."""

    def versions(self, key: str) -> list[Version]:
        """The versions of an object, newest first."""

    def open(self, key: str, version_id: str | None = None) -> AbstractContextManager[IO[bytes]]:
        """An object for reading. Raises NotFoundError."""

    def tidy(self) -> None:
        """Remove what a killed writer left behind; for the only writer there is."""
