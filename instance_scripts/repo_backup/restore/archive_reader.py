"""The way back: find an archive, download it, check it, unpack it."""

import errno
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import GIT
from repo_backup.kinds.registry import kind_named
from repo_backup.runtime.budgets import available_memory_bytes
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import NotFoundError, RepositoryError, UnreadableError
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Store

_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class ArchiveRef:
    """An archive at the destination; ``part`` is None when no manifest names it."""

    name: str
    key: str
    version_id: str | None
    part: ItemResult | None
    remarks: tuple[str, ...] = ()
    kind: str = GIT


class OtherArchiveError(RepositoryError):
    """What lies there is not what the manifest says; ``sha256`` is that of what does."""

    def __init__(self, key: str, sha256: str) -> None:
        super().__init__(f"{key} is not what the manifest says (SHA-256 differs)")
        self.sha256 = sha256


@dataclass(frozen=True)
class Restored:
    """What was unpacked and checked, a bare mirror where it is git; ``remarks`` are what a person
    should know."""

    path: Path
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Reader:
    """Brings archives back. ``memory_bytes`` is what git may take to check them."""

    store: Store
    patience: Patience
    memory_bytes: int

    def fetch(self, found: ArchiveRef, into: Path) -> Restored:
        """Download, check against the manifest, unpack below ``into`` and check as its kind does.

        Raises OtherArchiveError when the archive is not what the manifest says, UnfitMachineError
        when this machine cannot read or check it, and another RepositoryError when it is not
        whole; then nothing of it is left there.
        """
        kind = kind_named(found.kind)
        into = into.expanduser().resolve()  # git is run elsewhere
        try:
            into.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=into) as file:
                self._download(found, file)
                unpacked = kind.unpack(file, into)
        except OSError as error:
            raise unreadable(error, into) from error
        try:
            remarks = kind.check(unpacked, found.part, self.memory_bytes, self.patience.stop)
        except BaseException:
            shutil.rmtree(unpacked, ignore_errors=True)
            raise
        return Restored(unpacked, (*found.remarks, *remarks))

    def _download(self, found: ArchiveRef, file: IO[bytes]) -> None:
        """The version that the manifest names; in a copied bucket versions have other names.

        Raises OtherArchiveError when the SHA-256 is not the manifest's.
        """
        expected = found.part.archive if found.part else None
        version_id = found.version_id if self.store.capabilities.versions else None
        try:
            digest = self._read(found.key, version_id, file)
        except NotFoundError:
            if not (expected and version_id):
                raise
            digest = self._read(found.key, None, file)
        if expected and digest != expected.sha256:
            raise OtherArchiveError(found.key, digest)

    def _read(self, key: str, version_id: str | None, file: IO[bytes]) -> str:
        """An object into a file; its SHA-256 (hex). A read that breaks off is begun again."""

        def read() -> str:
            file.seek(0)
            file.truncate()
            digest = hashlib.sha256()
            with self.store.open(key, version_id) as source:
                while block := _block(source, key):
                    digest.update(block)
                    file.write(block)
            return digest.hexdigest()

        digest = self.patience.call(read)
        file.seek(0)
        return digest


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def _block(source: IO[bytes], key: str) -> bytes:
    try:
        return source.read(_BLOCK_BYTES)
    except OSError as error:
        raise unreadable(error, key) from error


def unreadable(error: OSError, place: Path | str) -> UnreadableError:
    """What a person can do where an archive cannot be read, or not be unpacked to ``place``."""
    where = error.filename or place
    reason = error.strerror or type(error).__name__
    if error.errno in _NO_ROOM:
        remedy = "make room there, or name another directory (--into, TMPDIR)"
    elif isinstance(error, PermissionError):
        remedy = "run as a user who may read it, or change its rights"
    else:
        remedy = "check the disk and the file system"
    return UnreadableError(f"{where}: {reason}; {remedy}")


SHARE = 0.8
"""Of the free disk and memory; the rest is for everybody else."""


def open_reader(store: Store, stop: Stop) -> Reader:
    """What reads archives back, in the memory that this machine can spare now."""
    return Reader(store, Patience(stop), int(available_memory_bytes() * SHARE))
