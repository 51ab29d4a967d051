"""Finds the binaries that restorable archives at a destination refer to.

Every version of every list and archive counts, even if GitHub no longer lists its repository. If
one that a manifest names cannot be read, nothing is removed. Others count as far as they can be
read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain as joined

from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.lfs_list import read_zip
from backup_contract.documents.object_list import MOST_BYTES, legible_objects
from backup_contract.kinds import LFS
from repo_backup.prune.inventory import (
    UNVERSIONED,
    ManifestEntry,
    StoredArchive,
    UnknownKindError,
    VersionIds,
    stored_archives,
)
from repo_backup.prune.zip_references import objects_in_zip
from repo_backup.restore.catalogue import manifests
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import (
    FatalError,
    InterruptedRunError,
    NotFoundError,
    RepositoryError,
    StoreRefusedError,
    TransientError,
    UnfitMachineError,
)
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store, Stored

AT_ONCE = 8
_UNKNOWN = (StoreRefusedError, TransientError, UnfitMachineError)
"""Errors that prevent reading an archive but do not mean that it is damaged."""
_MOST_ZIP_BYTES = 256 << 20
"""The largest size of a Git LFS list."""


@dataclass(frozen=True)
class References:
    """The SHA-256 (hex) of each needed binary. ``read`` is how many objects were read.

    ``ignored`` are keys of damaged versions that no manifest names, next to good versions.
    """

    sha256s: frozenset[str]
    read: int = 0
    ignored: tuple[str, ...] = ()


def find_references(store: Store, retry_policy: RetryPolicy) -> References:
    """Read all lists and archives that may refer to binaries.

    Raises FatalError that names what cannot be read.
    """
    stop = retry_policy.stop
    present = store.objects(layout.ARCHIVES)
    keys = _versions(store, present)
    everything = (joined(each.items, each.orphaned) for each in manifests(store))
    try:
        archives = stored_archives(keys, joined.from_iterable(everything))
    except UnknownKindError as error:
        raise FatalError(
            f"{error} is of a kind that this version of the program does not know. It may refer to "
            "objects, so nothing was removed. Install the newer version"
        ) from error
    work = [*archives.values()]

    def read(number: int) -> References:
        if stop.requested:
            raise InterruptedRunError(stop.reason)
        archive = work[number]
        reader = _Reader(store, retry_policy, archive, present.get(archive.key))
        return reader.lfs() if archive.kind == LFS else reader.data()

    parts = at_once(read, len(work), AT_ONCE)
    return References(
        frozenset().union(*(part.sha256s for part in parts)),
        sum(part.read for part in parts),
        tuple(dict.fromkeys(key for part in parts for key in part.ignored)),
    )


def _versions(store: Store, present: Iterable[str]) -> dict[str, VersionIds]:
    """The readable versions below ``github_backups/``, by key."""
    try:
        found = store.version_ids(layout.ARCHIVES)
    except StoreRefusedError as error:
        raise FatalError(
            f"{error}. The versions of archives must be listed (s3:ListBucketVersions), because "
            "earlier runs may need objects; nothing was removed"
        ) from error
    keys = {key: VersionIds(ids) for key, ids in found.items()}
    return {**{key: VersionIds((None,)) for key in present}, **keys}


@dataclass
class _Reader:
    """Reads the versions of one archive, its overlays and its lists."""

    store: Store
    retry_policy: RetryPolicy
    archive: StoredArchive
    stored: Stored | None
    found: set[str] = field(default_factory=set)
    count: int = 0
    ignored: list[str] = field(default_factory=list)

    def lfs(self) -> References:
        """Read a Git LFS list: every version of it counts."""
        for version_id in self.archive.versions:
            data = self._read(self.archive.key, version_id, _MOST_ZIP_BYTES)
            if data is None:
                continue
            try:
                self.found |= read_zip(BytesIO(data))[1].saved
            except DamagedError as error:
                is_vital = self._is_vital(version_id)
                self._damaged(self.archive.key, version_id, str(error), is_vital=is_vital)
        return self._references()

    def data(self) -> References:
        """Read the list of each chain, or the archives of a chain that has no list."""
        chains: dict[str, int] = {}
        for version_id in sorted(self.archive.versions, key=str):
            entry = self._entry(version_id)
            chain_id = entry.chain_id if entry else self._base(version_id, None)
            if chain_id and chain_id not in chains:
                chains[chain_id] = self._covered(chain_id, version_id, entry)
        for chain_id, covered in chains.items():
            self._overlays(chain_id, covered)
        # An archive that has no version id or is damaged may belong to any chain, so that every
        # list counts.
        unsure = self.ignored or not self.archive.versions.isdisjoint(UNVERSIONED)
        for chain_id in self.archive.lists if unsure else ():
            if chain_id not in chains:
                self._list(chain_id)
        return self._references()

    def _entry(self, version_id: str | None) -> ManifestEntry | None:
        return self.archive.entry_of(version_id, self.stored.bytes if self.stored else None)

    def _is_vital(self, version_id: str | None) -> bool:
        """Whether a manifest names this version, or no manifest names any other version."""
        others = version_id not in UNVERSIONED and bool(self.archive.entries)
        return self._entry(version_id) is not None or not others

    def _covered(self, chain_id: str, version_id: str | None, entry: ManifestEntry | None) -> int:
        """How many overlays of a chain need not be read, because a list or manifest covers them.

        Raises FatalError if the list that the newest manifest names is missing.
        """
        confirmed = self._list(chain_id)
        entries = self.archive.of_chain(chain_id)
        listing = next((each for each in entries if each.listed), None)
        if listing:
            if listing not in confirmed:
                key = layout.object_list(self.archive.key, chain_id)
                raise _unreadable(key, None, "it is missing, or does not match the manifest")
            return listing.links
        if entry and any(each.saved for each in entries):
            self._base(version_id, entry)
            return 0
        return max((each.links for each in entries), default=0) if entry else 0

    def _list(self, chain_id: str) -> set[ManifestEntry]:
        """Read every version of a chain's list. Returns the entries that one of them matches."""
        confirmed = set[ManifestEntry]()
        key = layout.object_list(self.archive.key, chain_id)
        entries = [each for each in self.archive.of_chain(chain_id) if each.listed]
        for version_id in self.archive.lists.get(chain_id, ()):
            data = self._read(key, version_id, MOST_BYTES)
            if data is None:
                continue
            self.found.update(legible_objects(data))
            confirmed |= {each for each in entries if each.listed and each.listed.confirms(data)}
        return confirmed

    def _overlays(self, chain_id: str, covered: int) -> None:
        named = max((each.links for each in self.archive.of_chain(chain_id)), default=0)
        for number, versions in self.archive.overlays.get(chain_id, {}).items():
            key = layout.overlay(self.archive.key, chain_id, number)
            for version_id in versions if number > covered else ():
                is_vital = number <= named or version_id in UNVERSIONED
                self._zip(key, version_id, is_vital=is_vital)

    def _base(self, version_id: str | None, entry: ManifestEntry | None) -> str:
        """Read a base archive. Returns its chain id, empty if it is no archive."""
        is_vital = self._is_vital(version_id)
        sha256 = self._zip(self.archive.key, version_id, is_vital=is_vital)
        if entry and sha256 not in ("", entry.sha256):
            raise _unreadable(self.archive.key, version_id, "its SHA-256 is not as recorded")
        return layout.chain_id(sha256)

    def _zip(self, key: str, version_id: str | None, *, is_vital: bool) -> str:
        """Read a base or an overlay. Returns its SHA-256, empty if it is gone or damaged."""
        self.count += 1

        def read() -> tuple[str, set[str]]:
            with self.store.open(key, version_id) as file:
                return objects_in_zip(file, self.retry_policy.stop)

        try:
            sha256, found = self.retry_policy.call(read)
        except NotFoundError:  # removed by a lifecycle rule since the listing
            return ""
        except _UNKNOWN as error:
            raise _unreadable(key, version_id, str(error)) from error
        except RepositoryError as error:
            self._damaged(key, version_id, str(error), is_vital=is_vital)
            return ""
        self.found |= found
        return sha256

    def _read(self, key: str, version_id: str | None, most: int) -> bytes | None:
        """A small object, at most ``most`` bytes and one; None if it no longer exists."""
        self.count += 1

        def read() -> bytes:
            with self.store.open(key, version_id) as file:
                return file.read(most + 1)

        try:
            return self.retry_policy.call(read)
        except NotFoundError:
            return None
        except RepositoryError as error:
            raise _unreadable(key, version_id, str(error)) from error

    def _damaged(self, key: str, version_id: str | None, why: str, *, is_vital: bool) -> None:
        if is_vital:
            raise _unreadable(key, version_id, why)
        self.ignored.append(key)

    def _references(self) -> References:
        return References(frozenset(self.found), self.count, tuple(self.ignored))


def _unreadable(key: str, version_id: str | None, why: str) -> FatalError:
    version = f" (version {version_id})" if version_id else ""
    return FatalError(
        f"{key}{version} cannot be read: {why}. It may refer to objects that nothing else names, "
        "so nothing was removed. The next backup writes a missing list again, also for a "
        "repository that GitHub no longer lists. If a list or an archive is damaged, run `verify` "
        "for its repository first"
    )
