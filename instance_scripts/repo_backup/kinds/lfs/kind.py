"""Git LFS: every large file that a repository's archived history points to is listed, and saved
where the backup's owner asks for that, as GitHub bills each byte of it.

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
"""In the place of a fingerprint: nothing is ever like it, so that the next run tries again."""


@dataclass(frozen=True)
class LfsObjects:
    """The large files of one repository, by what became of its git in this run."""

    remote: RemoteRepository
    resources: Resources

    @contextlib.contextmanager
    def find(self) -> Iterator[CurrentState]:
        """By the archives that there are of the repository, and whether objects are to be saved.

        Raises AbsentError where it does not use Git LFS.
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
        """The error itself: an attempt teaches nothing."""
        return error

    @property
    def _saves(self) -> bool:
        return self.resources.lfs.save and self.resources.objects is not None

    def _settled(self, fingerprint: str) -> str:
        """In its place where all that is missing is larger than any run's allowance."""
        return _digest(f"{fingerprint} {self.resources.lfs.allowance.total}")

    def _git(self) -> ItemResult:
        git = self.resources.beside.get(GIT)
        if git is None or git.archive is None or not git.lfs:
            raise AbsentError(f"{self.remote.full_name} does not use Git LFS")
        return git

    def _grow(
        self, fingerprint: str, room: Path, stored: StoredChain, _result: ItemResult
    ) -> Grown:
        """What is new beside the list of an earlier run: a whole list again, as it is short.

        Where a report found an object damaged, or the list, each is looked at anew.
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
        """Look through what is new among the archives, and save what is not saved yet."""
        zips = git_zips(self._git(), self.resources)
        new = [each for each in zips if each.sha256 not in earlier.scanned]
        found = scan(new, zips[0], self.resources, room)
        sizes = {**{each.oid: each.size for each in found}, **earlier.sizes}
        scanned = frozenset(each.sha256 for each in zips)
        if not self._saves:
            listed = LfsList(sizes, earlier.saved, scanned)
            return self._fetched(listed, fingerprint, _announced(listed, fingerprint))
        return self._saved(LfsList(sizes, earlier.saved, scanned), fingerprint)

    def _saved(self, listed: LfsList, fingerprint: str) -> Fetched:
        objects = self.resources.objects
        assert objects  # noqa: S101 - looked up by _saves
        wanted = [Pointer(oid, size) for oid, size in listed.sizes.items()]
        missing = [each for each in wanted if each.oid not in listed.saved]
        outcome = Saver(self.remote, self.resources, objects).save(missing)
        allowance = self.resources.lfs.allowance.total
        reason, warning = outcome.reason, outcome.warning(allowance)
        upstream = self._settled(fingerprint) if outcome.is_settled(allowance) else _INCOMPLETE
        lacks = Unserved(upstream, reason, warning) if reason or warning else None
        found = replace(listed, saved=listed.saved | outcome.saved)
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


def _announced(listed: LfsList, fingerprint: str) -> Unserved | None:
    """What a person should know of objects that nobody asked to save; None where all are saved."""
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
    """A repository's large files: a list of them in an archive, their bytes beside it."""

    name = LFS
    optional = True
    is_late = True

    def absence(self, remote: RemoteRepository) -> None:
        """None: only its archive tells whether a repository uses Git LFS."""

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """An archive that is looked through; the large files themselves need no disk."""
        return remote.size_kib * 1024 + _LEAST_BYTES

    def upstream(self, remote: RemoteRepository, resources: Resources) -> LfsObjects:
        """The large files of this repository."""
        return LfsObjects(remote, resources)

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """The list, in ``REPO.git/lfs``. Raises RepositoryError."""
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
        """See that it is the list of the manifest, by its numbers. Raises RepositoryError."""
        numbers = list_in(unpacked).referred
        if result and result.objects and result.objects != numbers:
            raise RepositoryError("it is not the list of LFS objects that the manifest tells of")
        missing = numbers.count - numbers.saved
        return (f"{missing} of {numbers.count} LFS objects not saved",) if missing else ()

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """Those that are saved."""
        found = list_in(unpacked)
        return ((oid, found.sizes[oid]) for oid in sorted(found.saved))

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """Where Git LFS looks for the objects of a repository on the same machine."""
        return (
            (sha256, each, unpacked / "objects" / sha256[:2] / sha256[2:4] / sha256)
            for sha256, each in self.objects(unpacked)
        )

    def next_step(self, unpacked: Path) -> str:
        """A clone of a mirror finds them beside it."""
        return f"git clone {shlex.quote(str(unpacked.parent))}"

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError: it is Git LFS itself that sends objects to a host."""
        raise RepositoryError(_PUSH)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        """Raise RepositoryError, as ``check_target`` does."""
        raise RepositoryError(_PUSH)
