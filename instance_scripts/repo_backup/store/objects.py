"""Binaries by their content: each lies once at the destination, whatever refers to it.

An object counts only if the store's own SHA-256 of it, or that of its bytes read back, is the one
in its key: whoever may write to a bucket can put anything anywhere.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Protocol

from backup_contract import object_keys as layout
from repo_backup.runtime.errors import (
    ConflictError,
    RepositoryError,
    TransientError,
    WrongBytesError,
)
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Store

BLOCK_BYTES = 1 << 20


class Readable(Protocol):
    """Where a binary's bytes come from."""

    def read(self, count: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class StoredObject:
    """A binary that is at the destination. ``put``: this call put it there.

    ``was_false``: something else lay under its key, whoever put it there, and was replaced.
    """

    sha256: str
    bytes: int
    put: bool
    was_false: bool = False


class HashedBody:
    """Bytes on their way to a store, which gets the last of them only if all are right.

    ``error`` is what went wrong with them, for whoever finds the store's client broken by it.
    """

    def __init__(self, stream: Readable, sha256: str, size: int) -> None:
        self.sha256, self.size = sha256, size
        self.error: RepositoryError | None = None
        self._stream = stream
        self._left = size
        self._digest = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        """At most so many bytes; all of them where ``count`` is negative.

        Raises WrongBytesError for other bytes, or another number of them, than was named,
        TransientError when they end too early, and what the stream raises.
        """
        try:
            if count is None or count < 0:
                return b"".join(iter(lambda: self._next(BLOCK_BYTES), b""))
            return self._next(count)
        except RepositoryError as error:
            self.error = error
            raise

    def _next(self, count: int) -> bytes:
        if not self._left:
            return b""
        block = self._stream.read(min(count, self._left))
        if not block:
            got = self.size - self._left
            raise TransientError(f"it broke off after {got} of {self.size} bytes")
        self._digest.update(block)
        self._left -= len(block)
        if not self._left:
            if self._stream.read(1):
                raise WrongBytesError(f"it has more than the {self.size} bytes that were named")
            if (found := self._digest.hexdigest()) != self.sha256:
                raise WrongBytesError(f"its bytes have the SHA-256 {found}")
        return block


class ObjectStore:
    """The objects of one destination, for all threads of a run.

    What this run has found right, or put, is not asked for again.
    """

    def __init__(self, store: Store, patience: Patience) -> None:
        self._store = store
        self._patience = patience
        self._right: set[bytes] = set()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._changing = threading.Lock()

    def has(self, sha256: str) -> bool:
        """Whether the object is there, and is what its key says. Raises what the store raises."""
        return self._state(sha256) is True

    def put(
        self,
        sha256: str,
        size: int,
        open_stream: Callable[[], AbstractContextManager[Readable]],
    ) -> StoredObject:
        """Store what ``open_stream`` gives, unless it is there already: then nothing is read.

        Two threads that want the same object read it once. Raises WrongBytesError when it gives
        something else, another RepositoryError when it cannot be read or stored.
        """
        with self._alone(sha256):
            there = self._state(sha256)
            if there is True:
                return StoredObject(sha256, size, put=False)
            was_false = there is False
            try:
                self._send(sha256, size, open_stream, replace=was_false)
            except ConflictError:
                # An answer that got lost, or somebody else, who may have put anything.
                if self._state(sha256):
                    return StoredObject(sha256, size, put=True)
                was_false = True
                self._send(sha256, size, open_stream, replace=True)
            self._right.add(bytes.fromhex(sha256))
            return StoredObject(sha256, size, put=True, was_false=was_false)

    def put_file(self, file: IO[bytes]) -> StoredObject:
        """Store a file whose SHA-256 nobody names: it is read once more than it is sent."""
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

        @contextlib.contextmanager
        def open_file() -> Iterator[Readable]:
            file.seek(0)
            yield file

        return self.put(sha256, file.seek(0, 2), open_file)

    def open(self, sha256: str) -> AbstractContextManager[IO[bytes]]:
        """An object for reading. Raises NotFoundError."""
        return self._store.open(layout.content(sha256))

    def _state(self, sha256: str) -> bool | None:
        """Whether what lies there is right; None if nothing does."""
        digest = bytes.fromhex(sha256)
        if digest in self._right:
            return True
        key = layout.content(sha256)
        found = self._patience.call(lambda: self._store.object_sha256(key))
        if found == sha256:
            self._right.add(digest)
        return None if found is None else found == sha256

    def _send(
        self,
        sha256: str,
        size: int,
        open_stream: Callable[[], AbstractContextManager[Readable]],
        *,
        replace: bool,
    ) -> None:
        def once() -> None:
            with open_stream() as stream:
                body = HashedBody(stream, sha256, size)
                self._store.put_object(layout.content(sha256), body, replace=replace)

        self._patience.call(once)

    @contextlib.contextmanager
    def _alone(self, sha256: str) -> Iterator[None]:
        """One thread for each object; its lock goes with the last that waits for it."""
        with self._changing:
            lock, waiting = self._locks.get(sha256, (threading.Lock(), 0))
            self._locks[sha256] = lock, waiting + 1
        try:
            with lock:
                yield
        finally:
            with self._changing:
                lock, waiting = self._locks.pop(sha256)
                if waiting > 1:
                    self._locks[sha256] = lock, waiting - 1
