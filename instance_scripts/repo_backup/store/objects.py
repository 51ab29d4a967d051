"""Content-addressed binaries: each is stored once, even if several archives refer to it.

An object counts only if its SHA-256 is the one in its key. The store reports the SHA-256, or the
bytes are read back: anyone who may write to a bucket can put any content under any key.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Protocol

from backup_contract import object_keys as layout
from backup_contract.documents.parts.objects_put import ObjectsPut
from repo_backup.runtime.errors import (
    ConflictError,
    RepositoryError,
    TransientError,
    WrongBytesError,
)
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store

BLOCK_BYTES = 1 << 20
_SHA256_OF_NOTHING = hashlib.sha256(b"").hexdigest()


class Readable(Protocol):
    """Where a binary's bytes come from."""

    def read(self, count: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class StoredObject:
    """A binary at the destination. ``put``: this call stored it.

    ``was_false``: its key had other content, which was replaced.
    """

    sha256: str
    bytes: int
    put: bool
    was_false: bool = False


class HashedBody:
    """A binary to upload. The store gets its last bytes only if the whole is right.

    ``error`` keeps what went wrong, because a store's client may hide the exception. Raises
    WrongBytesError if the binary is empty by its size, and not by its SHA-256.
    """

    def __init__(self, stream: Readable, sha256: str, size: int) -> None:
        if not size and sha256 != _SHA256_OF_NOTHING:
            raise WrongBytesError("its SHA-256 is not that of an empty file, which its size says")
        self.sha256, self.size = sha256, size
        self.error: RepositoryError | None = None
        self._stream = stream
        self._left = size
        self._digest = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        """At most ``count`` bytes; all of them if ``count`` is negative.

        Raises WrongBytesError if the SHA-256 or the size does not match, TransientError if the
        stream ends too early, and what the stream raises.
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
            raise TransientError(f"the download ended after {got} of {self.size} bytes")
        self._digest.update(block)
        self._left -= len(block)
        if not self._left:
            if self._stream.read(1):
                raise WrongBytesError(f"it is longer than the expected {self.size} bytes")
            if (found := self._digest.hexdigest()) != self.sha256:
                raise WrongBytesError(f"its bytes have the SHA-256 {found}")
        return block


class ObjectStore:
    """The objects of one destination, for all threads of a run.

    Objects that this run has verified or stored are not requested again. ``put_so_far`` counts
    those that it stored.
    """

    def __init__(self, store: Store, retry_policy: RetryPolicy) -> None:
        self._store = store
        self._retry_policy = retry_policy
        self._right: set[bytes] = set()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._changing = threading.Lock()
        self.put_so_far = ObjectsPut()

    def has(self, sha256: str) -> bool:
        """Whether the object is stored with the right content. Raises what the store raises."""
        return self._state(sha256) is True

    def put(
        self,
        sha256: str,
        size: int,
        open_stream: Callable[[], AbstractContextManager[Readable]],
    ) -> StoredObject:
        """Store the bytes of ``open_stream``. If the object is stored already, nothing is read.

        If two threads want the same object, it is read once. Raises WrongBytesError if the stream
        has other content, another RepositoryError if it cannot be read or stored.
        """
        with self._alone(sha256):
            there = self._state(sha256)
            if there is True:
                return StoredObject(sha256, size, put=False)
            was_false = there is False
            try:
                self._send(sha256, size, open_stream, replace=was_false)
            except ConflictError:
                # A response was lost, or another writer put something here: check which.
                if self._state(sha256):
                    self._count(size)
                    return StoredObject(sha256, size, put=True)
                was_false = True
                self._send(sha256, size, open_stream, replace=True)
            self._right.add(bytes.fromhex(sha256))
            self._count(size)
            return StoredObject(sha256, size, put=True, was_false=was_false)

    def put_file(self, file: IO[bytes]) -> StoredObject:
        """Store a file of unknown SHA-256. It is read once to compute that, then uploaded."""
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

        @contextlib.contextmanager
        def open_file() -> Iterator[Readable]:
            file.seek(0)
            yield file

        return self.put(sha256, file.seek(0, 2), open_file)

    def open(self, sha256: str) -> AbstractContextManager[IO[bytes]]:
        """Open an object for reading. Raises NotFoundError."""
        return self._store.open(layout.content(sha256))

    def _count(self, size: int) -> None:
        with self._changing:
            self.put_so_far += ObjectsPut(1, size)

    def _state(self, sha256: str) -> bool | None:
        """Whether the stored object has the right content; None if there is none."""
        digest = bytes.fromhex(sha256)
        if digest in self._right:
            return True
        key = layout.content(sha256)
        found = self._retry_policy.call(lambda: self._store.object_sha256(key))
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

        self._retry_policy.call(once)

    @contextlib.contextmanager
    def _alone(self, sha256: str) -> Iterator[None]:
        """Let one thread at a time work on an object. The last one that waits removes the lock."""
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
