"""Reads the evidence of a run from the bucket: marker, manifest, and the archives' state."""

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
"""A manifest of 50,000 repositories with wikis and names of 35 characters has 82 MB. Reading the
largest manifest that this and MOST_VALUES allow takes 1.4 GB, in the worst case of characters of
four bytes and small objects, besides the manifest that is judged: see MemorySize in the
template."""

MOST_VALUES = 4_000_000
"""How many values a manifest may have. A repository with a wiki takes about 50, so this is enough
for 80,000."""

MOST_PROGRESS_BYTES = 64 * 2**10
MOST_MARKERS = 10_000
"""One for each minute of a week, so that others cannot hide the true one even if the reporter is
late. Reading them takes about 20 seconds, sixteen at a time."""
MOST_PAGES = 200
"""Pages of a thousand keys written since the run began; a run writes one or two."""

_LOG_TAIL_BYTES = 8192
_MARKER_BYTES = 4096
_MINUTE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])-([01][0-9]|2[0-3])-[0-5][0-9]"
_MARKER_KEY = re.compile(re.escape(layout.ARCHIVES) + _MINUTE + r"\.txt")
_MARKER_AHEAD = timedelta(hours=2)
"""A marker whose minute is taken uses a later one, by at most an hour; and clocks differ."""

_NO_BUCKET = "NoSuchBucket"
_MISSING = ("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed")
_DENIED = (
    *("AccessDenied", "AllAccessDisabled", "403"),
    *("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException"),
)
"""Denied by a policy, or by a KMS key that is disabled, pending deletion, or gone."""

_UNUSABLE = ("InvalidObjectState", "InvalidRequest")
"""The object is in an archive tier, or encrypted with a key that only its writer has."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Reads the evidence of a run, and writes its report.

    Raises :class:`UnreadableError` if a policy or key denies reading, or if the bucket is gone.
    """

    client: "S3Client"
    name: str

    def markers(self, run_id: str, since: datetime, now: datetime) -> Iterator[Marker]:
        """The date markers of this run that were completed since ``since``, newest first.

        Only objects with a marker's name and size are read. Raises :class:`DamagedError` if there
        are too many objects to list in time.
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
        """The keys in this time that may be markers, oldest first."""
        last = layout.markers_from(until)
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name,
            Prefix=layout.ARCHIVES,
            Delimiter="/",
            StartAfter=layout.markers_from(since),
        )
        for number, page in enumerate(pages):
            if number == MOST_PAGES:
                raise DamagedError("", "too many objects beside the markers", layout.ARCHIVES)
            for each in page.get("Contents", []):
                if each["Key"] > last:
                    return
                if each["Size"] <= _MARKER_BYTES and _MARKER_KEY.fullmatch(each["Key"]):
                    yield each["Key"]

    def manifest(self, run_id: str) -> Manifest | None:
        """The published manifest of a run; None if there is none.

        Raises :class:`DamagedError` with the document's name and the field.
        """
        key = layout.manifest(run_id)
        data = self.read(key, MOST_MANIFEST_BYTES)
        try:
            return None if data is None else Manifest.from_json(data, MOST_VALUES)
        except DamagedError as error:
            raise error.within(key) from error

    def digest(self, key: str) -> str:
        """The SHA-256 of a manifest, even a damaged one; empty if none can be read."""
        data = None
        with suppress(DamagedError):
            data = self.read(key, MOST_MANIFEST_BYTES)
        return "" if data is None else sha256(data).hexdigest()

    def log_tail(self, key: str, lines: int) -> list[str]:
        """The last lines of an instance's log; empty if it was never uploaded."""
        data = self.read(key, _LOG_TAIL_BYTES, f"bytes=-{_LOG_TAIL_BYTES}") or b""
        return data.decode(errors="replace").splitlines()[-lines:]

    def acknowledged(self) -> frozenset[str]:
        """The ids of the runs that a person has acknowledged."""
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
            # "400", in a response without a body, has the same meaning as _UNUSABLE.
            if error.response["Error"]["Code"] not in (*_MISSING, "400"):
                raise self._translated(error, key) from error
            return None
        return head["LastModified"]

    def write_report(self, run_id: str, report: dict[str, Any]) -> str:
        """Write ``runs/<run id>/report.json``. Returns S3's message if it will never accept it."""
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
        """Write ``runs/<run id>/manifest.json`` from an attempt's manifest, unless it exists.

        Raises :class:`DamagedError` if the attempt's manifest has changed since it was judged, or
        cannot be read, and if the new one cannot be written.
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
        """What is wrong with a recorded object, or None. Makes one HeadObject.

        ``kept``: the item is no longer listed, and its archive may have another version id.
        """
        try:
            head: dict[str, Any] = dict(
                self.client.head_object(Bucket=self.name, Key=recorded.key, ChecksumMode="ENABLED")
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # The response to a HEAD has no body: for a disabled key there is only the status.
            if code in (*_DENIED, "400"):
                detail = code_and_message(error.response)
                return Objection(f"{recorded.key} could not be checked ({detail})", refused=True)
            if code not in _MISSING:
                raise
            return Objection(f"{recorded.key} is not in the bucket")
        if head["ContentLength"] != recorded.bytes:
            size = head["ContentLength"]
            return Objection(f"{recorded.key} has {size} bytes, not {recorded.bytes}")
        # Retained archives are never uploaded again; in a copied bucket they have other version
        # ids.
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
            # A version never changes: if it is the recorded one, S3's checksum is not needed.
            if found is None and not recorded.version_id:
                return Objection(f"{recorded.key} has no {algorithm} to compare", refused=True)
            if found not in (None, expected):
                return Objection(f"{recorded.key} has another {algorithm} than the backup wrote")
        return None

    def refused(self, error: ClientError) -> str | None:
        """S3's code and message if a policy denies access or the bucket is gone; else None."""
        denied = error.response["Error"]["Code"] in (*_DENIED, _NO_BUCKET)
        return code_and_message(error.response) if denied else None

    def read(self, key: str, most: int, byte_range: str = "") -> bytes | None:
        """An object's content; None if it does not exist.

        Raises DamagedError above ``most`` bytes.
        """
        part: Any = {"Range": byte_range} if byte_range else {}
        try:
            answer = self.client.get_object(Bucket=self.name, Key=key, **part)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in (*_MISSING, "InvalidRange"):
                return None
            if code in _UNUSABLE:
                detail = code_and_message(error.response)
                raise DamagedError("", f"S3 does not return it ({detail})", key) from error
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
