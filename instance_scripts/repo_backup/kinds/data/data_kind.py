"""The kind ``data``: issues, pull requests, discussions, releases and settings of a repository.

Saved items stay: one that is gone from the host is marked with a date, in this archive and in every
later one, even if the repository is renamed.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO

from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import DATA
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import DataHost, Signature
from repo_backup.kinds.base import CurrentState, Fetched, Grown, Resources, Unchanged
from repo_backup.kinds.data import folder
from repo_backup.kinds.data.asset_files import objects_in, places_in
from repo_backup.kinds.data.assets import are_due
from repo_backup.kinds.data.attached.files import attached_objects_in, attached_places_in
from repo_backup.kinds.data.data_fetch import DataFetch
from repo_backup.kinds.data.schedule import due
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    RepositoryError,
    TransientError,
    UsageError,
)
from repo_backup.store.chain_store import StoredChain

_USUAL_BYTES = 64 << 20
_NO_TARGET = "project data is restored to a folder: use --into, not --push-to"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ProjectData:
    """A repository's project data. ``clock`` decides what is due."""

    clock: Callable[[], datetime] = _utc_now
    name = DATA
    optional = False
    is_late = True

    def absence(self, remote: RemoteRepository) -> None:
        """None: every repository has at least settings."""

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """A guess: no list shows the size of project data."""
        return _USUAL_BYTES

    def upstream(self, remote: RemoteRepository, resources: Resources) -> "RemoteData":
        """The repository's data at its host. Raises RepositoryError if the host serves none."""
        if resources.data is None:
            raise RepositoryError("project data cannot be read from this host")
        return RemoteData(remote, resources, resources.data, self.clock())

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """Unpack to a new folder of JSON documents in ``into``. Raises RepositoryError."""
        return folder.unpack(file, into)

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """Unpack an overlay over the folder. Raises RepositoryError."""
        folder.lay_over(file, unpacked)

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: CancellationToken,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Compare the documents with the index and the manifest. Returns remarks. The check is
        quick, so ``same_bytes`` makes no difference."""
        return folder.check(unpacked, result, stop)

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """The saved release assets and attachments. Raises RepositoryError."""
        return {**objects_in(unpacked), **attached_objects_in(unpacked)}.items()

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """The same, with paths in ``releases/TAG`` and ``attachments/ITEM``. Raises
        RepositoryError."""
        return chain(places_in(unpacked), attached_places_in(unpacked))

    def next_step(self, unpacked: Path) -> str:
        """The file that lists the sections, and those that are incomplete."""
        return f"{unpacked}/index.json lists what it contains"

    def check_target(self, target: Target) -> None:
        """Raise UsageError: there is nothing to push."""
        raise UsageError(_NO_TARGET)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        """Raise UsageError: there is nothing to push."""
        raise UsageError(_NO_TARGET)


@dataclass
class RemoteData:
    """One repository's data at its host, as of ``now``.

    All parts of a reading that is stored in parts are of one ``signature``.
    """

    remote: RemoteRepository
    resources: Resources
    host: DataHost
    now: datetime
    signature: Signature | None = None

    @contextmanager
    def find(self) -> Iterator[CurrentState]:
        """The state by the repository's signature, which one request finds for many."""
        signature = self.signature = self.signature or self.host.signature(self.remote)
        fingerprint = hashlib.sha256(signature.fingerprint.encode()).hexdigest()[:32]

        def of_now(room: Path) -> DataFetch:
            what = (self.remote, self.resources, self.host, self.now)
            return DataFetch(*what, signature, fingerprint, room)

        def is_known(earlier: ItemResult) -> bool:
            if due(earlier.data, fingerprint, self.now, self.remote.id).reason:
                return False
            lacks_list = bool(earlier.objects and earlier.objects.saved and not earlier.object_list)
            return not (lacks_list or are_due(earlier, signature, self.resources.assets))

        def fetch(room: Path) -> Fetched:
            return of_now(room).first()

        def grow(room: Path, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
            return of_now(room).further(chain, earlier)

        def resume(room: Path, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
            return replace(of_now(room), resumed=True).further(chain, earlier)

        yield CurrentState(
            fingerprint,
            sum(signature.counts.values()),
            is_empty=False,
            fetch=fetch,
            grow=grow,
            resume=resume,
            is_known=is_known,
            carries_over=True,
        )

    def after(self, error: TransientError) -> RepositoryError:
        """The error itself: later attempts do not adapt."""
        return error
