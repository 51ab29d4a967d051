"""An archive on its way to a bucket: in one request or in parts, whole or not at all."""

import base64
import contextlib
import threading
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from repo_backup.runtime.background import at_once
from repo_backup.store.base import Blob, Stored
from repo_backup.store.s3_errors import CONFLICT, needed, server_time

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BLOCK_BYTES = 1 << 20
PARTS_AT_ONCE = 4
"""Of one archive; what is in memory of each is a block, the rest stays on disk."""


class Uploads:
    """Multipart uploads to one bucket. ``connections`` is how many parts go at the same time.

    Raises ClientError, BotoCoreError and ForeignAnswerError.
    """

    def __init__(self, client: "S3Client", bucket: str, connections: int) -> None:
        self._client = client
        self._bucket = bucket
        self._sending = threading.Semaphore(connections)

    def put(self, key: str, archive: Blob, *, new: bool) -> Stored:
        """Store it. ``new``: only where there is nothing, or what has the same length and CRC32.

        The SDK asks again when an answer gets lost, and is then told that something is there.
        """
        send = self._in_parts if len(archive.part_crc32s) > 1 else self._at_once
        try:
            return send(key, archive, {"IfNoneMatch": "*"} if new else {})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            stored = self._already_there(key, archive) if new and code in CONFLICT else None
            if stored is None:
                raise
            return stored

    def _at_once(self, key: str, archive: Blob, condition: Any) -> Stored:
        with archive.part(0) as body:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentLength=archive.size,
                ContentType="application/zip",
                ChecksumCRC32=crc32(archive.crc32),
                **condition,
            )
        needed(answer, "ETag")
        return stored_as(archive, answer, crc32(archive.crc32))

    def _in_parts(self, key: str, archive: Blob, condition: Any) -> Stored:
        """One request for each part and two more."""
        target: Any = {"Bucket": self._bucket, "Key": key}
        upload = self._client.create_multipart_upload(
            **target,
            ContentType="application/zip",
            ChecksumAlgorithm="CRC32",
            ChecksumType="FULL_OBJECT",
        )
        target["UploadId"] = needed(upload, "UploadId")

        def put(index: int) -> Any:
            value = crc32(archive.part_crc32s[index])
            with self._sending, archive.part(index * archive.part_bytes) as body:
                answer = self._client.upload_part(
                    **target, PartNumber=index + 1, Body=body, ChecksumCRC32=value
                )
            return {
                "PartNumber": index + 1,
                "ETag": needed(answer, "ETag"),
                "ChecksumCRC32": value,
            }

        try:
            parts = at_once(put, len(archive.part_crc32s), PARTS_AT_ONCE)
            return self._complete(target, parts, archive, condition)
        except BaseException:
            # The next run, or a lifecycle rule, removes what this cannot.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**target)
            raise

    def abort_abandoned(self, prefix: str, older_than: timedelta) -> int:
        """Abort uploads of archives that began longer ago than that, by S3's clock; how many.

        One request for the thousand that come first, and one for each of them.
        """
        answer = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=prefix)
        now = server_time(answer)
        abandoned = [
            each
            for each in answer.get("Uploads", [])
            if each["Key"].endswith(".zip") and now - each["Initiated"] > older_than
        ]
        for each in abandoned:
            with contextlib.suppress(self._client.exceptions.NoSuchUpload):
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=each["Key"], UploadId=each["UploadId"]
                )
        return len(abandoned)

    def _complete(self, target: Any, parts: list[Any], archive: Blob, condition: Any) -> Stored:
        try:
            answer = self._client.complete_multipart_upload(
                **target,
                **condition,
                MultipartUpload={"Parts": parts},
                ChecksumCRC32=crc32(archive.crc32),
                ChecksumType="FULL_OBJECT",
            )
            needed(answer, "ETag")
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
            # The SDK asked twice: the first time it was done, and only the answer got lost.
            stored = self._already_there(target["Key"], archive)
            if stored is None:
                raise
            return stored
        return stored_as(archive, answer)

    def _already_there(self, key: str, archive: Blob) -> Stored | None:
        """What lies under the key, if that is this very archive by its length and checksum."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError:
            return None
        if head["ContentLength"] != archive.size:
            return None
        there = head.get("ChecksumCRC32") or self._crc32_of(key, head.get("VersionId"))
        ours = crc32(archive.crc32)
        return stored_as(archive, head, ours) if there == ours else None

    def _crc32_of(self, key: str, version_id: str | None) -> str:
        """That of what lies there, by reading it: not every server names it."""
        version: Any = {"VersionId": version_id} if version_id else {}
        answer = self._client.get_object(Bucket=self._bucket, Key=key, **version)
        found = 0
        with contextlib.closing(answer["Body"]) as body:
            for block in body.iter_chunks(_BLOCK_BYTES):
                found = zlib.crc32(block, found)
        return crc32(found)


def crc32(value: int) -> str:
    """A CRC32 as S3 writes it."""
    return base64.b64encode(value.to_bytes(4)).decode()


def stored_as(archive: Blob, answer: Any, checked: str | None = None) -> Stored:
    """What S3 says of an upload. ``checked`` is the CRC32 by which it judged, if it names none."""
    checksum = None
    if value := answer.get("ChecksumCRC32") or checked:
        kind = "COMPOSITE" if "-" in value else "FULL_OBJECT"
        checksum = {"algorithm": "CRC32", "type": kind, "value": value}
    return Stored(archive.size, answer.get("ETag"), answer.get("VersionId"), checksum)
