"""Whether every binary that an archive refers to is in the bucket, and is what its key says.

S3 keeps the SHA-256 that it computed when an object was put: one HeadObject for each version tells
it, ever. What was found right is written to a document that nobody else may write, so that later a
listing of versions is enough.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from time import monotonic

from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.lfs_list import read_zip
from backup_contract.documents.manifest import Item
from backup_contract.kinds import LFS
from reporter.judge.archive_state import Checked, Listed
from reporter.judge.key_ranges import KeyRange
from reporter.observe.bucket import CONCURRENT_CHECKS, Bucket
from reporter.observe.version_listing import version_listing

CHECK_TIME = timedelta(minutes=3)
"""Beside the archives': the mail must be sent within the function's 15 minutes. What it does not
suffice for is looked at after the next run."""
MOST_REMEMBERED = 300_000
"""Objects in the document: 100 bytes each."""
ONE_PUT_BYTES = 5 << 30
"""What is larger has no SHA-256 of all its bytes in S3: the restore drill reads it back."""
_MOST_LIST_BYTES = 64 << 20
_MOST_DOCUMENT_BYTES = 64 << 20
_MISSING = ("404", "NoSuchKey", "NoSuchVersion")
_NO_VERSION = ("", "null")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A binary that archives refer to: its size, and the lists of overlays of these archives."""

    bytes: int
    chains: tuple[str, ...]


def check_objects(bucket: Bucket, items: Iterable[Item]) -> Checked:
    """What is wrong with the binaries that the archives of these items refer to.

    Nothing is asked where no archive refers to any. Raises UnreadableError.
    """
    until = monotonic() + CHECK_TIME.total_seconds()
    referring = [
        item for item in items if item.kind == LFS and item.archive and item.result.objects
    ]
    with ThreadPoolExecutor(CONCURRENT_CHECKS) as pool:
        lists = [*pool.map(lambda item: _saved(bucket, item), referring)]
        wanted = _wanted(referring, lists)
        unread = [line for _, line in lists if line]
        if not wanted:
            return Checked(object_problems=tuple(unread))
        known = _known(bucket)
        there = _listed(bucket, until)
        work = [each for each in wanted if not _is_known(each, there.get(each), known)]
        found = [*pool.map(lambda sha: _problem(bucket, sha, wanted[sha], there, until), work)]
    problems = dict(zip(work, found, strict=True))
    right = {
        sha: row.version_id
        for sha in wanted
        if (row := there.get(sha)) and row.version_id not in _NO_VERSION and not problems.get(sha)
    }
    notices = _remember(bucket, known, right)
    wrong = {sha: line for sha, line in problems.items() if line}
    late = sum(line == _LATE for line in wrong.values())
    lines = [line for line in wrong.values() if line != _LATE]
    if late:
        lines.append(f"{late} of {len(wanted)} large files were not looked at: time was up")
    damaged = (c for sha, line in wrong.items() if line != _LATE for c in wanted[sha].chains)
    return Checked(
        object_problems=(*unread, *lines),
        notices=notices,
        damaged_chains=tuple(dict.fromkeys(damaged)),
    )


_LATE = "late"


def _saved(bucket: Bucket, item: Item) -> tuple[Mapping[str, int], str]:
    """The sizes of the objects that an archive says are saved, and why it cannot be read."""
    archive = item.archive
    assert archive  # noqa: S101 - the caller has looked
    try:
        data = bucket.read(archive.key, _MOST_LIST_BYTES)
        _, found = read_zip(BytesIO(data or b""))
    except DamagedError as error:
        return {}, f"{item.name}: {archive.key}: {error}"
    return {oid: found.sizes[oid] for oid in found.saved}, ""


def _wanted(
    items: Sequence[Item], lists: Sequence[tuple[Mapping[str, int], str]]
) -> dict[str, _Wanted]:
    found: dict[str, _Wanted] = {}
    for item, (sizes, _) in zip(items, lists, strict=True):
        archive = item.archive
        assert archive  # noqa: S101 - the caller has looked
        chain = layout.chain_document(archive.key, layout.chain_id(archive.sha256))
        for sha256, size in sizes.items():
            before = found.get(sha256, _Wanted(size, ()))
            found[sha256] = _Wanted(size, (*before.chains, chain))
    return found


def _listed(bucket: Bucket, until: float) -> dict[str, Listed]:
    """The current version of each object, by its SHA-256; none where they may not be listed."""
    whole = KeyRange(layout.OBJECTS, "", "", ())
    with version_listing(bucket.client, bucket.name) as listing:
        try:
            return dict(_by_sha256(listing.current(whole, until)))
        except ClientError as error:
            if bucket.refused(error) is None:
                raise
        return {}


def _by_sha256(rows: Iterable[Listed]) -> Iterator[tuple[str, Listed]]:
    for row in rows:
        if sha256 := layout.content_sha256(row.key):
            yield sha256, row


def _is_known(sha256: str, row: Listed | None, known: Mapping[str, str]) -> bool:
    return (
        row is not None
        and row.version_id not in _NO_VERSION
        and (known.get(sha256) == row.version_id)
    )


def _problem(
    bucket: Bucket, sha256: str, wanted: _Wanted, there: Mapping[str, Listed], until: float
) -> str:
    """What is wrong with an object, empty if nothing is. One HeadObject."""
    if monotonic() >= until:
        return _LATE
    key, row = layout.content(sha256), there.get(sha256)
    try:
        head = bucket.client.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return f"{key} is not in the bucket"
        if detail := bucket.refused(error):
            return f"{key} may not be looked at ({detail})"
        raise
    if row and head.get("VersionId", "null") != row.version_id:
        return f"{key} was replaced while it was looked at"
    if head["ContentLength"] != wanted.bytes:
        return f"{key} has {head['ContentLength']} bytes, not {wanted.bytes}"
    if wanted.bytes > ONE_PUT_BYTES:
        return ""
    expected = base64.b64encode(bytes.fromhex(sha256)).decode()
    if (found := head.get("ChecksumSHA256")) != expected:
        return f"{key} {'is not what its key says' if found else 'has no SHA-256 of S3'}"
    return ""


def _known(bucket: Bucket) -> dict[str, str]:
    """The version of each object that was found right, by its SHA-256."""
    try:
        data = bucket.read(layout.CHECKED_OBJECTS, _MOST_DOCUMENT_BYTES)
        return {} if data is None else fields.decode(data, _versions)
    except DamagedError:
        return {}


def _versions(document: fields.Fields) -> dict[str, str]:
    fields.schema(document, 1)
    found = document.get("versions")
    if not isinstance(found, dict):
        raise DamagedError("versions", "are no object")
    return {str(sha256): str(version) for sha256, version in found.items()}


def _remember(
    bucket: Bucket, known: Mapping[str, str], right: Mapping[str, str]
) -> tuple[str, ...]:
    """Write down what is right, unless that is known; a notice where it cannot be written."""
    kept = dict(sorted(right.items())[:MOST_REMEMBERED])
    if kept == known:
        return ()
    body = json.dumps({"schema": 1, "versions": kept}, indent=0).encode()
    try:
        bucket.client.put_object(
            Bucket=bucket.name,
            Key=layout.CHECKED_OBJECTS,
            Body=body,
            ContentType="application/json",
        )
    except ClientError as error:
        if (detail := bucket.refused(error)) is None:
            raise
        return (f"{layout.CHECKED_OBJECTS} could not be written ({detail})",)
    return ()
