"""What there is to restore: archives by repository and run."""

import difflib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, Item, ItemResult, Manifest
from backup_contract.kinds import GIT, kinds_beside_git, noun
from repo_backup.restore.archive_reader import ArchiveRef
from repo_backup.runtime.errors import FatalError
from repo_backup.store.base import Store, Stored, Version
from repo_backup.store.inventory import not_in_place
from repo_backup.store.written.left_out import LeftOut
from repo_backup.store.written.run_documents import read_manifest
from repo_backup.store.written.run_order import newest_first

_KEPT = ("kept of a repository that GitHub does not list any more, or not under this name",)


class NoArchiveError(FatalError):
    """There is no archive of what was asked for."""


@dataclass(frozen=True)
class ArchiveListing:
    """An archive that is kept: ``part`` is what the newest manifest that names it says of it.

    ``bytes`` count its overlays too. ``missing``: it or an overlay should be there, and is not.
    ``private``: whether its repository was, or nobody knows.
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
        """The archive by its manifest."""
        return self.part.archive if self.part else None

    @property
    def found(self) -> ArchiveRef:
        """For a :class:`Reader`."""
        version = self.archive.version_id if self.archive else None
        return ArchiveRef(self.full_name, self.key, version, self.part, kind=self.kind)


def manifests(
    store: Store, run_id: str | None = None, named: set[str] | None = None
) -> Iterator[Manifest]:
    """The manifests at the destination, newest first, or the one of a run.

    One that cannot be read is left out with a warning: the others still lead to their archives.
    ``named`` are the keys of those of which a command has warned before. Raises FatalError when it
    is that of the run that was asked for.
    """
    with LeftOut(named) as left_out:
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
                    said = f"the manifest of run {run_id} is unreadable: {error}"
                    raise FatalError(said) from error
                left_out.tell(found.key, error)
                continue
            yield manifest


def key_of(full_name: str, kind: str = GIT) -> str:
    """The key of ``owner/name``'s archive of this kind."""
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
    """A repository's archive of a kind: of a run, of a version, by default the newest.

    A name is taken as it is written before it is taken in any case; what is listed under it before
    what is kept of it. ``OWNER/REPO~ID`` is the repository of that name with this id. Without a
    manifest that names it, whatever lies under its key will do. Raises NoArchiveError, and another
    FatalError where manifests cannot be read.
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
    where = f"of run {run_id}" if run_id else "at this destination"
    which = f", version {version_id}," if version_id else ""
    wanted = f"{full_name}{'' if kind == GIT else f' ({noun(kind)})'}{which}"
    raise NoArchiveError(f"there is no archive of {wanted} {where}{_meant(full_name, names)}")


def versions(store: Store, full_name: str) -> list[Version]:
    """Every version of what ``find`` finds, newest first. Raises FatalError if there is none."""
    found = store.versions(find(store, full_name).key)
    if not found:
        names = _names_by_keys(store, GIT)
        raise FatalError(f"there is no archive of {full_name}{_meant(full_name, names)}")
    return found


def held(
    store: Store, run_id: str | None = None, named: set[str] | None = None
) -> list[ArchiveListing]:
    """Every archive that a run's manifest names, or else all that there are at the destination.

    A run may have listed less than an earlier one (other owners, no token): manifests are read,
    newest first, until each archive that is there has been named. One that none names, as when
    ``runs/`` was lost, is there all the same. Raises FatalError.
    """
    stored = store.objects(layout.ARCHIVES)
    there = _bases(stored)
    # A run may have had overlays that are retired, and can still be read where there are versions.
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
                    # Of what is kept the manifest does not say it.
                    private=item.entry.private or item.state == "kept",
                )
                found.setdefault(archive.key, each)
        if run_id is None and there.keys() <= found.keys():
            break
    for key, size in there.items():
        if run_id is None and key not in found:
            found[key] = ArchiveListing(*layout.named_by(key), key, size, None)
    if not found:
        of = f"run {run_id} has" if run_id else "there is"
        raise FatalError(f"{of} no backup at this destination")
    return [found[key] for key in sorted(found, key=str.lower)]


def _items(manifest: Manifest) -> list[Item]:
    """Of each repository that was listed, and then of what is kept of others."""
    return [*manifest.items, *manifest.orphaned]


class Vouchers:
    """What all manifests together vouch for; they are read when that is first asked.

    ``named`` as for :func:`manifests`.
    """

    def __init__(self, store: Store, named: set[str] | None = None) -> None:
        self._store = store
        self._named = named
        self._known: dict[tuple[str, str], ItemResult] | None = None
        self._reading = threading.Lock()

    def of(self, key: str, sha256: str) -> ItemResult | None:
        """What a manifest says of exactly these bytes under this key; None if none does."""
        with self._reading:
            if self._known is None:
                self._known = {}
                for manifest in manifests(self._store, named=self._named):
                    for item in _items(manifest):
                        if archive := item.archive:
                            self._known.setdefault((archive.key, archive.sha256), item.result)
            return self._known.get((key, sha256))


def _zips(store: Store) -> dict[str, int]:
    """The base archives that are there, with their sizes."""
    return _bases(store.objects(layout.ARCHIVES))


def _bases(stored: Mapping[str, Stored]) -> dict[str, int]:
    return {key: each.bytes for key, each in stored.items() if layout.is_archive(key)}


def _names_by_keys(store: Store, kind: str) -> set[str]:
    """What has an archive that looks like one of this kind, by the key alone."""
    return {name for name, of_kind in map(layout.named_by, _zips(store)) if of_kind == kind}


def _meant(full_name: str, names: Iterable[str]) -> str:
    """What a name was probably meant to be, as the end of a message."""
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
