"""What a kind of thing that is backed up must be able to do. One module and one line of the
registry (:mod:`repo_backup.kinds.registry`) each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, Protocol, runtime_checkable

from backup_contract.documents.manifest import ItemResult, Unserved
from backup_contract.documents.parts.data_state import DataState
from backup_contract.documents.parts.results import Referred
from backup_contract.documents.parts.rewrites import Rewrites
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import Remote, Replaced
from repo_backup.hosts.data import DataHost, ReleaseHost
from repo_backup.net.http import Http
from repo_backup.runtime.budgets import Allowance, Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import Blob, Store
from repo_backup.store.chain_store import StoredChain
from repo_backup.store.objects import ObjectStore


@dataclass(frozen=True)
class LfsChoice:
    """Whether the objects of Git LFS are saved, and how many bytes of them this run may fetch.

    GitHub bills their owner for each byte.
    """

    save: bool = False
    allowance: Allowance = field(default_factory=Allowance)


@dataclass(frozen=True)
class AssetChoice:
    """Whether the files of releases are saved, and how many bytes of them this run may fetch.

    ``scratch`` is held by the one whose SHA-256 GitHub does not name: its bytes go by the disk.
    """

    save: bool = True
    allowance: Allowance = field(default_factory=Allowance)
    scratch: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Resources:
    """What a run shares among all items, any number of which are backed up at once.

    ``directory`` is for temporary files. ``memory`` is git's, ``lists`` what long lists of refs
    may take of this program's own. ``full``: also what has not changed is fetched.
    ``keep_pins_days`` is how long what upstream dropped goes into new bases, None for ever.
    ``known_rewrites`` are globs of branches that nobody need hear of. ``is_frozen`` is asked by an
    archive's key whether an open suspicion forbids to give it a new base. ``with_actors`` asks the
    host who rewrote a repository, ``replaced_since`` what its branches named before they were
    rewritten after a moment (ISO 8601); both raise nothing of the repository's own.
    ``data`` is where project data comes from, ``accounts`` that of accounts; None: this host is not
    asked for it. ``objects`` are the binaries at the destination, ``lfs`` says what becomes of
    those of Git LFS, ``assets`` of releases' files. ``beside`` is what became of those of the
    repository's items that are not late, by kind.
    """

    http: Http
    store: Store
    patience: Patience
    stop: Stop
    directory: Path
    run_id: str
    disk: Budget
    memory: Budget
    lists: Budget
    full: bool = False
    known_rewrites: tuple[str, ...] = ()
    keep_pins_days: int | None = None
    is_frozen: Callable[[str], bool] = lambda _: False
    with_actors: Callable[[Remote, Rewrites], Rewrites] = lambda _, found: found
    replaced_since: Callable[[Remote, str], Sequence[Replaced]] = lambda *_: ()
    data: ReleaseHost | None = None
    accounts: DataHost | None = None
    objects: ObjectStore | None = None
    lfs: LfsChoice = field(default_factory=LfsChoice)
    assets: AssetChoice = field(default_factory=AssetChoice)
    beside: Mapping[str, ItemResult] = field(default_factory=dict)


class HashedBlob(Blob, Protocol):
    """An archive that is ready for upload; ``sha256`` is that of all bytes (hex)."""

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Fetched:
    """What was fetched: the archive, and what is in it.

    ``fingerprint`` and ``count`` are of what was fetched, which may lack what is ``unserved``;
    the manifest has them as ``refs_digest`` and ``refs``. ``remarks`` stay with the archive.
    ``commented`` makes another zip of the same, by a comment in it. ``rewrites`` are what it lacks
    of the archive before, ``data`` up to where project data was read. ``objects`` are the binaries
    that it refers to.
    """

    archive: HashedBlob
    fingerprint: str
    count: int
    remarks: tuple[str, ...] = ()
    lfs: bool = False
    unserved: Unserved | None = None
    commented: Callable[[str], HashedBlob] | None = None
    rewrites: Rewrites | None = None
    data: DataState | None = None
    objects: Referred | None = None


@dataclass(frozen=True)
class Unchanged:
    """What was fetched turned out to be what is stored; ``data`` is up to where it was read.

    Where there are ``objects``, they and ``unserved`` take the place of what was known.
    """

    data: DataState | None = None
    objects: Referred | None = None
    unserved: Unserved | None = None


@dataclass(frozen=True)
class Grown:
    """What was fetched of an item whose chain of archives is there.

    It is the overlay that follows ``onto``, which has each overlay listed that lies there; a new
    base where that is None.
    """

    fetched: Fetched
    onto: StoredChain | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What an item is now at its host, by a question that fetches nothing of it.

    The same ``fingerprint`` means that nothing has changed; ``count`` is how many parts it has.
    ``is_known`` tells instead whether what an earlier run left is still all there is to save, where
    more than a fingerprint decides that. ``fetch`` fetches it into an empty directory, which lasts
    until the archive is stored; ``grow`` only what a chain of archives lacks, of which the earlier
    result tells. None: archives of this kind have no overlays. ``carries_over``: also a new base is
    grown, wherever the archive before it lies, as that holds what is nowhere else.
    """

    fingerprint: str
    count: int
    is_empty: bool
    fetch: Callable[[Path], Fetched]
    warnings: tuple[str, ...] = ()
    grow: Callable[[Path, StoredChain, ItemResult], Grown | Unchanged] | None = None
    is_known: Callable[[ItemResult], bool] | None = None
    carries_over: bool = False


class Upstream(Protocol):
    """One item at its host, for the length of a run: it may learn from each attempt."""

    def find(self) -> AbstractContextManager[Found]:
        """Ask what is there now. Raises AbsentError when there is nothing at all."""

    def after(self, error: TransientError) -> RepositoryError:
        """What to raise after a failed attempt: a TransientError to try again."""


class Kind(Protocol):
    """A kind of thing that is backed up. Its names are in :mod:`backup_contract.kinds`.

    ``optional``: nothing of it need be there, though the host says that there may be. ``is_late``:
    it is backed up once all kinds that are not late are, of every repository.
    """

    @property
    def name(self) -> str: ...

    @property
    def optional(self) -> bool: ...

    @property
    def is_late(self) -> bool: ...

    def absence(self, remote: Remote) -> str | None:
        """Why a repository cannot have one; None if it can."""

    def disk_bytes(self, remote: Remote) -> int:
        """An estimate of the disk that it takes while it is fetched."""

    def upstream(self, remote: Remote, resources: Resources) -> Upstream:
        """The item of this repository."""

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """Unpack an archive; its one top directory, new in ``into``. Raises RepositoryError."""

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """Unpack an overlay over what came before it. Raises RepositoryError."""

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: Stop,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Check that what was unpacked is whole, and what the manifest says (None: nothing is
        known of it); remarks.

        ``memory_bytes`` are what a check may take. ``same_bytes``: the archive is the one that
        this run stored, byte by byte, so that what was checked then need not be again. Raises
        RepositoryError, UnfitMachineError when this machine cannot tell, and InterruptedRunError
        when told to stop.
        """

    def next_step(self, unpacked: Path) -> str:
        """What a person runs to use what was unpacked."""

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError when a restore would meet something at the target."""

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        """Bring what was unpacked to a target; ``force`` overwrites. Raises RepositoryError."""


@runtime_checkable
class Referring(Protocol):
    """A kind whose archives refer to binaries that lie beside them, by their SHA-256."""

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """SHA-256 (hex) and size of each that an unpacked archive says is saved."""

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """SHA-256 (hex) and size of each, and where it goes in what was unpacked."""
