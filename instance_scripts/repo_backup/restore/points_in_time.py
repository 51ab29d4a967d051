"""Finds the run for a day, and the runs that can still be restored."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, time
from functools import cache

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult, Manifest
from backup_contract.moments import day, named_moment
from repo_backup.restore.archive_reader import (
    INCONCLUSIVE,
    ArchiveRef,
    BrokenChainError,
    OtherArchiveError,
)
from repo_backup.restore.catalogue import ArchiveListing, manifests
from repo_backup.runtime.errors import FatalError, RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.written.run_order import newest_first, read_started_at

log = logging.getLogger(__name__)


def run_at(store: Store, at: str | None) -> str | None:
    """The id of the run that :func:`manifest_at` finds; None for None."""
    return manifest_at(store, at).run_id if at and day(at) else at


def manifest_at(store: Store, at: str) -> Manifest:
    """The manifest of the run with this id, or of the newest complete run that began on or before
    this day (UTC).

    Raises FatalError if there is none.
    """
    wanted = day(at)
    if wanted is None:
        return next(manifests(store, at))
    end = datetime.combine(wanted, time.max, UTC)
    oldest = ""
    for run_id in newest_first(store):
        named = named_moment(run_id)
        if named and named > end:
            oldest = run_id
            continue
        began = read_started_at(store, run_id)
        if began and began <= end:
            try:
                manifest = next(manifests(store, run_id))
                if manifest.complete:
                    return manifest
            except FatalError:  # a damaged manifest: try older runs
                continue
        oldest = run_id
    last = f"; the oldest run is {oldest}" if oldest else ""
    raise FatalError(f"there is no complete run on {at} or before it (UTC){last}")


def newest_archives(store: Store) -> dict[str, str]:
    """The SHA-256 of the archive under each key, by the newest manifest."""
    newest = next(manifests(store), None)
    items = (*newest.items, *newest.orphaned) if newest else ()
    return {item.archive.key: item.archive.sha256 for item in items if item.archive}


def expired(store: Store, listed: Iterable[ArchiveListing]) -> set[str]:
    """The keys of a run's archives that no longer exist, from the store's listing.

    They were replaced, and the run's version or one of the overlays has been removed. For an
    archive without a version id, the one at its key must be the newest manifest's. If versions may
    not be listed, none counts as expired, and a warning says so.
    """
    try:
        kept, present = store.version_ids(layout.ARCHIVES), store.objects(layout.ARCHIVES)
    except RepositoryError as error:
        log.warning("it is not known which of these archives are expired: %s", error)
        return set()
    now = newest_archives(store)

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


def unrestorable_error(
    store: Store, found: ArchiveRef, run_id: str, error: RepositoryError
) -> RepositoryError:
    """The error for a run's archive that does not exist any more, with the oldest run that can
    still be restored. Errors that do not concern the archive are returned unchanged."""
    if isinstance(error, INCONCLUSIVE):
        return error
    sha256 = error.sha256 if isinstance(error, OtherArchiveError) else None
    whole = error.before.part if isinstance(error, BrokenChainError) else None
    try:
        oldest = oldest_restorable(store, found, sha256, whole)
        which = f"the oldest run that can be is {oldest}" if oldest else "nor can any other run"
    except RepositoryError as unknown:
        which = f"it is not known which other run can be: {unknown}"
    return RepositoryError(f"{found.name} cannot be restored as of {run_id}: {error}\n{which}")


def oldest_restorable(
    store: Store, found: ArchiveRef, sha256: str | None, whole: ItemResult | None = None
) -> str | None:
    """The oldest run whose archive of ``found`` still exists with its overlays.

    ``sha256`` is that of the archive at its key now, if known: a store without versions, or a
    copied one, has no other. ``whole`` is the number of good overlays.
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
