"""What the attempts of a run say of it: each in the words of the instance launched for it alone."""

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
    """A manifest as an attempt wrote it: where it lies, and what it hashes to."""

    key: str
    sha256: str
    manifest: Manifest


def own_marker(
    markers: Iterator[Marker], bucket: Bucket, below: str, attempt: int
) -> Marker | None:
    """The first of the markers that is of this attempt: it names what the attempt itself wrote.

    Whoever writes a marker for somebody else, or in advance, knows neither the instance's id nor
    what its manifest will hash to.
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
    """How far the attempt says it came; None if it said nothing. Raises DamagedError."""
    key = evidence.progress(below)
    data = bucket.read(key, MOST_PROGRESS_BYTES)
    try:
        return None if data is None else Progress.from_json(data)
    except DamagedError as error:
        raise error.within(key) from error


def read_checkpoint(bucket: Bucket, run: Run, attempt: Attempt, below: str) -> Checkpoint | None:
    """What this attempt wrote down; None if it came to nothing.

    Raises :class:`DamagedError` with the document's name and the field, also for a document that is
    sound and of another run or attempt, or that claims to be published.
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
        raise DamagedError("run_id", "is another run's")
    if manifest.attempt != attempt:
        raise DamagedError("attempt", f"is {manifest.attempt}, not {attempt}")
    return manifest
