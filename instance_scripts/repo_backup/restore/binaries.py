"""Checks the binaries that an archive refers to, and restores them to their places."""

import contextlib
import hashlib
import os
import random
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backup_contract import object_keys as layout
from backup_contract.text import size as shown
from repo_backup.kinds.base import Referring
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import (
    LackingFilesError,
    NotFoundError,
    RepositoryError,
    TransientError,
    WrongBytesError,
)
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store
from repo_backup.store.objects import ObjectStore

AT_ONCE = 4
_BLOCK_BYTES = 1 << 20
_MOST_NAMED = 3

Binaries = Iterable[tuple[str, int]]
"""SHA-256 (hex) and size of each."""


@dataclass(frozen=True)
class RestoredBinaries:
    """How many binaries are in place, and their bytes. ``failed`` says which are not, and why."""

    count: int
    bytes: int
    failed: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """For people."""
        in_place = (f"{_objects(self.count)} ({shown(self.bytes)}) in place",) if self.count else ()
        return (*in_place, *_named(self.failed, "could not be restored"))


def check_binaries(
    store: Store, retry_policy: RetryPolicy, binaries: Binaries, most: int | None = None
) -> None:
    """Check each binary at the destination; with ``most``, only so many at random.

    Raises LackingFilesError that names some bad ones.
    """
    objects, every = ObjectStore(store, retry_policy), [sha256 for sha256, _ in binaries]
    if most is not None and len(every) > most:
        every = random.sample(every, most)
    right = at_once(lambda number: objects.has(every[number]), len(every), AT_ONCE)
    wrong = [layout.content(each) for each, good in zip(every, right, strict=True) if not good]
    if wrong:
        raise LackingFilesError(_named(tuple(wrong), "missing, or other than the key says")[0])


def restore_binaries(
    store: Store, retry_policy: RetryPolicy, kind: Referring, unpacked: Path
) -> RestoredBinaries:
    """Restore each binary to its place in the kind's layout. Right ones stay as they are.

    Raises OSError for errors of the disk, and FatalError.
    """
    binaries = [*kind.places(unpacked)]

    def bring(number: int) -> str:
        sha256, size, place = binaries[number]
        try:
            _restore(store, retry_policy, sha256, size, place)
        except RepositoryError as error:
            return f"{layout.content(sha256)}: {error}"
        return ""

    found = at_once(bring, len(binaries), AT_ONCE)
    good = [size for (_, size, _), reason in zip(binaries, found, strict=True) if not reason]
    return RestoredBinaries(len(good), sum(good), tuple(filter(None, found)))


def _restore(store: Store, retry_policy: RetryPolicy, sha256: str, size: int, place: Path) -> None:
    if place.is_file():
        with place.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                return
    place.parent.mkdir(parents=True, exist_ok=True)
    key = layout.content(sha256)
    reason: RepositoryError = NotFoundError(f"there is no {key}")
    # If somebody replaced it later, the earlier version is still there.
    for version_id in _versions(store, key):
        try:
            with _incoming(place) as file:
                retry_policy.call(lambda: _read(store, key, version_id, sha256, size, file))  # noqa: B023 - called at once
        except (WrongBytesError, NotFoundError) as error:
            reason = error
        else:
            return
    raise reason


def _versions(store: Store, key: str) -> Iterator[str | None]:
    yield None
    yield from (each.id for each in store.versions(key) if each.id and not each.latest)


def _read(
    store: Store, key: str, version_id: str | None, sha256: str, size: int, file: IO[bytes]
) -> None:
    """Copy a binary. Its SHA-256 decides: a Git LFS pointer may have another ``size``."""
    file.seek(0)
    file.truncate()
    digest = hashlib.sha256()
    with store.open(key, version_id) as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            file.write(block)
    if (found := digest.hexdigest()) != sha256:
        if file.tell() < size:
            raise TransientError(f"the download ended after {file.tell()} of {size} bytes")
        raise WrongBytesError(f"its bytes have the SHA-256 {found}")


@contextlib.contextmanager
def _incoming(place: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is complete."""
    descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _named(lines: tuple[str, ...], what: str) -> tuple[str, ...]:
    if not lines:
        return ()
    few = "; ".join(lines[:_MOST_NAMED])
    more = f"; and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
    return (f"{_objects(len(lines))} {what}: {few}{more}",)


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"
