"""Finds an archive, downloads it, checks it and unpacks it."""

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
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    LackingFilesError,
    NotFoundError,
    RepositoryError,
    StoreRefusedError,
    TransientError,
    UnfitMachineError,
    UnreadableError,
)
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store
from repo_backup.store.object_lists import check_object_list

_BLOCK_BYTES = 1024 * 1024
INCONCLUSIVE = (UnfitMachineError, StoreRefusedError, TransientError)
"""Errors that do not mean that an archive is damaged."""


@dataclass(frozen=True)
class ArchiveRef:
    """An archive at the destination. ``part`` is the manifest's result; None if no manifest names
    it.

    ``part.chain`` has the number of overlays over it. An archive that no manifest names has all
    stored overlays, but at most ``most_links``.
    """

    name: str
    key: str
    version_id: str | None
    part: ItemResult | None
    remarks: tuple[str, ...] = ()
    kind: str = GIT
    most_links: int = layout.MOST_LINKS


class OtherArchiveError(RepositoryError):
    """The stored archive is not the one in the manifest; ``sha256`` is the stored one's.

    ``it_is`` says what it is, if known.
    """

    def __init__(self, key: str, sha256: str, it_is: str = "") -> None:
        what = f": it is {it_is}" if it_is else ""
        super().__init__(f"{key} does not match the manifest (SHA-256 differs){what}")
        self.sha256 = sha256


class BrokenChainError(RepositoryError):
    """An overlay is missing or damaged. ``before`` is the archive without it and later overlays."""

    def __init__(self, reason: str, before: ArchiveRef) -> None:
        super().__init__(reason)
        self.before = before


@dataclass(frozen=True)
class Restored:
    """A restored and checked archive; for git, a bare mirror. ``remarks`` are for the user.
    ``incomplete``: it is an earlier state than requested."""

    path: Path
    remarks: tuple[str, ...]
    incomplete: bool = False


@dataclass(frozen=True)
class Reader:
    """Reads archives back. git may use ``memory_bytes`` to check them.

    Of the binaries that an archive refers to, ``most_objects`` are checked, or all if it is None.
    """

    store: Store
    retry_policy: RetryPolicy
    memory_bytes: int
    most_objects: int | None = None

    def fetch(self, found: ArchiveRef, into: Path, *, put_now: bool = False) -> Restored:
        """Download an archive, verify its SHA-256, unpack it below ``into``, and check it by its
        kind.

        The overlays are applied in order, and the result is checked once. ``put_now``: this run
        stored all of it, so its objects are good if the SHA-256 matches. Raises OtherArchiveError
        if the archive does not match the manifest, BrokenChainError if an overlay does not,
        UnfitMachineError if this machine cannot read or check it, and another RepositoryError if it
        is damaged; then nothing of it stays in ``into``.
        """
        kind = kind_named(found.kind)
        into = into.expanduser().resolve()  # git runs in another directory
        try:
            into.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=into) as file:
                sha256 = self._download(found, file)
                unpacked = kind.unpack(file, into)
        except OSError as error:
            raise unreadable(error, into) from error
        try:
            chain = overlays_of(self.store, found.key, sha256, found.part)
            self._apply_overlays(kind, found, chain, unpacked)
            same_bytes = put_now and (not chain.count or chain.document is not None)
            remarks = self._checked(kind, found, chain, unpacked, same_bytes=same_bytes)
        except BaseException:
            shutil.rmtree(unpacked, ignore_errors=True)
            raise
        return Restored(unpacked, (*found.remarks, *chain.remarks, *remarks))

    def check_object_list(self, found: ArchiveRef, restored: Restored, *, newest: bool) -> None:
        """Check the list of binaries beside a restored archive, if it has one.

        A restore does not need the list, but the reporter and ``prune-objects`` do. ``newest`` as
        for :func:`check_object_list`. Raises LackingFilesError, and a RepositoryError that does not
        mean any damage.
        """
        kind = kind_named(found.kind)
        if found.part and isinstance(kind, Referring):
            part, sizes = found.part, dict(kind.objects(restored.path))
            try:
                self.retry_policy.call(
                    lambda: check_object_list(self.store, part, sizes, newest=newest)
                )
            except INCONCLUSIVE:
                raise
            except RepositoryError as error:
                raise LackingFilesError(str(error)) from error

    def _apply_overlays(
        self, kind: Kind, found: ArchiveRef, chain: OverlayChain, unpacked: Path
    ) -> None:
        """Apply each overlay to the base. Raises BrokenChainError that names the first bad one."""
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
            except INCONCLUSIVE:
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
        """Check the result, and return remarks. If the chain is not listed, the first overlay is
        blamed."""
        try:
            memory, stop = self.memory_bytes, self.retry_policy.stop
            remarks = kind.check(unpacked, found.part, memory, stop, same_bytes=same_bytes)
            if isinstance(kind, Referring):
                objects, most = kind.objects(unpacked), self.most_objects
                check_binaries(self.store, self.retry_policy, objects, most)
        except INCONCLUSIVE:
            raise
        except RepositoryError as error:
            if not chain.count or chain.document:
                raise
            reason = f"the overlays of {found.key}, which nothing lists: {error}"
            raise _broken(found, chain, 1, reason) from error
        return remarks

    def _download_overlay(self, key: str, link: Link | None, file: IO[bytes]) -> None:
        """Download an overlay. Raises RepositoryError if its SHA-256 is not the recorded one."""
        digest = self._read_version(key, link.version_id if link else None, file)
        if link and digest != link.sha256:
            raise RepositoryError("it is not the overlay that its run stored (SHA-256 differs)")

    def _download(self, found: ArchiveRef, file: IO[bytes]) -> str:
        """Download the version that the manifest names. Returns its SHA-256 (hex).

        Raises OtherArchiveError if that differs from the manifest's.
        """
        expected = found.part.archive if found.part else None
        if expected is None:
            return self._read(found.key, found.version_id, file)
        digest = self._read_version(found.key, found.version_id, file)
        if digest != expected.sha256:
            raise OtherArchiveError(found.key, digest)
        return digest

    def _read_version(self, key: str, version_id: str | None, file: IO[bytes]) -> str:
        """Download a version, or else the current one: in a copied bucket version ids differ."""
        if version_id and self.store.capabilities.versions:
            try:
                return self._read(key, version_id, file)
            except NotFoundError:
                pass
        return self._read(key, None, file)

    def _read(self, key: str, version_id: str | None, file: IO[bytes]) -> str:
        """Download an object to a file, with retries. Returns its SHA-256 (hex)."""

        def read() -> str:
            file.seek(0)
            file.truncate()
            digest = hashlib.sha256()
            with self.store.open(key, version_id) as source:
                while block := _block(source, key):
                    digest.update(block)
                    file.write(block)
            return digest.hexdigest()

        digest = self.retry_policy.call(read)
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
    """The error for an archive that cannot be read, or unpacked to ``place``, with the remedy."""
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
"""The share of free disk and memory that may be used."""


def open_reader(store: Store, stop: CancellationToken) -> Reader:
    """A reader of archives, within the memory that is free now."""
    return Reader(store, RetryPolicy(stop), int(available_memory_bytes() * SHARE))
