"""The interface of a store, and what it reports about stored objects."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BufferedReader
from typing import IO, Protocol

from backup_contract import object_keys as layout
from backup_contract.documents import chain, object_list
from repo_backup.runtime.errors import RepositoryError

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Capabilities:
    """What a store can do beyond storing objects.

    ``conditional_writes``: of two writes under the same condition, one is refused. ``versions``:
    a replaced object can still be read. ``full_checksums``: it verifies an upload against a
    checksum of the full object, and reports that checksum afterwards.
    """

    conditional_writes: bool
    versions: bool
    full_checksums: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store reports about an object: its size, version and checksum."""

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
    """A small object, its tag for ``write_if``, and when it was written.

    The store's clock gives both ``written_at`` and ``age``; the local clock is not used.
    """

    data: bytes
    tag: str
    written_at: datetime
    age: timedelta


def most_bytes(key: str) -> int:
    """The largest size in bytes that a document under this key can have. No run writes more.

    A repository with a wiki takes 1.2 KB of a manifest and at most 0.3 KB of a report. Other
    documents do not grow. Reading text of four bytes a character takes nine times its size in
    memory.
    """
    if key.endswith(layout.manifest("").removeprefix(layout.RUNS)):
        return 128 * _MIB
    if layout.is_chain_document(key):
        return chain.MOST_BYTES
    if layout.object_list_key(key):
        return object_list.MOST_BYTES
    return 32 * _MIB if key.endswith("/report.json") else _MIB // 16


class Blob(Protocol):
    """An archive to upload. Its bytes can be read repeatedly.

    ``size`` is in bytes. ``part_bytes`` is the length of every part but the last. ``crc32`` covers
    all bytes, each of ``part_crc32s`` one part.
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
        """A seekable file of at most ``part_bytes`` bytes from ``start``."""

    def blocks(self) -> Iterator[bytes]:
        """All bytes, in order."""


class Body(Protocol):
    """A binary to upload. It is read once, in order.

    ``sha256`` (hex) and ``size`` are known beforehand. ``read`` returns the last bytes only if the
    whole matches both; otherwise it raises RepositoryError and keeps it in ``error``.
    """

    sha256: str
    size: int
    error: RepositoryError | None

    def read(self, count: int = -1) -> bytes: ...


class Store(Protocol):
    """A destination. An object appears under its key only when it is complete.

    All methods raise RepositoryError if one object is concerned, FatalError otherwise.
    """

    part_bytes: int
    capabilities: Capabilities

    @property
    def case_sensitive(self) -> bool:
        """Whether keys that differ only in case are different keys."""

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """Store an archive. ``new``: only if the key is free or already has this archive.

        Raises ConflictError if the key has something else.
        """

    def put_object(self, key: str, body: Body, *, replace: bool = False) -> None:
        """Store a binary, and verify that the store has the right bytes.

        Raises ConflictError if the key is taken, unless ``replace`` is set. Raises what
        ``body.read`` raises; then nothing is stored.
        """

    def object_sha256(self, key: str) -> str | None:
        """The SHA-256 (hex) of an object, as the store reports it or else by reading; or None."""

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Store a small object."""

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """Store a small object if its tag is still ``tag`` (None: if it does not exist).

        Returns its new tag. Raises ConflictError.
        """

    def read(self, key: str) -> bytes | None:
        """A small object, or None. Raises DamagedError above ``most_bytes(key)``."""

    def read_tagged(self, key: str) -> Tagged | None:
        """A small object with its tag, or None. If it is too large, only its beginning."""

    def objects(self, prefix: str) -> dict[str, Stored]:
        """All current objects under a prefix, by key."""

    def names(self, folder: str, since: str) -> Iterator[str]:
        """The keys directly below a folder, from the key ``since`` on, in order."""

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """The ids of runs with a manifest, and when it was written here, latest first.

        The manifest may not be published yet: use :mod:`repo_backup.store.written.run_documents`
        to read it.
        """

    def run_ids(self) -> list[str]:
        """The ids of runs with a manifest, ordered by when it was written, latest first."""

    def versions(self, key: str) -> list[Version]:
        """The versions of an object, newest first."""

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """The ids of all readable versions under a prefix, by key.

        Empty if the store keeps only the latest version.
        """

    def open(self, key: str, version_id: str | None = None) -> AbstractContextManager[IO[bytes]]:
        """Open an object for reading. Raises NotFoundError."""

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        """``count`` bytes of an object from offset ``start``; fewer at its end.

        Raises NotFoundError.
        """

    def tidy(self, older_than: timedelta) -> None:
        """Remove leftovers of killed writers. Only the holder of the lease calls this.

        ``older_than`` is how long a writer that has lost the lease may go on without knowing it.
        It is no error if something cannot be removed.
        """
