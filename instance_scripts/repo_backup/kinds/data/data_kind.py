"""The kind ``data``: issues, pull requests, discussions, releases and settings of a repository.

What was saved stays: an item that is gone at the host is marked with the date, in this archive and
in every later one, also when the repository gets another name.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO

from backup_contract.documents.data_index import DataIndex, Section
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.data_state import DataState
from backup_contract.kinds import DATA
from backup_contract.moments import iso
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import DataHost, Signature
from repo_backup.kinds.base import CurrentState, Fetched, Grown, Resources, Unchanged
from repo_backup.kinds.data import folder
from repo_backup.kinds.data.asset_files import objects_in, places_in
from repo_backup.kinds.data.assets import are_due
from repo_backup.kinds.data.attached.files import attached_objects_in, attached_places_in
from repo_backup.kinds.data.binaries import Binaries, save_binaries
from repo_backup.kinds.data.data_archive import INCONCLUSIVE, ArchiveWriter, load_chain
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.data.salvage import salvage_chain
from repo_backup.kinds.data.schedule import due, state_after
from repo_backup.kinds.data.unproven_overlays import UnprovenOverlays
from repo_backup.kinds.git.compaction import is_due
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    InterruptedRunError,
    RepositoryError,
    TransientError,
    UsageError,
)
from repo_backup.store.chain_store import StoredChain

_USUAL_BYTES = 64 << 20
_ITEM_FOLDERS = ("issues", "pulls", "discussions")
"""What is read again in rotation: the other sections are read whole whenever they change."""
_NO_TARGET = "project data is restored to a folder: use --into, not --push-to"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ProjectData:
    """A repository's project data, by the clock that tells what is due."""

    clock: Callable[[], datetime] = _utc_now
    name = DATA
    optional = False
    is_late = True

    def absence(self, remote: RemoteRepository) -> None:
        """None: every repository has settings at least."""

    def disk_bytes(self, remote: RemoteRepository) -> int:
        """A guess: no listing tells of it."""
        return _USUAL_BYTES

    def upstream(self, remote: RemoteRepository, resources: Resources) -> "RemoteData":
        """The repository's data at its host. Raises RepositoryError for one that has none."""
        if resources.data is None:
            raise RepositoryError("this host is not asked for project data")
        return RemoteData(remote, resources, resources.data, self.clock())

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """A folder of JSON documents, new in ``into``. Raises RepositoryError."""
        return folder.unpack(file, into)

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """An overlay over the folder. Raises RepositoryError."""
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
        """Compare the documents with the index and the manifest; remarks. It takes little, so
        that ``same_bytes`` spare nothing."""
        return folder.check(unpacked, result, stop)

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """The release assets and attachments that are saved. Raises RepositoryError."""
        return {**objects_in(unpacked), **attached_objects_in(unpacked)}.items()

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """The same, in ``releases/TAG`` and ``attachments/ITEM``. Raises RepositoryError."""
        return chain(places_in(unpacked), attached_places_in(unpacked))

    def next_step(self, unpacked: Path) -> str:
        """The index says what is there and what is not complete."""
        return f"{unpacked}/index.json tells what is in it"

    def check_target(self, target: Target) -> None:
        """Raise UsageError: there is nothing to push."""
        raise UsageError(_NO_TARGET)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        """Raise UsageError: there is nothing to push."""
        raise UsageError(_NO_TARGET)


@dataclass(frozen=True)
class RemoteData:
    """One repository's data at its host, as of ``now``."""

    remote: RemoteRepository
    resources: Resources
    host: DataHost
    now: datetime

    @contextmanager
    def find(self) -> Iterator[CurrentState]:
        """What the host's one question for many repositories tells."""
        signature = self.host.signature(self.remote)
        fingerprint = hashlib.sha256(signature.fingerprint.encode()).hexdigest()[:32]

        def is_known(earlier: ItemResult) -> bool:
            if due(earlier.data, fingerprint, self.now, self.remote.id).reason:
                return False
            lacks_list = bool(earlier.objects and earlier.objects.saved and not earlier.object_list)
            return not (lacks_list or are_due(earlier, signature, self.resources.assets))

        def fetch(room: Path) -> Fetched:
            return _Work(self, signature, fingerprint, room).first()

        def grow(room: Path, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
            return _Work(self, signature, fingerprint, room).further(chain, earlier)

        yield CurrentState(
            fingerprint,
            sum(signature.counts.values()),
            is_empty=False,
            fetch=fetch,
            grow=grow,
            is_known=is_known,
            carries_over=True,
        )

    def after(self, error: TransientError) -> RepositoryError:
        """Nothing is learnt from it."""
        return error


@dataclass(frozen=True)
class _Work:
    """Reading a repository's data once, in the directory ``room``."""

    item: RemoteData
    signature: Signature
    fingerprint: str
    room: Path

    def first(self) -> Fetched:
        """Everything."""
        with WorkingCopy(self.room / "first.sqlite", self.item.now) as copy:
            state, sections = self._read(copy, None, {})
            binaries = self._binaries(copy, state, again=False)
            return _with_state(self._writer(copy, sections, binaries).base(), state, binaries)

    def further(self, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
        """What is due, added to what is stored; a new base where the chain cannot grow."""
        resources = self.item.resources
        with WorkingCopy(self.room / "further.sqlite", self.item.now) as copy:
            unproven = UnprovenOverlays(copy, resources, self.room)
            try:
                loaded = load_chain(resources, chain, copy, self.room)
                loaded = unproven.load_named(loaded, earlier)
            except INCONCLUSIVE:
                raise
            except RepositoryError as error:
                return self._anew(chain, error)
            # Of what an overlay lost the working copy lacks, dates say nothing.
            known = None if loaded.stored.fault else earlier.data
            assets_due = are_due(earlier, self.signature, resources.assets)
            state, sections = self._read(
                copy, known, loaded.index.sections, again=known is None, changed=assets_due
            )
            again = chain.base_replaced or chain.objects_damaged or resources.full
            binaries = self._binaries(copy, state, again=again)
            state = replace(state, attached=binaries.attached)
            writer = self._writer(copy, sections, binaries)
            stored, warnings = unproven.compare(loaded)
            if stored.links <= chain.named and self._is_same(copy, stored, loaded.index, sections):
                return Unchanged(state, binaries.objects, binaries.unserved, binaries.saved)
            if is_due(stored, resources, None):
                fault = stored.fault
                warnings = (f"{fault}; a new archive has all that can be read",) if fault else ()
                return Grown(_with_state(writer.base(), state, binaries), warnings=warnings)
            # A folder that knows no case has one chain for `hello` and `Hello`.
            writer = replace(writer, top=loaded.top)
            return Grown(_with_state(writer.overlay(), state, binaries), stored, warnings)

    def _anew(self, chain: StoredChain, error: RepositoryError) -> Grown:
        """Everything, beside what can still be read of a chain whose base cannot as a whole."""
        resources, remote = self.item.resources, self.item.remote
        with WorkingCopy(self.room / "anew.sqlite", self.item.now) as copy:
            saved = salvage_chain(
                resources.store, chain, remote.id, copy, self.room, resources.stop
            )
            state, sections = self._read(copy, None, {}, again=True)
            binaries = self._binaries(copy, state, again=True)
            base = _with_state(self._writer(copy, sections, binaries).base(), state, binaries)
        warning = (
            f"{chain.archive.key} cannot be read as a whole ({error}): everything is read anew, "
            f"and {saved} documents that could be read are kept"
        )
        return Grown(base, warnings=(warning,))

    def _read(
        self,
        copy: WorkingCopy,
        before: DataState | None,
        sections: Mapping[str, Section],
        *,
        again: bool = False,
        changed: bool = False,
    ) -> tuple[DataState, Mapping[str, Section]]:
        """Let the host read what is due; the state and all sections after that."""
        item = self.item
        now_due = due(before, self.fingerprint, item.now, item.remote.id)
        # Assets are fetched by releases as they are now.
        now_due = replace(now_due, changed=now_due.changed or changed)
        full = item.resources.full or again
        task = now_due.task(self.signature, item.now, sections, full=full)
        reading = item.host.read(item.remote, task, copy)
        if item.resources.stop.requested and not copy.is_changed:
            # Of an interrupted run's reading only what it brought is worth an archive.
            raise InterruptedRunError(item.resources.stop.reason)
        counts = copy.contents().counts
        items = sum(counts.get(name, 0) for name in _ITEM_FOLDERS)
        state = state_after(before, task, reading, self.fingerprint, items)
        return state, {**sections, **reading.sections}

    def _binaries(self, copy: WorkingCopy, state: DataState, *, again: bool) -> Binaries:
        """Release assets and attachments; what was refused is tried again with the settings."""
        item = self.item
        retry = item.resources.full or state.settings_read_at == iso(item.now)
        what = (item.remote, item.resources, copy, self.signature, self.room, item.now)
        return save_binaries(*what, again=again, retry=retry)

    def _writer(
        self, copy: WorkingCopy, sections: Mapping[str, Section], binaries: Binaries
    ) -> ArchiveWriter:
        remote, resources = self.item.remote, self.item.resources
        counts = copy.contents().counts
        index = DataIndex(
            *(remote.full_name, remote.id, resources.run_id, sections, counts), binaries.attached
        )
        top = f"{remote.owner}.account" if remote.of == "account" else f"{remote.name}.data"
        return ArchiveWriter(copy, index, top, self.room, resources.store.part_bytes)

    @staticmethod
    def _is_same(
        copy: WorkingCopy, stored: StoredChain, index: DataIndex, sections: Mapping[str, Section]
    ) -> bool:
        """Whether the stored chain tells all this already."""
        if stored.needs_base:
            return False
        return not copy.is_changed and _essential(sections) == _essential(index.sections)


def _with_state(fetched: Fetched, state: DataState, binaries: Binaries) -> Fetched:
    return replace(
        fetched,
        data=replace(state, attached=binaries.attached),
        objects=binaries.objects,
        unserved=binaries.unserved,
        saved=binaries.saved,
    )


def _essential(sections: Mapping[str, Section]) -> dict[str, Section]:
    """The sections without when each was read: the manifest says that of all."""
    return {name: replace(each, read_at=None) for name, each in sections.items()}
