"""Reads a run's own documents: the published ones, or those of its attempts.

The reporter publishes a run's manifest when the run is over. Until then, the manifest is the newest
checkpoint of an instance that the launch record names.
"""

import logging
from dataclasses import dataclass

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.launch import Launched, read_launch
from backup_contract.documents.manifest import Manifest
from backup_contract.text import one_line
from repo_backup.store.base import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    """A document and its key. ``read`` is its content, or the error if it cannot be read."""

    key: str
    read: bytes | ValueError

    @property
    def data(self) -> bytes:
        """Its content. Raises ValueError if it cannot be read or is too large for its key."""
        if isinstance(self.read, ValueError):
            raise self.read
        return self.read


def read_manifest(store: Store, run_id: str, *, attempts_first: bool = False) -> Document | None:
    """The run's manifest, or its newest checkpoint; None if it has none.

    ``attempts_first``: prefer the attempts' checkpoints to a published manifest, because the run is
    under way.
    """
    if attempts_first:
        return _of_attempts(store, run_id) or _published(store, run_id)
    return _published(store, run_id) or _of_attempts(store, run_id)


def read_progress(store: Store, run_id: str) -> Document | None:
    """The progress of a run: its latest attempt's, or that of a run started by hand."""
    for each in reversed(launches(store, run_id)):
        if each.evidence and (found := read_document(store, evidence.progress(each.evidence))):
            return found
    return read_document(store, layout.progress(run_id))


def launches(store: Store, run_id: str) -> tuple[Launched, ...]:
    """The attempts in the launch record. If it is damaged, none, and a warning is logged."""
    found = read_document(store, layout.launch_record(run_id))
    try:
        return read_launch(found.data, run_id) if found else ()
    except ValueError as error:
        log.warning("%s is ignored: %s", one_line(layout.launch_record(run_id)), error)
        return ()


def _published(store: Store, run_id: str) -> Document | None:
    return read_document(store, layout.manifest(run_id))


def _of_attempts(store: Store, run_id: str) -> Document | None:
    """The newest readable checkpoint that belongs to its attempt.

    If there is none, the newest damaged one, so that the caller reports what is wrong.
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
    """The document at ``key``; None if it does not exist."""
    try:
        data = store.read(key)
    except ValueError as error:
        return Document(key, error)
    return None if data is None else Document(key, data)
