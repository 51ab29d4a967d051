"""Uploads an archive to a bucket, in one request or in parts."""

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
"""How many parts of one archive are sent in parallel. One block of each part is in memory."""


class Uploads:
    """Uploads of archives to one bucket. At most ``connections`` parts are sent in parallel.

    Raises ClientError, BotoCoreError and ForeignAnswerError.
    """

    def __init__(self, client: "S3Client", bucket: str, connections: int) -> None:
        self._client = client
        self._bucket = bucket
        self._sending = threading.Semaphore(connections)

    def put(self, key: str, archive: Blob, *, new: bool) -> Stored:
        """Store an archive. ``new``: only if the key is free or has the same size and CRC32.

        If a response is lost, the SDK's retry gets a conflict with the archive just stored.
        """
        send = self._in_parts if len(archive.part_crc32s) > 1 else self._in_one_request
        try:
            return send(key, archive, {"IfNoneMatch": "*"} if new else {})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            stored = self._if_stored(key, archive) if new and code in CONFLICT else None
            if stored is None:
                raise
            return stored

    def _in_one_request(self, key: str, archive: Blob, condition: Any) -> Stored:
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
            # If this fails, the next run or a lifecycle rule aborts the upload.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**target)
            raise

    def abort_abandoned(self, prefix: str, older_than: timedelta) -> int:
        """Abort uploads of archives that are older than ``older_than`` by S3's clock.

        Returns how many. Makes one request for the first thousand, and one for each of them.
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
            # The SDK retried: the first request completed, but its response was lost.
            stored = self._if_stored(target["Key"], archive)
            if stored is None:
                raise
            return stored
        return stored_as(archive, answer)

    def _if_stored(self, key: str, archive: Blob) -> Stored | None:
        """The stored object if its size and CRC32 are the archive's, else None."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError:
            return None
        if head["ContentLength"] != archive.size:
            return None
        found = head.get("ChecksumCRC32") or self._crc32_of(key, head.get("VersionId"))
        expected = crc32(archive.crc32)
        return stored_as(archive, head, expected) if found == expected else None

    def _crc32_of(self, key: str, version_id: str | None) -> str:
        """The CRC32 of a stored object, by reading it: not every server reports it."""
        version: Any = {"VersionId": version_id} if version_id else {}
        answer = self._client.get_object(Bucket=self._bucket, Key=key, **version)
        found = 0
        with contextlib.closing(answer["Body"]) as body:
            for block in body.iter_chunks(_BLOCK_BYTES):
                found = zlib.crc32(block, found)
        return crc32(found)


def crc32(value: int) -> str:
    """A CRC32 in S3's format: base64 of four bytes, big-endian."""
    return base64.b64encode(value.to_bytes(4)).decode()


def stored_as(archive: Blob, answer: Any, checked: str | None = None) -> Stored:
    """The stored archive, from S3's response. ``checked`` is the CRC32 that S3 verified, in case
    the response has none."""
    checksum = None
    if value := answer.get("ChecksumCRC32") or checked:
        kind = "COMPOSITE" if "-" in value else "FULL_OBJECT"
        checksum = {"algorithm": "CRC32", "type": kind, "value": value}
    return Stored(archive.size, answer.get("ETag"), answer.get("VersionId"), checksum)
