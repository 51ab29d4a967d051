"""The files of releases: each is saved once, as an object by its SHA-256.

Which object a file is stands in the working copy, in ``assets/TAG.json``.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from backup_contract import object_keys as layout
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
    without_repeats,
)
from backup_contract.text import size
from repo_backup.hosts.base import Remote
from repo_backup.hosts.data import ReleaseHost, Signature
from repo_backup.kinds.base import AssetChoice, Resources
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.net.download import Download
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError, WrongBytesError
from repo_backup.store.objects import ObjectStore, StoredObject

AT_ONCE = 4
_BLOCK_BYTES = 1 << 20
_MOST_NAMED = 3
_INCOMPLETE = "incomplete"
"""In the place of a fingerprint: the next run tries again."""


@dataclass(frozen=True)
class Assets:
    """What is to be said of a repository's release assets; ``objects`` None: nothing is known."""

    objects: Referred | None = None
    unserved: Unserved | None = None


@dataclass(frozen=True)
class _File:
    """A file that is to be saved, of the release whose list is at ``path``."""

    path: str
    asset: ReleaseAsset

    @property
    def name(self) -> str:
        """For people: ``v1.0/program.zip``."""
        return f"{self.path.partition('/')[2].removesuffix('.json')}/{self.asset.name}"


@dataclass
class _Outcome:
    """What became of the files that were wanted: the SHA-256 of each that is saved, reasons."""

    saved: dict[_File, str] = field(default_factory=dict)
    failed: dict[_File, str] = field(default_factory=dict)
    left: list[_File] = field(default_factory=list)
    put_off: dict[_File, str] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)

    @property
    def reason(self) -> str | None:
        """Why the backup is incomplete, if it is."""
        parts = []
        if self.failed:
            few = [f"{each.name}: {why}" for each, why in [*self.failed.items()][:_MOST_NAMED]]
            more = len(self.failed) - len(few)
            few += [f"and {more} more"] if more else []
            parts.append(f"{_assets(len(self.failed))} could not be saved: {'; '.join(few)}")
        for sha256 in sorted(self.false):
            parts.append(f"{layout.content(sha256)} was not what its key says, and was replaced")
        return "; ".join(parts) or None

    def warning(self, allowance: int | None) -> str | None:
        """What is left to later runs, if anything is; ``allowance`` in bytes."""
        told = []
        if self.left:
            rest = f"{_assets(len(self.left))} ({_bytes(self.left)}) left to later runs"
            told.append(f"{rest}: --max-assets allows {size(allowance or 0)} in each")
            if never := sum(each.asset.size > (allowance or 0) for each in self.left):
                told.append(f"{never} of them never {'fits' if never == 1 else 'fit'}")
        if self.put_off:
            rest = f"{_assets(len(self.put_off))} ({_bytes([*self.put_off])}) left to later runs"
            told.append(f"{rest}: {next(iter(self.put_off.values()))}")
        return "; ".join(told) or None


def are_due(earlier: ItemResult, signature: Signature, choice: AssetChoice) -> bool:
    """Whether release assets are to be looked at though no document has changed. Pure.

    An archive of an earlier version says nothing of them.
    """
    if earlier.unserved or not choice.save:
        return earlier.unserved is not None
    found = earlier.objects
    if found is None:
        return bool(signature.counts.get(RELEASES))
    return found.saved < found.count


@dataclass(frozen=True)
class AssetSaver:
    """Saves the release assets that a working copy tells of; ``room`` is for temporary files."""

    remote: Remote
    resources: Resources
    room: Path

    @property
    def host(self) -> ReleaseHost:
        """Whose releases they are: only a repository has such lists, and its data had a host."""
        assert self.resources.data  # noqa: S101 - the kind has no item without it
        return self.resources.data

    def save(self, copy: WorkingCopy, signature: Signature, *, again: bool) -> Assets:
        """Save what is not saved yet, the small files first, as far as the run's allowance goes.

        ``again``: the destination is asked for what was saved before, too. Raises FatalError,
        InterruptedRunError, and RepositoryError where a list cannot be read.
        """
        objects, choice = self.resources.objects, self.resources.assets
        before = dict(_lists(copy))
        if objects is None or not choice.save:
            return Assets(_numbers(before))
        lists = {path: assets_after(before.get(path, ()), now) for path, now in _listed(copy)}
        outcome = _Outcome()
        every = [_File(path, each) for path, assets in lists.items() for each in assets]
        wanted = [each for each in every if again or not each.asset.sha256]
        self._save(sorted(wanted, key=_by_size), objects, outcome)
        for path, assets in lists.items():
            after = (_after(_File(path, each), outcome) for each in assets)
            if assets or path in before:
                copy.put(path, assets_document(without_repeats(after)))
        reason, warning = outcome.reason, outcome.warning(choice.allowance.total)
        unserved = Unserved(_INCOMPLETE, reason, warning) if reason or warning else None
        none = Referred(0, 0, 0, 0) if lists or signature.counts.get(RELEASES) else None
        return Assets(_numbers(dict(_lists(copy))) or none, unserved)

    def _save(self, wanted: Sequence[_File], objects: ObjectStore, outcome: _Outcome) -> None:
        missing, choice = self._missing(wanted, objects, outcome), self.resources.assets
        allowed: list[_File] = []
        for each in missing:
            (allowed if choice.allowance.take(each.asset.size) else outcome.left).append(each)

        def save(number: int) -> StoredObject | RepositoryError:
            try:
                self.resources.stop.check()
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
        self, wanted: Sequence[_File], objects: ObjectStore, outcome: _Outcome
    ) -> list[_File]:
        """Those whose bytes the destination does not have, as far as their SHA-256 is known."""

        def look(number: int) -> bool | str:
            asset = wanted[number].asset
            known = asset.sha256 or asset.expected
            try:
                return bool(known and objects.has(known))
            except RepositoryError as error:
                return str(error)

        missing = []
        for each, found in zip(wanted, at_once(look, len(wanted), AT_ONCE), strict=True):
            if isinstance(found, str):
                outcome.failed[each] = found
            elif found:
                outcome.saved[each] = each.asset.sha256 or each.asset.expected or ""
            else:
                missing.append(each)
        return missing

    def _put(self, asset: ReleaseAsset, objects: ObjectStore) -> StoredObject:
        """Store one file. Raises RepositoryError, and OSError where the disk fails."""
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
            # What was saved before must be the same again: nobody has replaced it since.
            if known := asset.expected or asset.sha256:
                return objects.put(known, asset.size, opened)
            return self._put_by_scratch(asset, objects, opened)

        try:
            return put()
        except WrongBytesError:
            if not resumed:
                raise
        # It was put together of several answers, which may be of several files.
        return put()

    def _put_by_scratch(
        self,
        asset: ReleaseAsset,
        objects: ObjectStore,
        opened: Callable[[], AbstractContextManager[Download]],
    ) -> StoredObject:
        """Store a file whose SHA-256 only its bytes tell; one at a time has the disk."""
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

            self.resources.patience.call(fetch)
            return objects.put_file(file)


def _after(file: _File, outcome: _Outcome) -> ReleaseAsset:
    """What the list says of a file now; what could not be had again is not taken back."""
    return replace(file.asset, sha256=outcome.saved.get(file) or file.asset.sha256)


def _listed(copy: WorkingCopy) -> Iterator[tuple[str, tuple[ReleaseAsset, ...]]]:
    """By the path of its list, each release's files at GitHub; none of one that is gone."""
    for path in [*copy.paths(RELEASES)]:
        release = None if copy.is_vanished(path) else copy.get(path)
        yield assets_path(path), assets_of(release)


def _lists(copy: WorkingCopy) -> Iterator[tuple[str, tuple[ReleaseAsset, ...]]]:
    for path in [*copy.paths(ASSETS)]:
        try:
            yield path, read_assets(copy.get(path) or {})
        except DamagedError as error:
            raise RepositoryError(str(error.within(path))) from error


def _numbers(lists: dict[str, tuple[ReleaseAsset, ...]]) -> Referred | None:
    return referred(each for assets in lists.values() for each in assets) if lists else None


def _by_size(file: _File) -> tuple[int, int]:
    return file.asset.size, file.asset.id


def _bytes(files: Sequence[_File]) -> str:
    return size(sum(each.asset.size for each in files))


def _assets(count: int) -> str:
    return "1 release asset" if count == 1 else f"{count} release assets"
