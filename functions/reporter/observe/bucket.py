"""The bucket as the reporter reads it: the marker, the manifest, and every archive's state."""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.aws_refusal import code_and_message
from backup_contract.documents.date_marker import Marker, read_marker
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Manifest
from reporter.judge.archive_state import Objection, Recorded
from reporter.publish.manifest import published
from shared.errors import UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONCURRENT_CHECKS = 16

MOST_MANIFEST_BYTES = 128 * 2**20
"""A manifest of 50,000 repositories with wikis has 82 MB where names have 35 characters. What this
and the number of values allow at most takes 1.4 GB while it is read, with characters of four bytes
and small objects, beside the manifest that is judged: see MemorySize in the template."""

MOST_VALUES = 4_000_000
"""How many values a manifest may hold. A repository with a wiki takes some 50: this is enough for
80,000."""

MOST_PROGRESS_BYTES = 64 * 2**10
MOST_MARKERS = 10_000
"""One for each minute of a week: the true one cannot be hidden behind others, however late the
reporter comes. Sixteen at once, they take S3 some 20 seconds."""
MOST_PAGES = 200
"""Of a thousand keys each, written since the run began: a run leaves one or two."""

_LOG_TAIL_BYTES = 8192
_MARKER_BYTES = 4096
_MINUTE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])-([01][0-9]|2[0-3])-[0-5][0-9]"
_MARKER_KEY = re.compile(re.escape(layout.ARCHIVES) + _MINUTE + r"\.txt")
_MARKER_AHEAD = timedelta(hours=2)
"""A marker whose minute is taken has a later one, by an hour at most; and clocks differ."""

_NO_BUCKET = "NoSuchBucket"
_MISSING = ("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed")
_DENIED = (
    *("AccessDenied", "AllAccessDisabled", "403"),
    *("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException"),
)
"""A policy, and a key that is disabled, about to be deleted, or gone."""

_UNUSABLE = ("InvalidObjectState", "InvalidRequest")
"""Whoever wrote it put it into an archive tier, or encrypted it with a key that only they have."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Reads the evidence of a run, and writes its report.

    Raises :class:`UnreadableError` where a policy or a key forbids to read it, or where it is gone.
    """

    client: "S3Client"
    name: str

    def markers(self, run_id: str, since: datetime, now: datetime) -> Iterator[Marker]:
        """The date markers that name this run, of those completed since a moment, newest first.

        Only what has the name and size of a marker is opened. Raises :class:`DamagedError` where
        more lies there than could be listed in time.
        """
        try:
            keys = list(self._marker_keys(since, now + _MARKER_AHEAD))
        except ClientError as error:
            raise self._translated(error, layout.ARCHIVES) from error
        newest = keys[: -MOST_MARKERS - 1 : -1]
        with ThreadPoolExecutor(CONCURRENT_CHECKS) as pool:
            for start in range(0, len(newest), CONCURRENT_CHECKS):
                some = newest[start : start + CONCURRENT_CHECKS]
                for found in pool.map(self._marker, some):
                    if found and found.run_id == run_id:
                        yield found

    def _marker(self, key: str) -> Marker | None:
        with suppress(DamagedError):
            data = self.read(key, _MARKER_BYTES, f"bytes=0-{_MARKER_BYTES - 1}")
            return read_marker(key, data or b"")
        return None

    def _marker_keys(self, since: datetime, until: datetime) -> Iterator[str]:
        """Keys that markers of this time can have, oldest first."""
        last = layout.markers_from(until)
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name,
            Prefix=layout.ARCHIVES,
            Delimiter="/",
            StartAfter=layout.markers_from(since),
        )
        for number, page in enumerate(pages):
            if number == MOST_PAGES:
                raise DamagedError("", "too many objects lie beside the markers", layout.ARCHIVES)
            for each in page.get("Contents", []):
                if each["Key"] > last:
                    return
                if each["Size"] <= _MARKER_BYTES and _MARKER_KEY.fullmatch(each["Key"]):
                    yield each["Key"]

    def manifest(self, run_id: str) -> Manifest | None:
        """The manifest that was published of a run; None if there is none.

        Raises :class:`DamagedError` with the document's name and the field.
        """
        key = layout.manifest(run_id)
        data = self.read(key, MOST_MANIFEST_BYTES)
        try:
            return None if data is None else Manifest.from_json(data, MOST_VALUES)
        except DamagedError as error:
            raise error.within(key) from error

    def digest(self, key: str) -> str:
        """The SHA-256 of a manifest, whatever it says; empty where none can be read."""
        data = None
        with suppress(DamagedError):
            data = self.read(key, MOST_MANIFEST_BYTES)
        return "" if data is None else sha256(data).hexdigest()

    def log_tail(self, key: str, lines: int) -> list[str]:
        """The last lines of an instance's log; empty if it was never uploaded."""
        data = self.read(key, _LOG_TAIL_BYTES, f"bytes=-{_LOG_TAIL_BYTES}") or b""
        return data.decode(errors="replace").splitlines()[-lines:]

    def acknowledged(self) -> frozenset[str]:
        """The runs that a person has acknowledged."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=layout.ACKNOWLEDGED
        )
        try:
            found = [each["Key"] for page in pages for each in page.get("Contents", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_BUCKET:
                return frozenset()
            raise self._translated(error, layout.ACKNOWLEDGED) from error
        return layout.acknowledged(found)

    def log_at(self, key: str) -> datetime | None:
        """When the instance saved this log; None if it never did."""
        try:
            head = self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            # "400", in an answer without a body, is what _UNUSABLE says in words.
            if error.response["Error"]["Code"] not in (*_MISSING, "400"):
                raise self._translated(error, key) from error
            return None
        return head["LastModified"]

    def write_report(self, run_id: str, report: dict[str, Any]) -> str:
        """Write ``runs/<run id>/report.json``; what S3 says if this bucket will never take it."""
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
            return code_and_message(error.response)
        return ""

    def publish(
        self,
        run_id: str,
        verdict: str,
        evidence: str,
        sha256_of_it: str,
        damaged_chains: Sequence[str] = (),
        copied_chains: Sequence[str] = (),
    ) -> None:
        """Write ``runs/<run id>/manifest.json`` from what an attempt wrote, unless it is there.

        Raises :class:`DamagedError` if what the attempt wrote is not that any more, and whatever
        else keeps it from being read or written.
        """
        data = self.read(evidence, MOST_MANIFEST_BYTES)
        if data is None or sha256(data).hexdigest() != sha256_of_it:
            raise DamagedError("", "it was replaced while the run was judged", evidence)
        data = published(data, verdict, evidence, sha256_of_it, damaged_chains, copied_chains)
        with suppress(DamagedError):
            if self.read(layout.manifest(run_id), MOST_MANIFEST_BYTES) == data:
                return
        self.client.put_object(
            Bucket=self.name,
            Key=layout.manifest(run_id),
            Body=data,
            ContentType="application/json",
        )

    def objection(self, recorded: Recorded, *, kept: bool = False) -> Objection | None:
        """What is wrong with an object that a document names; None if nothing is. One HeadObject.

        One that is ``kept`` of what is not listed any more may be another version.
        """
        try:
            head: dict[str, Any] = dict(
                self.client.head_object(Bucket=self.name, Key=recorded.key, ChecksumMode="ENABLED")
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # What answers a HEAD has no body: of a key that is disabled only the status tells.
            if code in (*_DENIED, "400"):
                detail = code_and_message(error.response)
                return Objection(f"{recorded.key} may not be looked at ({detail})", refused=True)
            if code not in _MISSING:
                raise
            return Objection(f"{recorded.key} is not in the bucket")
        if head["ContentLength"] != recorded.bytes:
            size = head["ContentLength"]
            return Objection(f"{recorded.key} has {size} bytes, not {recorded.bytes}")
        # Nothing uploads again what is kept: in a bucket that was copied it is another version.
        same = kept and recorded.etag == head["ETag"]
        replaced = recorded.version_id and head.get("VersionId") != recorded.version_id
        if replaced and not same:
            return Objection(
                f"{recorded.key} was replaced after the backup wrote version {recorded.version_id}",
                replaced_by=head.get("VersionId", ""),
            )
        if recorded.checksum:
            algorithm, expected = recorded.checksum["algorithm"], recorded.checksum["value"]
            found = head.get(f"Checksum{algorithm}")
            # A version never changes: of the very one that was written S3 need not tell more.
            if found is None and not recorded.version_id:
                return Objection(f"{recorded.key} has no {algorithm} to compare", refused=True)
            if found not in (None, expected):
                return Objection(f"{recorded.key} has another {algorithm} than the backup wrote")
        return None

    def refused(self, error: ClientError) -> str | None:
        """Code and message where a policy forbids something, or the bucket is not there."""
        denied = error.response["Error"]["Code"] in (*_DENIED, _NO_BUCKET)
        return code_and_message(error.response) if denied else None

    def read(self, key: str, most: int, byte_range: str = "") -> bytes | None:
        """What lies there, None if nothing does. Raises DamagedError above ``most`` bytes."""
        part: Any = {"Range": byte_range} if byte_range else {}
        try:
            answer = self.client.get_object(Bucket=self.name, Key=key, **part)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in (*_MISSING, "InvalidRange"):
                return None
            if code in _UNUSABLE:
                detail = code_and_message(error.response)
                raise DamagedError("", f"S3 does not hand it out ({detail})", key) from error
            raise self._translated(error, key) from error
        if answer["ContentLength"] > most:
            answer["Body"].close()
            raise DamagedError("", f"it has {answer['ContentLength']} bytes, {most} at most", key)
        return answer["Body"].read()

    def _translated(self, error: ClientError, key: str) -> Exception:
        code = error.response["Error"]["Code"]
        if code == _NO_BUCKET:
            return UnreadableError(
                f"There is no bucket {self.name} ({code_and_message(error.response)}), so that "
                "nothing could be checked. Every backup in it is gone, if it was deleted: create "
                "it again, or deploy with another ExistingBucketName."
            )
        if code not in _DENIED:
            return error
        return UnreadableError(
            f"s3://{self.name}/{key} may not be read ({code_and_message(error.response)}), so that "
            "nothing could be checked. Look at the bucket's policy, and whether its KMS key is "
            "enabled."
        )
