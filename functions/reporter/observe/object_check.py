"""Checks that every binary that an archive refers to is in the bucket with the right content.

S3 stores the SHA-256 that it computed when an object was put, so one HeadObject per version is
enough. Right versions are remembered in a document that nobody else may write; later a listing of
versions confirms them.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Item
from backup_contract.judgement.object_problems import ObjectProblems
from reporter.judge.archive_state import Checked, Listed
from reporter.judge.key_ranges import KeyRange
from reporter.observe.bucket import CONCURRENT_CHECKS, Bucket
from reporter.observe.object_lists import ReferredObjects, referred_objects
from reporter.observe.version_listing import version_listing

CHECK_TIME = timedelta(minutes=3)
"""The time for this check, besides that of the archives: the mail must be sent within the
function's 15 minutes. Objects that are not checked in time are checked after the next run."""
MOST_REMEMBERED = 300_000
"""The number of objects in the document, 100 bytes each."""
ONE_PUT_BYTES = 5 << 30
"""S3 has no SHA-256 of the full object above this size. The restore drill reads those back."""
_MOST_DOCUMENT_BYTES = 64 << 20
_MISSING = ("404", "NoSuchKey", "NoSuchVersion")
_NO_VERSION = ("", "null")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A referenced binary: its size, and the keys that represent the archives in ``chains``."""

    bytes: int
    chains: tuple[str, ...]


def check_objects(bucket: Bucket, items: Iterable[Item]) -> Checked:
    """Check the binaries that the archives of these items refer to.

    Makes no request if there are none. Raises UnreadableError.
    """
    until = monotonic() + CHECK_TIME.total_seconds()
    with ThreadPoolExecutor(CONCURRENT_CHECKS) as pool:
        lists = referred_objects(bucket, items, pool)
        wanted = _wanted(lists)
        bad = tuple(each.problem for each in lists if each.problem and each.chain)
        unread = tuple(each.problem for each in lists if each.problem and not each.chain)
        broken = [each.chain for each in lists if each.is_damaged]
        if not wanted:
            problems = ObjectProblems(lists=bad, unchecked=unread)
            return Checked(object_problems=problems, damaged_chains=tuple(broken))
        known = _known(bucket)
        there = _listed(bucket, until)
        work = [each for each in wanted if not _is_known(each, there.get(each), known)]
        found = [*pool.map(lambda sha: _problem(bucket, sha, wanted[sha], there, until), work)]
    lines = dict(zip(work, found, strict=True))
    right = {
        sha: row.version_id
        for sha in wanted
        if (row := there.get(sha)) and row.version_id not in _NO_VERSION and not lines.get(sha)
    }
    notices = _remember(bucket, known, right)
    wrong = {sha: line for sha, line in lines.items() if line and line != _LATE}
    if late := sum(line == _LATE for line in lines.values()):
        unread += (f"{late} of {len(wanted)} large files were not checked: time ran out",)
    damaged = (chain for sha in wrong for chain in wanted[sha].chains)
    return Checked(
        object_problems=ObjectProblems(tuple(wrong.values()), bad, unread),
        notices=notices,
        damaged_chains=tuple(dict.fromkeys((*broken, *damaged))),
    )


_LATE = "late"


def _wanted(lists: Iterable[ReferredObjects]) -> dict[str, _Wanted]:
    found: dict[str, _Wanted] = {}
    for each in lists:
        for sha256, size in each.sizes.items():
            before = found.get(sha256, _Wanted(size, ()))
            found[sha256] = _Wanted(size, (*before.chains, each.chain))
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
    """What is wrong with an object; empty if nothing is. Makes one HeadObject."""
    if monotonic() >= until:
        return _LATE
    key, row = layout.content(sha256), there.get(sha256)
    try:
        head = bucket.client.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return f"{key} is not in the bucket"
        if detail := bucket.refused(error):
            return f"{key} could not be checked ({detail})"
        raise
    if row and head.get("VersionId", "null") != row.version_id:
        return f"{key} was replaced during the check"
    if head["ContentLength"] != wanted.bytes:
        return f"{key} has {head['ContentLength']} bytes, not {wanted.bytes}"
    if wanted.bytes > ONE_PUT_BYTES:
        return ""
    expected = base64.b64encode(bytes.fromhex(sha256)).decode()
    if (found := head.get("ChecksumSHA256")) != expected:
        fault = "does not match the SHA-256 in its key" if found else "has no SHA-256 of S3"
        return f"{key} {fault}"
    return ""


def _known(bucket: Bucket) -> dict[str, str]:
    """The remembered version id of each object, by SHA-256."""
    try:
        data = bucket.read(layout.CHECKED_OBJECTS, _MOST_DOCUMENT_BYTES)
        return {} if data is None else fields.decode(data, _versions)
    except DamagedError:
        return {}


def _versions(document: fields.Fields) -> dict[str, str]:
    fields.schema(document, 1)
    found = document.get("versions")
    if not isinstance(found, dict):
        raise DamagedError("versions", "are not an object")
    return {str(sha256): str(version) for sha256, version in found.items()}


def _remember(
    bucket: Bucket, known: Mapping[str, str], right: Mapping[str, str]
) -> tuple[str, ...]:
    """Remember the right versions. Returns a notice if the document cannot be written."""
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
