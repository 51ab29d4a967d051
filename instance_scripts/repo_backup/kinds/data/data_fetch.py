"""Reads a repository's data once, and makes an archive or an overlay of it.

A reading that takes long pauses: what it has read is stored, and another reading goes on. So a
machine that disappears without notice loses minutes of it, not hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from backup_contract.documents.data_index import DataIndex, Section
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.data_state import DataState
from backup_contract.moments import iso
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import DataHost, Signature
from repo_backup.kinds.base import Fetched, Grown, Resources, Unchanged
from repo_backup.kinds.data.assets import are_due
from repo_backup.kinds.data.binaries import Binaries, save_binaries
from repo_backup.kinds.data.data_archive import INCONCLUSIVE, ArchiveWriter, load_chain
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.data.salvage import salvage_chain
from repo_backup.kinds.data.schedule import due, state_after
from repo_backup.kinds.data.unproven_overlays import UnprovenOverlays
from repo_backup.kinds.git.compaction import is_due
from repo_backup.runtime.errors import InterruptedRunError, RepositoryError
from repo_backup.store.chain_store import StoredChain

SAVE_SECONDS = 600.0
"""A longer reading of one repository is stored in parts, each after about so long."""
_ITEM_FOLDERS = ("issues", "pulls", "discussions")
"""What is read again in rotation: the other sections are read whole whenever they change."""


class _Read(NamedTuple):
    """What the host was asked for: the state, and all sections after that."""

    state: DataState
    sections: Mapping[str, Section]
    paused: bool


@dataclass(frozen=True)
class DataFetch:
    """One reading of a repository's data, as of ``now``, in the directory ``room``.

    ``fingerprint`` stands for the ``signature``. ``resumed``: this run has just stored a part, and
    this reading goes on with the rest.
    """

    remote: RemoteRepository
    resources: Resources
    host: DataHost
    now: datetime
    signature: Signature
    fingerprint: str
    room: Path
    resumed: bool = False

    def first(self) -> Fetched:
        """Everything."""
        with WorkingCopy(self.room / "first.sqlite", self.now) as copy:
            read = self._read(copy, None, {})
            binaries = self._binaries(copy, read, again=False)
            return _with_state(self._writer(copy, read, binaries).base(), read, binaries)

    def further(self, chain: StoredChain, earlier: ItemResult) -> Grown | Unchanged:
        """What is due, added to what is stored; a new base where the chain cannot grow."""
        resources = self.resources
        with WorkingCopy(self.room / "further.sqlite", self.now) as copy:
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
            read = self._read(
                copy, known, loaded.index.sections, again=known is None, changed=assets_due
            )
            again = chain.base_replaced or chain.objects_damaged or resources.full
            binaries = self._binaries(copy, read, again=again)
            writer = self._writer(copy, read, binaries)
            stored, warnings = unproven.compare(loaded)
            same = self._is_same(copy, stored, loaded.index, read.sections)
            if same and stored.links <= chain.named:
                state = replace(read.state, attached=binaries.attached)
                return Unchanged(state, binaries.objects, binaries.unserved, binaries.saved)
            if is_due(stored, resources, None):
                fault = stored.fault
                warnings = (
                    (f"{fault}; a new archive contains all that can be read",) if fault else ()
                )
                return Grown(_with_state(writer.base(), read, binaries), warnings=warnings)
            # A folder that knows no case has one chain for `hello` and `Hello`.
            writer = replace(writer, top=loaded.top)
            return Grown(_with_state(writer.overlay(), read, binaries), stored, warnings)

    def _anew(self, chain: StoredChain, error: RepositoryError) -> Grown:
        """Everything, beside what can still be read of a chain whose base cannot as a whole."""
        resources, remote = self.resources, self.remote
        with WorkingCopy(self.room / "anew.sqlite", self.now) as copy:
            saved = salvage_chain(
                resources.store, chain, remote.id, copy, self.room, resources.stop
            )
            read = self._read(copy, None, {}, again=True)
            binaries = self._binaries(copy, read, again=True)
            base = _with_state(self._writer(copy, read, binaries).base(), read, binaries)
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
    ) -> _Read:
        """Let the host read what is due."""
        stop = self.resources.stop
        now_due = due(before, self.fingerprint, self.now, self.remote.id)
        # Assets are fetched by releases as they are now.
        now_due = replace(now_due, changed=now_due.changed or changed)
        full = self.resources.full or again
        task = now_due.task(self.signature, self.now, sections, full=full)
        if not full:  # Nothing tells how far everything was read again.
            task = replace(task, pause_after_seconds=SAVE_SECONDS, resumed=self.resumed)
        reading = self.host.read(self.remote, task, copy)
        if stop.requested and not copy.is_changed:
            # Of an interrupted run's reading only what it brought is worth an archive.
            raise InterruptedRunError(stop.reason)
        counts = copy.contents().counts
        items = sum(counts.get(name, 0) for name in _ITEM_FOLDERS)
        state = state_after(before, task, reading, self.fingerprint, items)
        paused = reading.paused and not stop.requested
        return _Read(state, {**sections, **reading.sections}, paused)

    def _binaries(self, copy: WorkingCopy, read: _Read, *, again: bool) -> Binaries:
        """Release assets and attachments; what was refused is tried again with the settings.

        They wait until everything else is read.
        """
        resources = self.resources
        retry = resources.full or read.state.settings_read_at == iso(self.now)
        if read.paused:
            assets = replace(resources.assets, save=False)
            attachments = replace(resources.attachments, save=False)
            resources = replace(resources, assets=assets, attachments=attachments)
        what = (self.remote, resources, copy, self.signature, self.room, self.now)
        return save_binaries(*what, again=again, retry=retry)

    def _writer(self, copy: WorkingCopy, read: _Read, binaries: Binaries) -> ArchiveWriter:
        remote, resources = self.remote, self.resources
        counts = copy.contents().counts
        index = DataIndex(
            *(remote.full_name, remote.id, resources.run_id, read.sections, counts),
            binaries.attached,
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


def _with_state(fetched: Fetched, read: _Read, binaries: Binaries) -> Fetched:
    return replace(
        fetched,
        paused=read.paused,
        data=replace(read.state, attached=binaries.attached),
        objects=binaries.objects,
        unserved=binaries.unserved,
        saved=binaries.saved,
    )


def _essential(sections: Mapping[str, Section]) -> dict[str, Section]:
    """The sections without when each was read: the manifest says that of all."""
    return {name: replace(each, read_at=None) for name, each in sections.items()}
