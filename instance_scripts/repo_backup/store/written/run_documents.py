"""What a run says of itself, wherever that lies: published, or in the hands of its attempts.

The reporter publishes a run's manifest when the run is over. Until then, and where the reporter is
late, it is what the instances wrote that the launcher says it launched for that run.
"""

import logging
from dataclasses import dataclass

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.launch import Launched, read_launch
from backup_contract.documents.manifest import Manifest
from repo_backup.runtime.errors import said
from repo_backup.store.base import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    """A document and its key; ``read`` is what it holds, or why the store does not hand it out."""

    key: str
    read: bytes | ValueError

    @property
    def data(self) -> bytes:
        """What it holds. Raises ValueError for one that is too large to be what its name says."""
        if isinstance(self.read, ValueError):
            raise self.read
        return self.read


def read_manifest(store: Store, run_id: str, *, attempts_first: bool = False) -> Document | None:
    """The run's manifest, or its newest checkpoint; None if it has none.

    ``attempts_first``: the run is under way, and what its attempts wrote goes before what lies at
    the place where the reporter will publish.
    """
    if attempts_first:
        return _of_attempts(store, run_id) or _published(store, run_id)
    return _published(store, run_id) or _of_attempts(store, run_id)


def read_progress(store: Store, run_id: str) -> Document | None:
    """How far the run says that it is: the latest attempt that says so, or who writes by hand."""
    for each in reversed(launches(store, run_id)):
        if each.evidence and (found := read_document(store, evidence.progress(each.evidence))):
            return found
    return read_document(store, layout.progress(run_id))


def launches(store: Store, run_id: str) -> tuple[Launched, ...]:
    """The attempts that the launcher wrote down; none where it is not legible, with a warning."""
    found = read_document(store, layout.launch_record(run_id))
    try:
        return read_launch(found.data, run_id) if found else ()
    except ValueError as error:
        log.warning("%s is left out: %s", said(layout.launch_record(run_id)), error)
        return ()


def _published(store: Store, run_id: str) -> Document | None:
    return read_document(store, layout.manifest(run_id))


def _of_attempts(store: Store, run_id: str) -> Document | None:
    """The newest checkpoint that is sound and of the attempt that it is said to be of.

    Where there is none, the newest of the others, so that whoever reads it says what is wrong.
    """
    damaged = None
    for each in reversed(launches(store, run_id)):
        found = read_document(store, evidence.document(each.evidence)) if each.evidence else None
        if found is None:
            continue
        try:
            manifest = Manifest.from_json(found.data)
        except ValueError:
            damaged = damaged or found
            continue
        if (manifest.run_id, manifest.attempt) == (run_id, each.attempt):
            return found
    return damaged


def read_document(store: Store, key: str) -> Document | None:
    """What lies under this key; None if nothing does."""
    try:
        data = store.read(key)
    except ValueError as error:
        return Document(key, error)
    return None if data is None else Document(key, data)
