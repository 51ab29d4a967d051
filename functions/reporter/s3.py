"""The bucket as the reporter reads it: the marker, the manifest, and every archive's state."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from reporter.manifest import KEPT, Entry
from reporter.world import Marker, Progress
from shared import layout
from shared.errors import UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONCURRENT_CHECKS = 16
_LOG_TAIL_BYTES = 8192
_MARKER_BYTES = 4096
_NO_BUCKET = "NoSuchBucket"
_MISSING = ("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed", _NO_BUCKET)
_DENIED = (
    *("AccessDenied", "AllAccessDisabled", "403"),
    *("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException"),
)
"""A policy, and a key that is disabled, about to be deleted, or gone."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Reads the evidence of a run, and writes its report.

    Raises :class:`UnreadableError` where a policy or a key forbids to read it.
    """

    client: "S3Client"
    name: str

    def marker(self, run_id: str, since: datetime) -> Marker | None:
        """The date marker of this run, among those completed since a moment."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name,
            Prefix=layout.ARCHIVES,
            Delimiter="/",
            StartAfter=layout.markers_from(since),
        )
        try:
            keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_BUCKET:
                raise self._translated(error, layout.ARCHIVES) from error
            return None
        for key in reversed([key for key in keys if key.endswith(".txt")]):
            found = read_marker(key, self._bytes(key, f"bytes=0-{_MARKER_BYTES}") or b"")
            if found and found.run_id == run_id:
                return found
        return None

    def manifest(self, run_id: str) -> tuple[dict[str, Any] | None, str]:
        """The manifest's JSON document, None if absent or no JSON object, and its SHA-256."""
        data = self._bytes(layout.manifest(run_id)) or b""
        return _json_object(data), sha256(data).hexdigest()

    def progress(self, run_id: str) -> Progress | None:
        """How far the backup says it came; None where it said nothing legible."""
        document = _json_object(self._bytes(layout.progress(run_id)) or b"")
        try:
            return Progress.read(document) if document else None
        except (KeyError, TypeError, ValueError):
            return None

    def log_tail(self, run_id: str, lines: int) -> list[str]:
        """The last lines of the instance's log; empty if it was never uploaded."""
        data = self._bytes(layout.log(run_id), f"bytes=-{_LOG_TAIL_BYTES}") or b""
        return data.decode(errors="replace").splitlines()[-lines:]

    def log_at(self, run_id: str) -> datetime | None:
        """When the instance saved its log; None if it never did."""
        try:
            head = self.client.head_object(Bucket=self.name, Key=layout.log(run_id))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise self._translated(error, layout.log(run_id)) from error
            return None
        return head["LastModified"]

    def check(self, entries: Iterable[Entry]) -> list[str]:
        """What is wrong with the archives of these entries, one line each; empty if nothing is.

        Each archive costs one HeadObject; a few run at once.
        """
        named = [entry for entry in entries if entry.archive]
        with ThreadPoolExecutor(CONCURRENT_CHECKS) as pool:
            found = pool.map(self._objection, named)
            return [f"{each.name}: {said}" for each, said in zip(named, found, strict=True) if said]

    def write_report(self, run_id: str, report: dict[str, Any]) -> bool:
        """Write ``runs/<run id>/report.json``; False if this bucket will never take it."""
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=layout.report(run_id),
                Body=json.dumps(report, indent=1).encode(),
                ContentType="application/json",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in (*_DENIED, _NO_BUCKET):
                raise
            return False
        return True

    def _objection(self, entry: Entry) -> str | None:
        archive = entry.archive
        if archive is None:
            return None
        try:
            head: dict[str, Any] = dict(
                self.client.head_object(Bucket=self.name, Key=archive.key, ChecksumMode="ENABLED")
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # What answers a HEAD has no body: of a key that is disabled only the status tells.
            if code in (*_DENIED, "400"):
                return f"{archive.key} may not be looked at ({code})"
            if code not in _MISSING:
                raise
            return f"{archive.key} is not in the bucket"
        if head["ContentLength"] != archive.bytes:
            return f"{archive.key} has {head['ContentLength']} bytes, not {archive.bytes}"
        # Nothing uploads again what is kept: in a bucket that was copied it is another version.
        replaced = archive.version_id and head.get("VersionId") != archive.version_id
        if replaced and entry.state != KEPT:
            return f"{archive.key} was replaced after the backup wrote version {archive.version_id}"
        if archive.checksum:
            algorithm, expected = archive.checksum
            found = head.get(f"Checksum{algorithm}")
            # A version never changes: of the very one that was written S3 need not tell more.
            if found is None and not archive.version_id:
                return f"{archive.key} has no {algorithm} to compare"
            if found not in (None, expected):
                return f"{archive.key} has another {algorithm} than the backup wrote"
        return None

    def _bytes(self, key: str, byte_range: str = "") -> bytes | None:
        part: Any = {"Range": byte_range} if byte_range else {}
        try:
            return self.client.get_object(Bucket=self.name, Key=key, **part)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in (*_MISSING, "InvalidRange"):
                return None
            raise self._translated(error, key) from error

    def _translated(self, error: ClientError, key: str) -> Exception:
        code = error.response["Error"]["Code"]
        if code not in _DENIED:
            return error
        return UnreadableError(
            f"s3://{self.name}/{key} may not be read ({code}), so that nothing could be checked. "
            "Look at the bucket's policy, and whether its KMS key is enabled."
        )


def read_marker(key: str, data: bytes) -> Marker | None:
    """The marker in a date file's ``name=value`` lines; None if it is none of ours."""
    lines = data.decode(errors="replace").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    try:
        return Marker(
            key, values["run_id"], int(values["attempt"]), values["manifest_sha256"].strip()
        )
    except (KeyError, ValueError):
        return None


def _json_object(data: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
