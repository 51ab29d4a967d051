"""Lists what can be restored: archives by repository and run."""

import difflib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, Item, ItemResult, Manifest
from backup_contract.kinds import GIST, GIT, KINDS, kinds_beside_git, noun
from repo_backup.restore.archive_reader import ArchiveRef
from repo_backup.runtime.errors import FatalError
from repo_backup.store.base import Store, Stored, Version
from repo_backup.store.inventory import not_in_place
from repo_backup.store.written.ignored_documents import IgnoredDocuments
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

_KEPT = ("retained of a repository that GitHub no longer lists under this name",)


class NoArchiveError(FatalError):
    """The requested archive does not exist."""


class IsGistError(NoArchiveError):
    """No repository has this name, but a gist has this id."""


@dataclass(frozen=True)
class ArchiveListing:
    """An archive at the destination. ``part`` is from the newest manifest that names it.

    ``bytes`` include its overlays. ``missing``: it or an overlay does not exist. ``private``:
    whether its repository was private; True if unknown.
    """

    full_name: str
    kind: str
    key: str
    bytes: int
    part: ItemResult | None
    missing: bool = False
    private: bool = True

    @property
    def archive(self) -> Archive | None:
        """The archive as its manifest records it."""
        return self.part.archive if self.part else None

    @property
    def restored_bytes(self) -> int:
        """Its approximate size on disk in bytes, including the large files that it refers to."""
        objects = self.part.objects if self.part else None
        return self.bytes + (objects.saved_bytes if objects else 0)

    @property
    def found(self) -> ArchiveRef:
        """The reference for a :class:`Reader`."""
        version = self.archive.version_id if self.archive else None
        return ArchiveRef(self.full_name, self.key, version, self.part, kind=self.kind)


def manifests(
    store: Store, run_id: str | None = None, named: set[str] | None = None
) -> Iterator[Manifest]:
    """The manifests at the destination, newest first, or that of one run.

    A damaged manifest is ignored with a warning, because others still name its archives. ``named``
    are keys about which the command has warned already. Raises FatalError if the manifest of the
    requested run is damaged or does not exist.
    """
    with IgnoredDocuments(named) as ignored:
        for each in [run_id] if run_id else newest_first(store):
            found = read_manifest(store, each)
            if found is None:
                if run_id:
                    meant = _meant_run(store, run_id)
                    raise FatalError(f"there is no manifest of run {run_id}{meant}")
                continue
            try:
                manifest = Manifest.from_json(found.data)
            except ValueError as error:
                if run_id:
                    message = f"the manifest of run {run_id} is unreadable: {error}"
                    raise FatalError(message) from error
                ignored.add(found.key, error)
                continue
            yield manifest


def key_of(full_name: str, kind: str = GIT) -> str:
    """The key of the archive of ``owner/name`` of this kind."""
    owner, _, name = full_name.partition("/")
    return layout.archive(owner, name, kind)


def find(
    store: Store,
    full_name: str,
    kind: str = GIT,
    *,
    run_id: str | None = None,
    version_id: str | None = None,
    named: set[str] | None = None,
) -> ArchiveRef:
    """Find a repository's archive of a kind: that of a run, a version, or the newest.

    An exact name takes precedence over one that differs in case, and a listed repository over a
    retained one. ``OWNER/REPO~ID`` is the repository with this id. If no manifest names the
    repository, the archive at its key is used. Raises NoArchiveError, and another FatalError if
    manifests cannot be read.
    """
    key = key_of(full_name, kind)
    name, _, number = full_name.partition("~")
    alike: ArchiveRef | None = None
    names: set[str] = set()
    for manifest in manifests(store, run_id, named):
        for entry, part in ((i.entry, i.result) for i in _items(manifest) if i.kind == kind):
            if part.archive:
                names.add(entry.full_name)
            if entry.full_name.lower() != name.lower() or number not in ("", str(entry.id)):
                continue
            archive = part.archive
            if archive and version_id in (None, archive.version_id):
                remarks = _KEPT if part.state == "kept" else ()
                found = ArchiveRef(
                    entry.full_name, archive.key, archive.version_id, part, remarks, kind
                )
                if entry.full_name == name:
                    return found
                alike = alike or found
    if alike:
        return alike
    if run_id is None:
        if any(version_id in (None, each.id) for each in store.versions(key)):
            return ArchiveRef(full_name, key, version_id, None, kind=kind)
        names |= _names_by_keys(store, kind)
        if kind == GIT and full_name.lower() in map(str.lower, _names_by_keys(store, GIST)):
            raise IsGistError(f"{full_name} is a gist: give {KINDS[GIST].choice}, too")
    where = f"of run {run_id}" if run_id else "at this destination"
    which = f", version {version_id}," if version_id else ""
    wanted = f"{full_name}{'' if kind == GIT else f' ({noun(kind)})'}{which}"
    if which and full_name in names:
        meant = "\n`list --versions` names the versions that there are"
    else:
        meant = _meant(full_name, names)
    raise NoArchiveError(f"there is no archive of {wanted} {where}{meant}")


def versions(store: Store, full_name: str) -> list[Version]:
    """The versions of the archive that ``find`` finds, newest first. Raises FatalError."""
    try:
        key = find(store, full_name).key
    except IsGistError:
        key = find(store, full_name, GIST).key
    found = store.versions(key)
    if not found:
        names = _names_by_keys(store, GIT)
        raise FatalError(f"there is no archive of {full_name}{_meant(full_name, names)}")
    return found


def archive_listings(
    store: Store, run_id: str | None = None, named: set[str] | None = None
) -> list[ArchiveListing]:
    """The archives that a run's manifest names, or else all at the destination.

    A run may have listed less than an earlier one (other owners, no token). So manifests are read,
    newest first, until every stored archive is named. Archives that no manifest names, for example
    because ``runs/`` was lost, are included. Raises FatalError.
    """
    stored = store.objects(layout.ARCHIVES)
    there = _bases(stored)
    # A run may have had overlays that were removed since; with versions they can still be read.
    only_bases = run_id is not None and store.capabilities.versions
    found: dict[str, ArchiveListing] = {}
    for manifest in manifests(store, run_id, named):
        for item in _items(manifest):
            if archive := item.archive:
                expected = replace(item.result, chain=None) if only_bases else item.result
                each = ArchiveListing(
                    item.entry.full_name,
                    item.kind,
                    archive.key,
                    item.result.bytes_stored,
                    item.result,
                    missing=bool(not_in_place([expected], stored, settled=False)),
                    # The manifest does not say it of retained repositories.
                    private=item.entry.private or item.state == "kept",
                )
                found.setdefault(archive.key, each)
        if run_id is None and there.keys() <= found.keys():
            break
    for key, size in there.items():
        if run_id is None and key not in found:
            found[key] = ArchiveListing(*layout.named_by(key), key, size, None)
    if not found:
        if run_id:
            raise FatalError(f"run {run_id} has no backup at this destination")
        raise FatalError("there is no backup at this destination: check --source")
    return [found[key] for key in sorted(found, key=str.lower)]


def _items(manifest: Manifest) -> list[Item]:
    """The items of listed repositories, then those of retained ones."""
    return [*manifest.items, *manifest.orphaned]


class RecordedResults:
    """The results of all manifests by archive and SHA-256. Manifests are read on first use.

    ``named`` as for :func:`manifests`.
    """

    def __init__(self, store: Store, named: set[str] | None = None) -> None:
        self._store = store
        self._named = named
        self._known: dict[tuple[str, str], ItemResult] | None = None
        self._reading = threading.Lock()

    def of(self, key: str, sha256: str) -> ItemResult | None:
        """A manifest's result for exactly these bytes at this key; None if there is none."""
        with self._reading:
            if self._known is None:
                self._known = {}
                for manifest in manifests(self._store, named=self._named):
                    for item in _items(manifest):
                        if archive := item.archive:
                            self._known.setdefault((archive.key, archive.sha256), item.result)
            return self._known.get((key, sha256))


def _zips(store: Store) -> dict[str, int]:
    """The stored base archives, with their sizes in bytes."""
    return _bases(store.objects(layout.ARCHIVES))


def _bases(stored: Mapping[str, Stored]) -> dict[str, int]:
    return {key: each.bytes for key, each in stored.items() if layout.is_archive(key)}


def _names_by_keys(store: Store, kind: str) -> set[str]:
    """The names with an archive whose key looks like one of this kind."""
    return {name for name, of_kind in map(layout.named_by, _zips(store)) if of_kind == kind}


def _meant(full_name: str, names: Iterable[str]) -> str:
    """A suggestion for a name, as the end of a message."""
    by_small = {name.lower(): name for name in names}
    owner, _, name = full_name.lower().partition("/")
    for kind in kinds_beside_git():
        bare = by_small.get(f"{owner}/{name.removesuffix(kind.suffix)}")
        if bare and name.endswith(kind.suffix):
            return f"\ndid you mean {bare} {kind.choice}?"
    close = difflib.get_close_matches(full_name.lower(), by_small, 1)
    return f"\ndid you mean {by_small[close[0]]}?" if close else ""


def _meant_run(store: Store, run_id: str) -> str:
    close = difflib.get_close_matches(run_id, store.run_ids(), 1)
    return f"\ndid you mean {close[0]}?" if close else "; see `list --runs`"
