"""A large archive on its way to a bucket: in parts, whole or not at all."""

import base64
import contextlib
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from repo_backup.runtime.background import at_once
from repo_backup.store.base import Blob, Stored
from repo_backup.store.s3_errors import needed, server_time

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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

    def send(self, key: str, archive: Blob) -> Stored:
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
            return self._complete(target, parts, archive)
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

    def _complete(self, target: Any, parts: list[Any], archive: Blob) -> Stored:
        try:
            answer = self._client.complete_multipart_upload(
                **target,
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
        same = (head["ContentLength"], head.get("ChecksumCRC32"))
        return stored_as(archive, head) if same == (archive.size, crc32(archive.crc32)) else None


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
