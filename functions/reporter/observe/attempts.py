"""Reads the documents of a run's attempts. Only the instance launched for an attempt can write
them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from backup_contract import evidence
from backup_contract.documents import fields
from backup_contract.documents.date_marker import Marker
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from reporter.observe.bucket import MOST_MANIFEST_BYTES, MOST_PROGRESS_BYTES, MOST_VALUES, Bucket
from reporter.publish.manifest import PUBLISHED
from shared.model.run import Attempt, Run


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The manifest that an attempt wrote: its key, SHA-256 and content."""

    key: str
    sha256: str
    manifest: Manifest


def own_marker(
    markers: Iterator[Marker], bucket: Bucket, below: str, attempt: int
) -> Marker | None:
    """The first marker that matches the attempt's own manifest.

    Whoever forges a marker, or writes it in advance, knows neither the instance id nor the SHA-256
    of the manifest.
    """
    key, found = evidence.document(below), ""
    for marker in markers:
        if (marker.attempt, marker.manifest) != (attempt, key):
            continue
        found = found or bucket.digest(key)
        if found == marker.manifest_sha256:
            return marker
    return None


def read_progress(bucket: Bucket, below: str) -> Progress | None:
    """The progress that the attempt reported, or None. Raises DamagedError."""
    key = evidence.progress(below)
    data = bucket.read(key, MOST_PROGRESS_BYTES)
    try:
        return None if data is None else Progress.from_json(data)
    except DamagedError as error:
        raise error.within(key) from error


def read_checkpoint(bucket: Bucket, run: Run, attempt: Attempt, below: str) -> Checkpoint | None:
    """The manifest that this attempt wrote, or None.

    Raises :class:`DamagedError` with the document's name and the field, also for a document of
    another run or attempt, or one that claims to be published.
    """
    key = evidence.document(below)
    data = bucket.read(key, MOST_MANIFEST_BYTES)
    if data is None:
        return None
    try:
        manifest = fields.decode(data, partial(_own, run.id, attempt.number), MOST_VALUES)
    except DamagedError as error:
        raise error.within(key) from error
    return Checkpoint(key, sha256(data).hexdigest(), manifest)


def _own(run_id: str, attempt: int, document: Fields) -> Manifest:
    for name in PUBLISHED:
        if name in document:
            raise DamagedError(name, "is the reporter's to write")
    manifest = Manifest.read(document)
    if manifest.run_id != run_id:
        raise DamagedError("run_id", "is that of another run")
    if manifest.attempt != attempt:
        raise DamagedError("attempt", f"is {manifest.attempt}, not {attempt}")
    return manifest
