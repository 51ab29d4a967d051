"""The way back: find an archive, download it, check it, unpack it."""

import errno
import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Link
from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import GIT
from repo_backup.kinds.base import Kind, Referring
from repo_backup.kinds.registry import kind_named
from repo_backup.restore.binaries import check_binaries
from repo_backup.restore.overlay_chain import OverlayChain, overlays_of
from repo_backup.runtime.budgets import available_memory_bytes
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import (
    NotFoundError,
    RepositoryError,
    StoreRefusedError,
    TransientError,
    UnfitMachineError,
    UnreadableError,
)
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Store

_BLOCK_BYTES = 1024 * 1024
SAYS_NOTHING = (UnfitMachineError, StoreRefusedError, TransientError)
"""Errors that say nothing of the archive."""


@dataclass(frozen=True)
class ArchiveRef:
    """An archive at the destination; ``part`` is None when no manifest names it.

    ``part.chain`` tells how many overlays are laid over it. Of an archive that no manifest names
    all that are there are, but no more than ``most_links``.
    """

    name: str
    key: str
    version_id: str | None
    part: ItemResult | None
    remarks: tuple[str, ...] = ()
    kind: str = GIT
    most_links: int = layout.MOST_LINKS


class OtherArchiveError(RepositoryError):
    """What lies there is not what the manifest says; ``sha256`` is that of what does.

    ``it_is`` says what that is, if anybody knows.
    """

    def __init__(self, key: str, sha256: str, it_is: str = "") -> None:
        what = f": it is {it_is}" if it_is else ""
        super().__init__(f"{key} is not what the manifest says (SHA-256 differs){what}")
        self.sha256 = sha256


class BrokenChainError(RepositoryError):
    """An overlay is missing, or is not what its run put; ``before`` is all that comes before it."""

    def __init__(self, reason: str, before: ArchiveRef) -> None:
        super().__init__(reason)
        self.before = before


@dataclass(frozen=True)
class Restored:
    """What was unpacked and checked, a bare mirror where it is git; ``remarks`` are what a person
    should know. ``incomplete``: it is an earlier state than was asked for."""

    path: Path
    remarks: tuple[str, ...]
    incomplete: bool = False


@dataclass(frozen=True)
class Reader:
    """Brings archives back. ``memory_bytes`` is what git may take to check them.

    Of the binaries that an archive refers to ``most_objects`` are looked at, or all.
    """

    store: Store
    patience: Patience
    memory_bytes: int
    most_objects: int | None = None

    def fetch(self, found: ArchiveRef, into: Path, *, put_now: bool = False) -> Restored:
        """Download, check against the manifest, unpack below ``into`` and check as its kind does.

        Its overlays are laid over it in their order, and the whole is checked once. ``put_now``:
        this run put all of it, and knows its objects to be good if the SHA-256 is right. Raises
        OtherArchiveError when the archive is not what the manifest says, BrokenChainError when an
        overlay is not, UnfitMachineError when this machine cannot read or check it, and another
        RepositoryError when it is not whole; then nothing of it is left there.
        """
        kind = kind_named(found.kind)
        into = into.expanduser().resolve()  # git is run elsewhere
        try:
            into.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=into) as file:
                sha256 = self._download(found, file)
                unpacked = kind.unpack(file, into)
        except OSError as error:
            raise unreadable(error, into) from error
        try:
            chain = overlays_of(self.store, found.key, sha256, found.part)
            self._lay_overlays(kind, found, chain, unpacked)
            same_bytes = put_now and (not chain.count or chain.document is not None)
            remarks = self._checked(kind, found, chain, unpacked, same_bytes=same_bytes)
        except BaseException:
            shutil.rmtree(unpacked, ignore_errors=True)
            raise
        return Restored(unpacked, (*found.remarks, *chain.remarks, *remarks))

    def _lay_overlays(
        self, kind: Kind, found: ArchiveRef, chain: OverlayChain, unpacked: Path
    ) -> None:
        """Lay each over the base. Raises BrokenChainError that names the first at fault."""
        for number, key, link in chain.overlays:
            if number > found.most_links:
                break
            try:
                with tempfile.TemporaryFile(dir=unpacked.parent) as file:
                    self._download_overlay(key, link, file)
                    kind.lay_over(file, unpacked)
            except NotFoundError as error:
                if chain.count is None:
                    break
                raise _broken(found, chain, number, str(error)) from error
            except SAYS_NOTHING:
                raise
            except RepositoryError as error:
                raise _broken(found, chain, number, f"{key}: {error}") from error
            except OSError as error:
                raise unreadable(error, unpacked.parent) from error

    def _checked(
        self,
        kind: Kind,
        found: ArchiveRef,
        chain: OverlayChain,
        unpacked: Path,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Check the whole; remarks. Of a chain that is not listed the first overlay is blamed."""
        try:
            memory, stop = self.memory_bytes, self.patience.stop
            remarks = kind.check(unpacked, found.part, memory, stop, same_bytes=same_bytes)
            if isinstance(kind, Referring):
                objects, most = kind.objects(unpacked), self.most_objects
                check_binaries(self.store, self.patience, objects, most)
        except SAYS_NOTHING:
            raise
        except RepositoryError as error:
            if not chain.count or chain.document:
                raise
            reason = f"the overlays of {found.key}, which nothing lists: {error}"
            raise _broken(found, chain, 1, reason) from error
        return remarks

    def _download_overlay(self, key: str, link: Link | None, file: IO[bytes]) -> None:
        """An overlay as its run put it. Raises RepositoryError when the SHA-256 is another."""
        digest = self._read_version(key, link.version_id if link else None, file)
        if link and digest != link.sha256:
            raise RepositoryError("it is not what its run put there (SHA-256 differs)")

    def _download(self, found: ArchiveRef, file: IO[bytes]) -> str:
        """The version that the manifest names; its SHA-256 (hex).

        Raises OtherArchiveError when that is not the manifest's.
        """
        expected = found.part.archive if found.part else None
        if expected is None:
            return self._read(found.key, found.version_id, file)
        digest = self._read_version(found.key, found.version_id, file)
        if digest != expected.sha256:
            raise OtherArchiveError(found.key, digest)
        return digest

    def _read_version(self, key: str, version_id: str | None, file: IO[bytes]) -> str:
        """A version, or else what is there now: in a copied bucket versions have other names."""
        if version_id and self.store.capabilities.versions:
            try:
                return self._read(key, version_id, file)
            except NotFoundError:
                pass
        return self._read(key, None, file)

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


def _broken(found: ArchiveRef, chain: OverlayChain, number: int, reason: str) -> BrokenChainError:
    before = replace(found, part=chain.before(number), most_links=number - 1)
    return BrokenChainError(reason, before)


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
