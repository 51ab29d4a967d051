"""Which run stands for a day, and which runs can still be restored."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cache

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult, Manifest
from backup_contract.moments import day, named_moment
from repo_backup.restore.archive_reader import (
    SAYS_NOTHING,
    ArchiveRef,
    BrokenChainError,
    OtherArchiveError,
)
from repo_backup.restore.catalogue import ArchiveListing, manifests
from repo_backup.runtime.errors import FatalError, RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.written.run_order import began_at, newest_first

log = logging.getLogger(__name__)


def run_at(store: Store, at: str | None) -> str | None:
    """The name of the run that is meant, as in :func:`manifest_at`; None for None."""
    return manifest_at(store, at).run_id if at and day(at) else at


def manifest_at(store: Store, at: str) -> Manifest:
    """The manifest of the run that is meant: of the one with this name, or of the newest complete
    one that began on this day or before it (UTC).

    Raises FatalError where there is none.
    """
    wanted = day(at)
    if wanted is None:
        return next(manifests(store, at))
    midnight = datetime.combine(wanted + timedelta(days=1), time(), UTC)
    oldest = ""
    for run_id in newest_first(store):
        named = named_moment(run_id)
        if named and named >= midnight:
            oldest = run_id
            continue
        began = began_at(store, run_id)
        if began and began < midnight:
            try:
                manifest = next(manifests(store, run_id))
                if manifest.complete:
                    return manifest
            except FatalError:  # a damaged manifest: an older run may do
                continue
        oldest = run_id
    last = f"; the oldest run is {oldest}" if oldest else ""
    raise FatalError(f"there is no complete run on {at} or before it (UTC){last}")


def expired(store: Store, listed: Iterable[ArchiveListing]) -> set[str]:
    """The keys of those archives of a run that are not there any more, by what the store lists.

    They were replaced since, and the version that the run had is gone, or one of their overlays.
    What lies under a key now is what the newest manifest says, if it has no version's name. Where
    the versions may not be listed nothing is called expired, and a warning says so.
    """
    try:
        kept, present = store.version_ids(layout.ARCHIVES), store.objects(layout.ARCHIVES)
    except RepositoryError as error:
        log.warning("which of these archives are expired is not known: %s", error)
        return set()
    newest = next(manifests(store), None)
    items = (*newest.items, *newest.orphaned) if newest else ()
    now = {item.archive.key: item.archive.sha256 for item in items if item.archive}

    def there(each: ArchiveListing) -> bool:
        archive, chain = each.archive, each.part.chain if each.part else None
        if archive is None:
            return True
        same = archive.key in present and archive.sha256 == now.get(archive.key, archive.sha256)
        links = range(1, chain.links + 1) if chain else ()
        chain_id = layout.chain_id(archive.sha256)
        keys = (layout.overlay(archive.key, chain_id, number) for number in links)
        return (same or archive.version_id in kept.get(archive.key, ())) and all(
            key in kept or key in present for key in keys
        )

    return {each.key for each in listed if not there(each)}


def cannot_be_restored(
    store: Store, found: ArchiveRef, run_id: str, error: RepositoryError
) -> RepositoryError:
    """What to say where the archive of a run is not what it was: it names the oldest run that can
    be restored still. What says nothing of the archive is returned as it is."""
    if isinstance(error, SAYS_NOTHING):
        return error
    sha256 = error.sha256 if isinstance(error, OtherArchiveError) else None
    whole = error.before.part if isinstance(error, BrokenChainError) else None
    try:
        oldest = oldest_restorable(store, found, sha256, whole)
        which = f"the oldest run that can be is {oldest}" if oldest else "nor can any other run"
    except RepositoryError as unknown:
        which = f"which other run can be is not known: {unknown}"
    return RepositoryError(f"{found.name} cannot be restored as of {run_id}: {error}\n{which}")


def oldest_restorable(
    store: Store, found: ArchiveRef, sha256: str | None, whole: ItemResult | None = None
) -> str | None:
    """The oldest run whose archive of ``found``, with its overlays, is still there.

    ``sha256`` is that of what lies under its key now, where that is known: a store without
    versions has nothing else, nor has one that was copied. ``whole`` is how far a chain is.
    """
    ids = {version.id for version in store.versions(found.key)}

    @cache
    def there(key: str) -> bool:
        return bool(store.versions(key))

    def restorable(result: ItemResult) -> bool:
        archive, chain = result.archive, result.chain
        if archive is None:
            return False
        links = chain.links if chain else 0
        if whole and whole.archive and archive.sha256 == whole.archive.sha256:
            return links <= (whole.chain.links if whole.chain else 0)
        version = archive.version_id
        if archive.sha256 != sha256 and (version is None or version not in ids):
            return False
        chain_id = layout.chain_id(archive.sha256)
        return all(there(layout.overlay(archive.key, chain_id, n)) for n in range(1, links + 1))

    runs = [
        (manifest.run_id, item.result)
        for manifest in manifests(store)
        for item in (*manifest.items, *manifest.orphaned)
        if item.archive and item.archive.key == found.key and item.result != found.part
    ]
    return next((run_id for run_id, result in reversed(runs) if restorable(result)), None)
