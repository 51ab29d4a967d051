"""Lists every Git LFS object that a repository's archived history points to, and saves the objects
if the option ``--lfs`` is set. It is not by default, because GitHub bills the bandwidth.

https://docs.github.com/en/billing/concepts/product-billing/git-lfs
"""

import contextlib
import hashlib
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.lfs_list import LfsList, read_zip
from backup_contract.documents.manifest import ItemResult, Unserved
from backup_contract.kinds import GIT, LFS
from backup_contract.text import size
from repo_backup.archive.zip_writer import TextsArchive
from repo_backup.git.lfs.pointers import Pointer
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import CurrentState, Fetched, Grown, Resources
from repo_backup.kinds.lfs.lfs_list import list_in, unpack_list
from repo_backup.kinds.lfs.saving import Saver
from repo_backup.kinds.lfs.scanning import git_zips, scan
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    AbsentError,
    NotFoundError,
    RepositoryError,
    TransientError,
)
from repo_backup.store.chain_store import StoredChain

_PUSH = (
    "--push-to: restore with --into, then run `git lfs push --all URL` in the mirror to send the "
    "objects"
)
_LEAST_BYTES = 4 << 20
_INCOMPLETE = "incomplete"
"""Stands in for a fingerprint and equals none, so that the next run tries again."""


@dataclass(frozen=True)
class LfsObjects:
    """The LFS objects of one repository, from its git archives after this run."""

    remote: RemoteRepository
    resources: Resources

    @contextlib.contextmanager
    def find(self) -> Iterator[CurrentState]:
        """The state, whose fingerprint consists of the git archives and whether to save objects.

        Raises AbsentError if the repository does not use Git LFS.
        """
        git = self._git()
        chain = git.chain.digest if git.chain else ""
        assert git.archive  # noqa: S101 - looked up by _git
        fingerprint = _digest(
            f"{'saved' if self._saves else 'listed'} {git.archive.sha256} {chain}"
        )
        settled = self._settled(fingerprint)

        def is_known(earlier: ItemResult) -> bool:
            lacks = earlier.unserved
            if lacks:
                return lacks.upstream_digest in (fingerprint, settled)
            return earlier.refs_digest == fingerprint

        yield CurrentState(
            fingerprint,
            0,
            is_empty=False,
            fetch=partial(self._fetch, fingerprint, LfsList()),
            grow=partial(self._grow, fingerprint),
            is_known=is_known,
        )

    def after(self, error: TransientError) -> RepositoryError:
        """The error itself: later attempts do not adapt."""
        return error

    @property
    def _saves(self) -> bool:
        return self.resources.lfs.save and self.resources.objects is not None

    def _settled(self, fingerprint: str) -> str:
        """Stands in for the fingerprint if all missing objects exceed a whole run's allowance."""
        return _digest(f"{fingerprint} {self.resources.lfs.allowance.total}")

    def _git(self) -> ItemResult:
        git = self.resources.beside.get(GIT)
        if git is None or git.archive is None or not git.lfs:
            raise AbsentError(f"{self.remote.full_name} does not use Git LFS")
        return git

    def _grow(
        self, fingerprint: str, room: Path, stored: StoredChain, _result: ItemResult
    ) -> Grown:
        """Add what is new to the list of an earlier run. The new list is complete, as it is short.

        If a report found an object or the list damaged, every object is checked again.
        """
        try:
            earlier = self._earlier(stored)
        except TransientError:
            raise
        except RepositoryError:
            earlier = LfsList()
        if stored.base_replaced:
            earlier = replace(earlier, saved=frozenset())
        return Grown(self._fetch(fingerprint, earlier, room))

    def _earlier(self, stored: StoredChain) -> LfsList:
        archive, store = stored.archive, self.resources.store

        def read() -> bytes:
            with store.open(archive.key, archive.version_id) as file:
                return file.read()

        try:
            data = self.resources.retry_policy.call(read)
        except NotFoundError:
            return LfsList()
        if hashlib.sha256(data).hexdigest() != archive.sha256:
            return LfsList()
        try:
            return read_zip(BytesIO(data))[1]
        except DamagedError:
            return LfsList()

    def _fetch(self, fingerprint: str, earlier: LfsList, room: Path) -> Fetched:
        """Scan the new archives for pointers, and save the objects that are not saved yet."""
        zips = git_zips(self._git(), self.resources)
        new = [each for each in zips if each.sha256 not in earlier.scanned]
        found = scan(new, zips[0], self.resources, room)
        found |= {Pointer(oid, size) for oid, size in earlier.sizes.items()}
        # The order makes the same list of the same pointers, if two disagree on a size.
        sizes = {each.oid: each.size for each in sorted(found)} | dict(earlier.sizes)
        listed = LfsList(sizes, earlier.saved, frozenset(each.sha256 for each in zips))
        if self._saves:
            return self._saved(listed, found, fingerprint)
        if _disagree(found, listed.saved):
            listed = replace(listed, scanned=frozenset())
        return self._fetched(listed, fingerprint, _announced(listed, fingerprint))

    def _saved(self, listed: LfsList, pointers: set[Pointer], fingerprint: str) -> Fetched:
        objects = self.resources.objects
        assert objects  # noqa: S101 - looked up by _saves
        missing = [each for each in pointers if each.oid not in listed.saved]
        outcome = Saver(self.remote, self.resources, objects).save(missing)
        allowance = self.resources.lfs.allowance.total
        reason, warning = outcome.reason, outcome.warning(allowance)
        upstream = self._settled(fingerprint) if outcome.is_settled(allowance) else _INCOMPLETE
        lacks = Unserved(upstream, reason, warning) if reason or warning else None
        found = replace(
            listed,
            sizes={**listed.sizes, **outcome.sizes},
            saved=listed.saved | outcome.saved,
        )
        if _disagree(pointers, found.saved):
            found = replace(found, scanned=frozenset())
        return self._fetched(found, fingerprint, lacks)

    def _fetched(self, listed: LfsList, fingerprint: str, unserved: Unserved | None) -> Fetched:
        texts = listed.texts(f"{self.remote.name}.git")
        return Fetched(
            TextsArchive(texts, self.resources.store.part_bytes),
            fingerprint,
            len(listed.sizes),
            unserved=unserved,
            objects=listed.referred,
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _disagree(pointers: set[Pointer], saved: frozenset[str]) -> bool:
    """Whether pointers to an object that is not saved disagree on its size.

    The list has one of them only, so that the archives must be looked through again for the others.
    """
    missing = [each.oid for each in pointers if each.oid not in saved]
    return len(missing) != len(set(missing))


def _announced(listed: LfsList, fingerprint: str) -> Unserved | None:
    """The warning about objects that are not saved because ``--lfs`` is not set; None if all
    are."""
    numbers = listed.referred
    count = numbers.count - numbers.saved
    if not count:
        return None
    objects = f"{count} LFS object{'s' * (count > 1)}"
    warning = (
        f"{objects} ({size(numbers.bytes - numbers.saved_bytes)}) {'are' if count > 1 else 'is'} "
        "not saved: the option --lfs (in a stack's BackupOptions) saves each once, and uses the "
        "LFS bandwidth of the repository's owner"
    )
    return Unserved(fingerprint, warning=warning)


class Lfs:
    """A repository's LFS objects: an archive has their list, and they are stored beside it."""

    name = LFS
    optional = True
    is_late = True

    def absence(self, remote: RemoteRepository) -> None:
        """None: only its git archive shows whether a repository uses Git LFS."""

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """The size of the archive to scan. The objects themselves need no disk space."""
        return remote.size_kib * 1024 + _LEAST_BYTES

    def upstream(self, remote: RemoteRepository, resources: Resources) -> LfsObjects:
        """The LFS objects of this repository."""
        return LfsObjects(remote, resources)

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """Unpack the list into ``REPO.git/lfs``. Raises RepositoryError."""
        return unpack_list(file, into)

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """Raise RepositoryError: there are no overlays."""
        raise RepositoryError("a list of LFS objects has no overlays")

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: CancellationToken,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Compare the list's counts with the manifest's. Returns remarks. Raises
        RepositoryError."""
        numbers = list_in(unpacked).referred
        if result and result.objects and result.objects != numbers:
            raise RepositoryError("the counts of its LFS objects differ from the manifest's")
        missing = numbers.count - numbers.saved
        return (f"{missing} of {numbers.count} LFS objects are not saved",) if missing else ()

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """The SHA-256 (hex) and size in bytes of each saved object."""
        found = list_in(unpacked)
        return ((oid, found.sizes[oid]) for oid in sorted(found.saved))

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """The same, with the path where Git LFS looks for objects when it clones from this
        machine."""
        return (
            (sha256, each, unpacked / "objects" / sha256[:2] / sha256[2:4] / sha256)
            for sha256, each in self.objects(unpacked)
        )

    def next_step(self, unpacked: Path) -> str:
        """The ``git clone`` command for the mirror, which finds the objects in it."""
        return f"git clone {shlex.quote(str(unpacked.parent))}"

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError: only Git LFS can send objects to a host."""
        raise RepositoryError(_PUSH)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        """Raise RepositoryError, as ``check_target`` does."""
        raise RepositoryError(_PUSH)
