"""What a store must be able to do, and what it says of what lies there."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BufferedReader
from typing import IO, Protocol

from backup_contract import object_keys as layout
from backup_contract.documents import chain
from repo_backup.runtime.errors import RepositoryError

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Capabilities:
    """What a store can do beyond keeping objects.

    ``conditional_writes``: of two that write under one condition, one is refused. ``versions``:
    what is replaced can still be read. ``full_checksums``: it checks an archive as it takes it, by
    a checksum of all its bytes, and names that afterwards.
    """

    conditional_writes: bool
    versions: bool
    full_checksums: bool


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True)
class Tagged:
    """A small object, its tag for ``write_if``, and when it was written, by the store's own clock.

    ``age`` is measured by that clock as well, so that no other clock has a say in it.
    """

    data: bytes
    tag: str
    written_at: datetime
    age: timedelta


def most_bytes(key: str) -> int:
    """How large the document under a key may be; what is larger, no run wrote.

    A repository with a wiki takes 1.2 KB of a manifest and at most 0.3 KB of a report; the others
    do not grow. Text of four bytes a character takes nine times as much memory to read.
    """
    if key.endswith(layout.manifest("").removeprefix(layout.RUNS)):
        return 128 * _MIB
    if layout.is_chain_document(key):
        return chain.MOST_BYTES
    return 32 * _MIB if key.endswith("/report.json") else _MIB // 16


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


class Body(Protocol):
    """A binary on its way to a store, read once from its beginning to its end.

    ``sha256`` (hex) and ``size`` are known beforehand. Its last bytes are given only if all of them
    are what was named; else ``read`` raises RepositoryError, which ``error`` keeps.
    """

    sha256: str
    size: int
    error: RepositoryError | None

    def read(self, count: int = -1) -> bytes: ...


class Store(Protocol):
    """A destination. Every object appears under its key only when complete.

    All methods raise RepositoryError for what concerns one object, FatalError for all else.
    """

    part_bytes: int
    capabilities: Capabilities

    @property
    def case_sensitive(self) -> bool:
        """Whether keys that differ in case only are different."""

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """Store an archive. ``new``: only where there is nothing, or this very archive.

        Raises ConflictError where something else is there.
        """

    def put_object(self, key: str, body: Body, *, replace: bool = False) -> None:
        """Store a binary, and see that the store has it as it should be.

        Raises ConflictError where something is there, unless that is to be replaced, and what
        ``body.read`` raises: then nothing is stored.
        """

    def object_sha256(self, key: str) -> str | None:
        """The SHA-256 (hex) of what lies there, or None: the store's own, or else by reading it."""

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Store a small object."""

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """Store a small object if its tag is still ``tag`` (None: if there is none); its new tag.

        Raises ConflictError.
        """

    def read(self, key: str) -> bytes | None:
        """A small object, or None. Raises DamagedError above ``most_bytes(key)``."""

    def read_tagged(self, key: str) -> Tagged | None:
        """A small object with its tag, or None. Of one that is too large only the beginning."""

    def objects(self, prefix: str) -> dict[str, Stored]:
        """Every current object below a prefix, by key."""

    def names(self, folder: str, since: str) -> Iterator[str]:
        """The keys directly below a folder, from the key ``since`` on, in order."""

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """The runs that left a manifest, and when it was written here; the latest first.

        It may not be published yet: :mod:`repo_backup.store.written.run_documents` reads it.
        """

    def run_ids(self) -> list[str]:
        """The runs that left a manifest, the latest written first, whatever they are named."""

    def versions(self, key: str) -> list[Version]:
        """The versions of an object, newest first."""

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """The ids of all versions that can still be read below a prefix, by key.

        Empty where the store keeps only the latest.
        """

    def open(self, key: str, version_id: str | None = None) -> AbstractContextManager[IO[bytes]]:
        """An object for reading. Raises NotFoundError."""

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        """``count`` bytes of an object from ``start`` on, fewer at its end.

        Raises NotFoundError.
        """

    def tidy(self, older_than: timedelta) -> None:
        """Remove what killed writers left behind; for the only writer there is.

        ``older_than`` is how long one that has lost its right to write may go on without knowing.
        What cannot be removed is no error.
        """
