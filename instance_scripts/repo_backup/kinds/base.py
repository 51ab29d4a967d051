"""The interface of a kind of item to back up.

Each kind is one module and one line of the registry (:mod:`repo_backup.kinds.registry`).
"""

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
from repo_backup.git.lfs.quota import RefusedOwners
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import RemoteRepository, Replaced
from repo_backup.hosts.data import AttachmentHost, DataHost
from repo_backup.net.http import Http
from repo_backup.runtime.budgets import Allowance, ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Blob, Store
from repo_backup.store.chain_store import StoredChain
from repo_backup.store.objects import ObjectStore

MOST_RETRIES = 2000
"""The most attachments refused earlier that a run tries again."""


@dataclass(frozen=True)
class LfsChoice:
    """Whether to save Git LFS objects, and how many bytes of them this run may download.

    GitHub bills the owner for each byte. ``refused`` holds the owners whose objects it refuses to
    serve.
    """

    save: bool = False
    allowance: Allowance = field(default_factory=Allowance)
    refused: RefusedOwners = field(default_factory=RefusedOwners)


@dataclass(frozen=True)
class AssetChoice:
    """Whether to save release assets, and how many bytes of them this run may download.

    An asset whose SHA-256 GitHub does not state is first written to disk, one at a time: its
    download holds the lock ``scratch``.
    """

    save: bool = True
    allowance: Allowance = field(default_factory=Allowance)
    scratch: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class AttachmentChoice:
    """Whether to save attachments: their bytes count as those of release assets.

    ``retries`` is how many that GitHub refused may be tried again in this run.
    """

    save: bool = True
    retries: Allowance = field(default_factory=lambda: Allowance(MOST_RETRIES))


@dataclass(frozen=True)
class Resources:
    """What all items of a run share. Any number of items are backed up at once.

    ``directory`` is for temporary files. ``memory`` is the budget for git, ``lists`` the budget for
    long lists of refs in this program. ``full``: fetch unchanged items too. ``keep_pins_days`` is
    how long new bases keep what upstream dropped; None means for ever. ``known_rewrites`` are globs
    of branches whose rewrites need no warning. ``is_frozen`` takes an archive's key and says
    whether an open suspicion forbids a new base. ``with_actors`` asks the host who rewrote a
    repository. ``replaced_since`` asks what its branches pointed to before they were rewritten
    after a moment (ISO 8601). Neither raises RepositoryError. ``data`` serves project data,
    ``accounts`` the data of accounts; None: this host is not asked. ``objects`` stores binaries at
    the destination; ``lfs``, ``assets`` and ``attachments`` say whether to save these. ``beside``
    has the results of the same repository's items that are not late, by kind.
    """

    http: Http
    store: Store
    retry_policy: RetryPolicy
    stop: CancellationToken
    directory: Path
    run_id: str
    disk: ResourceBudget
    memory: ResourceBudget
    lists: ResourceBudget
    full: bool = False
    known_rewrites: tuple[str, ...] = ()
    keep_pins_days: int | None = None
    is_frozen: Callable[[str], bool] = lambda _: False
    with_actors: Callable[[RemoteRepository, Rewrites], Rewrites] = lambda _, found: found
    replaced_since: Callable[[RemoteRepository, str], Sequence[Replaced]] = lambda *_: ()
    data: AttachmentHost | None = None
    accounts: DataHost | None = None
    objects: ObjectStore | None = None
    lfs: LfsChoice = field(default_factory=LfsChoice)
    assets: AssetChoice = field(default_factory=AssetChoice)
    attachments: AttachmentChoice = field(default_factory=AttachmentChoice)
    beside: Mapping[str, ItemResult] = field(default_factory=dict)


class HashedBlob(Blob, Protocol):
    """An archive that is ready for upload; ``sha256`` covers all its bytes (hex)."""

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Fetched:
    """A fetched archive, and what it contains.

    ``fingerprint`` and ``count`` describe what was fetched, without what is ``unserved``; the
    manifest has them as ``refs_digest`` and ``refs``. ``remarks`` stay with the archive.
    ``commented`` makes a zip of the same content that differs by a comment. ``rewrites`` says what
    upstream rewrote since the archive before. ``data`` is the point up to which project data was
    read. ``objects`` are the binaries that the archive refers to. ``saved`` maps the SHA-256 (hex)
    of each saved binary to its size, where a list of them is stored beside the archive. ``paused``:
    there is more to fetch, at once; this is stored first, so that no interruption loses it.
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
    saved: Mapping[str, int] | None = None
    paused: bool = False


@dataclass(frozen=True)
class Unchanged:
    """What was fetched equals what is stored. ``data`` is the point up to which it was read.

    If ``objects`` is given, it and ``unserved`` replace what the earlier result has. ``saved`` is
    as in :class:`Fetched`.
    """

    data: DataState | None = None
    objects: Referred | None = None
    unserved: Unserved | None = None
    saved: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Grown:
    """What was fetched of an item that already has a chain of archives.

    It is the next overlay on ``onto``, whose document lists every stored overlay. If ``onto`` is
    None, it is a new base.
    """

    fetched: Fetched
    onto: StoredChain | None = None
    warnings: tuple[str, ...] = ()


Grow = Callable[[Path, StoredChain, ItemResult], Grown | Unchanged]


@dataclass(frozen=True)
class CurrentState:
    """The state of an item at its host, found without fetching the item.

    An equal ``fingerprint`` means that nothing has changed; ``count`` is the number of parts.
    ``is_known`` replaces that comparison where a fingerprint is not enough: it says whether an
    earlier result still covers all there is to save. ``fetch`` fetches the item into an empty
    directory, which lasts until the archive is stored. ``grow`` fetches only what the chain of the
    earlier result lacks; None: archives of this kind have no overlays. ``resume`` does the same
    after something that was ``paused`` was stored; None: nothing pauses. ``carries_over``: a new
    base is grown too, wherever the archive before it lies, because that may have the only copy.
    """

    fingerprint: str
    count: int
    is_empty: bool
    fetch: Callable[[Path], Fetched]
    warnings: tuple[str, ...] = ()
    grow: Grow | None = None
    resume: Grow | None = None
    is_known: Callable[[ItemResult], bool] | None = None
    carries_over: bool = False


class Upstream(Protocol):
    """One item at its host during one run. It may adapt after each failed attempt."""

    def find(self) -> AbstractContextManager[CurrentState]:
        """Ask for the current state. Raises AbsentError when the item does not exist."""

    def after(self, error: TransientError) -> RepositoryError:
        """The error to raise after a failed attempt; a TransientError means: try again."""


class Kind(Protocol):
    """A kind of item to back up. The names are in :mod:`backup_contract.kinds`.

    ``optional``: the item may be absent even if the host says that a repository can have one.
    ``is_late``: it is backed up after the kinds that are not late, of all repositories.
    """

    @property
    def name(self) -> str: ...

    @property
    def optional(self) -> bool: ...

    @property
    def is_late(self) -> bool: ...

    def absence(self, remote: RemoteRepository) -> str | None:
        """The reason why a repository cannot have this item; None if it can."""

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """An estimate of the disk space that fetching the item needs."""

    def upstream(self, remote: RemoteRepository, resources: Resources) -> Upstream:
        """The item of this repository."""

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """Unpack an archive into ``into``; returns its top directory. Raises RepositoryError."""

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """Unpack an overlay over the unpacked archives before it. Raises RepositoryError."""

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: CancellationToken,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Check that an unpacked archive is intact and matches its manifest entry; remarks.

        ``result`` None: no manifest describes it. ``memory_bytes`` is the memory that the check may
        use. ``same_bytes``: this run stored these very bytes, so what it checked then is not
        checked again. Raises RepositoryError, UnfitMachineError if this machine cannot do the
        check, and InterruptedRunError on cancellation.
        """

    def next_step(self, unpacked: Path) -> str:
        """The command that a person runs next to use the unpacked archive."""

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError if the target already has something that a restore would meet."""

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        """Restore an unpacked archive to a target; ``force`` overwrites. Raises RepositoryError."""


@runtime_checkable
class Referring(Protocol):
    """A kind whose archives refer by SHA-256 to binaries that are stored beside them."""

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """SHA-256 (hex) and size of each binary that an unpacked archive lists as saved."""

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """SHA-256 (hex) and size of each binary, and its path in the unpacked archive."""
