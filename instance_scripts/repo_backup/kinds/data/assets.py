"""Saves release assets, each once, as an object named by its SHA-256.

The document ``assets/TAG.json`` lists the assets of a release with their objects.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import ItemResult, Unserved
from backup_contract.documents.parts.results import Referred
from backup_contract.documents.release_assets import (
    ASSETS,
    RELEASES,
    ReleaseAsset,
    assets_after,
    assets_document,
    assets_of,
    assets_path,
    read_assets,
    referred,
    unreadable_assets,
    without_repeats,
)
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import ReleaseHost, Signature
from repo_backup.kinds.base import AssetChoice, Resources
from repo_backup.kinds.data.asset_outcome import AssetFile, AssetOutcome, by_size
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.outage import Outage
from repo_backup.net.download import Download
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError, WrongBytesError
from repo_backup.store.objects import ObjectStore, StoredObject

AT_ONCE = 4
_BLOCK_BYTES = 1 << 20
INCOMPLETE = "incomplete"
"""Stands in for a fingerprint and equals none, so that the next run tries again."""


@dataclass(frozen=True)
class Assets:
    """The state of a repository's release assets. ``objects`` None: nothing is known.

    ``unserved`` says what is missing. ``saved`` maps the SHA-256 (hex) of each saved object to its
    size in bytes.
    """

    objects: Referred | None = None
    unserved: Unserved | None = None
    saved: Mapping[str, int] = field(default_factory=dict)


def are_due(earlier: ItemResult, signature: Signature, choice: AssetChoice) -> bool:
    """Whether release assets need work although no document has changed. Pure.

    They do if some may be missing, or if an earlier version wrote the archive without them.
    """
    if lacks := earlier.unserved:
        return not choice.save or lacks.upstream_digest != _settled(choice)
    if not choice.save:
        return False
    found = earlier.objects
    if found is None:
        return bool(signature.counts.get(RELEASES))
    return found.saved < found.count


@dataclass(frozen=True)
class AssetSaver:
    """Saves the assets of the releases in a working copy. ``room`` is for temporary files."""

    remote: RemoteRepository
    resources: Resources
    room: Path

    @property
    def host(self) -> ReleaseHost:
        """The host of the releases. There is one: only a repository has releases, and its data came
        from a host."""
        assert self.resources.data  # noqa: S101 - the kind has no item without it
        return self.resources.data

    def save(self, copy: WorkingCopy, signature: Signature, *, again: bool) -> Assets:
        """Save what is not saved yet, small files first, within the run's allowance.

        ``again``: also check that objects of earlier runs are still in the store. Raises
        FatalError, InterruptedRunError, and RepositoryError if a list cannot be read.
        """
        objects, choice = self.resources.objects, self.resources.assets
        before = dict(_lists(copy))
        if objects is None or not choice.save:
            return Assets(_numbers(before), saved=_saved(before))
        outcome, lists = AssetOutcome(), dict[str, tuple[ReleaseAsset, ...]]()
        for path, release in _releases(copy):
            lists[path] = assets_after(before.get(path, ()), assets_of(release))
            if unreadable := unreadable_assets(release):
                outcome.unreadable[path] = unreadable
        every = [AssetFile(path, each) for path, assets in lists.items() for each in assets]
        wanted = [each for each in every if again or not each.asset.sha256]
        self._save(sorted(wanted, key=by_size), objects, outcome)
        for path, assets in lists.items():
            after = (_after(AssetFile(path, each), outcome) for each in assets)
            if assets or path in before:
                copy.put(path, assets_document(without_repeats(after)))
        reason, warning = outcome.reason, outcome.warning(choice.allowance.total)
        upstream = _settled(choice) if outcome.is_settled(choice.allowance.total) else INCOMPLETE
        unserved = Unserved(upstream, reason, warning) if reason or warning else None
        none = Referred(0, 0, 0, 0) if lists or signature.counts.get(RELEASES) else None
        now = dict(_lists(copy))
        return Assets(_numbers(now) or none, unserved, _saved(now))

    def _save(
        self, wanted: Sequence[AssetFile], objects: ObjectStore, outcome: AssetOutcome
    ) -> None:
        missing, choice = self._missing(wanted, objects, outcome), self.resources.assets
        allowed: list[AssetFile] = []
        for each in missing:
            (allowed if choice.allowance.take(each.asset.size) else outcome.left).append(each)

        outage = Outage()

        def save(number: int) -> StoredObject | RepositoryError:
            try:
                self.resources.stop.check()
                with outage.download():
                    return self._put(allowed[number].asset, objects)
            except RepositoryError as error:
                return error
            except OSError as error:
                return RepositoryError(f"the temporary directory fails: {error.strerror}")

        for each, found in zip(allowed, at_once(save, len(allowed), AT_ONCE), strict=True):
            if isinstance(found, AllowanceSpentError):
                outcome.put_off[each] = str(found)
            elif isinstance(found, RepositoryError):
                outcome.failed[each] = str(found)
            else:
                outcome.saved[each] = found.sha256
                outcome.false |= {found.sha256} if found.was_false else set()

    def _missing(
        self, wanted: Sequence[AssetFile], objects: ObjectStore, outcome: AssetOutcome
    ) -> list[AssetFile]:
        """The assets that are not in the store, as far as their SHA-256 is known."""

        def is_stored(number: int) -> bool | str:
            asset = wanted[number].asset
            known = asset.sha256 or asset.expected
            try:
                return bool(known and objects.has(known))
            except RepositoryError as error:
                return str(error)

        missing = []
        for each, found in zip(wanted, at_once(is_stored, len(wanted), AT_ONCE), strict=True):
            if isinstance(found, str):
                outcome.failed[each] = found
            elif found:
                outcome.saved[each] = each.asset.sha256 or each.asset.expected or ""
            else:
                missing.append(each)
        return missing

    def _put(self, asset: ReleaseAsset, objects: ObjectStore) -> StoredObject:
        """Store one asset. Raises RepositoryError, and OSError if the disk fails."""
        resumed = False

        @contextlib.contextmanager
        def opened() -> Iterator[Download]:
            nonlocal resumed
            ask = partial(self.host.open_asset, self.remote, asset.id)
            download = Download(
                asset.size, lambda headers, _anew: ask(headers), self.resources.stop
            )
            with contextlib.closing(download):
                try:
                    yield download
                finally:
                    resumed = download.resumed

        def put() -> StoredObject:
            # An asset that was saved before must have the same bytes again.
            if known := asset.expected or asset.sha256:
                return objects.put(known, asset.size, opened)
            return self._put_by_scratch(asset, objects, opened)

        try:
            return put()
        except WrongBytesError:
            if not resumed:
                raise
        # A resumed download combines several responses, which may come from different files.
        return put()

    def _put_by_scratch(
        self,
        asset: ReleaseAsset,
        objects: ObjectStore,
        opened: Callable[[], AbstractContextManager[Download]],
    ) -> StoredObject:
        """Store an asset whose SHA-256 GitHub does not state. One at a time may use the disk."""
        with self.resources.assets.scratch, tempfile.TemporaryFile(dir=self.room) as file:
            if asset.size > shutil.disk_usage(self.room).free // 2:
                raise RepositoryError("it is too large for the temporary directory")

            def fetch() -> None:
                file.seek(0)
                file.truncate()
                with opened() as download:
                    while block := download.read(_BLOCK_BYTES):
                        file.write(block)
                        if file.tell() > asset.size:
                            raise WrongBytesError(f"it has more than {asset.size} bytes")

            self.resources.retry_policy.call(fetch)
            return objects.put_file(file)


def _settled(choice: AssetChoice) -> str:
    """Stands in for a fingerprint if no run with this allowance can fetch what is missing."""
    return f"larger than {choice.allowance.total}"


def _after(file: AssetFile, outcome: AssetOutcome) -> ReleaseAsset:
    """The asset's new entry in the list. If its object could not be fetched again, the old entry
    stays."""
    return replace(file.asset, sha256=outcome.saved.get(file) or file.asset.sha256)


def _releases(copy: WorkingCopy) -> Iterator[tuple[str, Any]]:
    """Each release as GitHub has it (None if it is gone), with the path of its list of assets."""
    for path in [*copy.paths(RELEASES)]:
        yield assets_path(path), None if copy.is_vanished(path) else copy.get(path)


def _lists(copy: WorkingCopy) -> Iterator[tuple[str, tuple[ReleaseAsset, ...]]]:
    for path in [*copy.paths(ASSETS)]:
        try:
            yield path, read_assets(copy.get(path) or {})
        except DamagedError as error:
            raise RepositoryError(str(error.within(path))) from error


def _numbers(lists: dict[str, tuple[ReleaseAsset, ...]]) -> Referred | None:
    return referred(each for assets in lists.values() for each in assets) if lists else None


def _saved(lists: Mapping[str, tuple[ReleaseAsset, ...]]) -> dict[str, int]:
    every = (each for assets in lists.values() for each in assets)
    return {each.sha256: each.size for each in every if each.sha256}
