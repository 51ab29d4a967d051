"""The kind ``data``: issues, pull requests, discussions, releases and settings of a repository.

What was saved stays: an item that is gone at the host is marked with the date, in this archive and
in every later one, also when the repository gets another name.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from backup_contract.documents.data_index import DataIndex, Section
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.data_state import DataState
from backup_contract.kinds import DATA
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import Remote
from repo_backup.hosts.data import DataHost, Signature
from repo_backup.kinds.base import Fetched, Found, Grown, Resources, Unchanged
from repo_backup.kinds.compaction import is_due
from repo_backup.kinds.data import folder
from repo_backup.kinds.data.asset_files import objects_in, places_in
from repo_backup.kinds.data.assets import Assets, AssetSaver, are_due
from repo_backup.kinds.data.data_archive import SAYS_NOTHING, ArchiveWriter, LoadedChain, load_chain
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.data.salvage import salvage_chain
from repo_backup.kinds.data.schedule import due, state_after
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, TransientError, UsageError
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

    def absence(self, remote: Remote) -> None:
        """None: every repository has settings at least."""

    def disk_bytes(self, remote: Remote) -> int:
        """A guess: no listing tells of it."""
        return _USUAL_BYTES

    def upstream(self, remote: Remote, resources: Resources) -> "RemoteData":
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
        stop: Stop,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Compare the documents with the index and the manifest; remarks. It takes little, so
        that ``same_bytes`` spare nothing."""
        return folder.check(unpacked, result, stop)

    def objects(self, unpacked: Path) -> Iterable[tuple[str, int]]:
        """The files of releases that are saved. Raises RepositoryError."""
        return objects_in(unpacked).items()

    def places(self, unpacked: Path) -> Iterable[tuple[str, int, Path]]:
        """The same, each in ``releases/TAG``. Raises RepositoryError."""
        return places_in(unpacked)

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

    remote: Remote
    resources: Resources
    host: DataHost
    now: datetime

    @contextmanager
    def find(self) -> Iterator[Found]:
        """What the host's one question for many repositories tells."""
        signature = self.host.signature(self.remote)
        fingerprint = hashlib.sha256(signature.fingerprint.encode()).hexdigest()[:32]

        def is_known(earlier: ItemResult) -> bool:
            if due(earlier.data, fingerprint, self.now, self.remote.id).reason:
                return False
            return not are_due(earlier, signature, self.resources.assets)

        def fetch(room: Path) -> Fetched:
            return _Work(self, signature, fingerprint, room).first()

        def grow(room: Path, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
            return _Work(self, signature, fingerprint, room).further(chain, earlier)

        yield Found(
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
            assets = self._assets(copy, again=False)
            return _told(self._writer(copy, sections).base(), state, assets)

    def further(self, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
        """What is due, added to what is stored; a new base where the chain cannot grow."""
        resources = self.item.resources
        with WorkingCopy(self.room / "further.sqlite", self.item.now) as copy:
            try:
                loaded = load_chain(resources.store, chain, copy, self.room, resources.stop)
            except SAYS_NOTHING:
                raise
            except RepositoryError as error:
                return self._anew(chain, error)
            # Of what an overlay lost the working copy lacks, dates say nothing.
            known = None if loaded.stored.fault else earlier.data
            assets_due = are_due(earlier, self.signature, resources.assets)
            state, sections = self._read(
                copy, known, loaded.index.sections, again=known is None, changed=assets_due
            )
            assets = self._assets(copy, again=chain.base_replaced or resources.full)
            writer = self._writer(copy, sections)
            if self._is_same(copy, loaded, sections, chain):
                return Unchanged(state, assets.objects, assets.unserved)
            if is_due(loaded.stored, resources, None):
                fault = loaded.stored.fault
                warnings = (f"{fault}; a new archive has all that can be read",) if fault else ()
                return Grown(_told(writer.base(), state, assets), warnings=warnings)
            return Grown(_told(writer.overlay(), state, assets), loaded.stored)

    def _anew(self, chain: StoredChain, error: RepositoryError) -> Grown:
        """Everything, beside what can still be read of a chain whose base cannot as a whole."""
        resources, remote = self.item.resources, self.item.remote
        with WorkingCopy(self.room / "anew.sqlite", self.item.now) as copy:
            saved = salvage_chain(
                resources.store, chain, remote.id, copy, self.room, resources.stop
            )
            state, sections = self._read(copy, None, {}, again=True)
            assets = self._assets(copy, again=True)
            base = _told(self._writer(copy, sections).base(), state, assets)
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
        counts = copy.contents().counts
        items = sum(counts.get(name, 0) for name in _ITEM_FOLDERS)
        state = state_after(before, task, reading, self.fingerprint, items)
        return state, {**sections, **reading.sections}

    def _assets(self, copy: WorkingCopy, *, again: bool) -> Assets:
        item = self.item
        saver = AssetSaver(item.remote, item.resources, self.room)
        return saver.save(copy, self.signature, again=again)

    def _writer(self, copy: WorkingCopy, sections: Mapping[str, Section]) -> ArchiveWriter:
        remote, resources = self.item.remote, self.item.resources
        counts = copy.contents().counts
        index = DataIndex(remote.full_name, remote.id, resources.run_id, sections, counts)
        top = f"{remote.owner}.account" if remote.is_account else f"{remote.name}.data"
        return ArchiveWriter(copy, index, top, self.room, resources.store.part_bytes)

    def _is_same(
        self,
        copy: WorkingCopy,
        loaded: LoadedChain,
        sections: Mapping[str, Section],
        chain: StoredChain,
    ) -> bool:
        """Whether the stored chain tells all this already."""
        if loaded.stored.needs_base or loaded.stored.links > chain.named:
            return False
        return not copy.is_changed and _essential(sections) == _essential(loaded.index.sections)


def _told(fetched: Fetched, state: DataState, assets: Assets) -> Fetched:
    return replace(fetched, data=state, objects=assets.objects, unserved=assets.unserved)


def _essential(sections: Mapping[str, Section]) -> dict[str, Section]:
    """The sections without when each was read: the manifest says that of all."""
    return {name: replace(each, read_at=None) for name, each in sections.items()}
