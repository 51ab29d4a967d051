"""Uploads a binary to a bucket under its SHA-256, streamed and without using the disk.

One PUT sends the SHA-256, which S3 verifies and stores with the object:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
For objects too large for one PUT, S3 has no SHA-256 of all bytes, so they are read back.
"""

import base64
import binascii
import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from repo_backup.runtime.errors import TransientError
from repo_backup.store.base import Body
from repo_backup.store.s3_errors import needed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ONE_PUT_BYTES = 5 << 30
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""
PART_BYTES = 32 << 20
"""The part size of larger objects. One part is in memory; an upload has at most 10,000 parts."""
_BLOCK_BYTES = 1 << 20
_CONTENT_TYPE = "application/octet-stream"


class ObjectUploads:
    """Uploads of binaries to one bucket.

    Raises ClientError, BotoCoreError, ForeignAnswerError, and what a body raises.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        # Without TLS the SDK signs the body, which it would have to read twice.
        client.meta.events.register("before-sign.s3.PutObject", _skip_body_signature)

    def put(self, key: str, body: Body, *, replace: bool) -> None:
        """Store a binary. Unless ``replace`` is set, only if the key is free."""
        condition: Any = {} if replace else {"IfNoneMatch": "*"}
        send = self._in_one_request if body.size <= ONE_PUT_BYTES else self._in_parts
        try:
            checked = send(key, body, condition)
        except (ClientError, BotoCoreError) as error:
            # The SDK wraps what a body raises in its own error.
            if body.error:
                raise body.error from error
            raise
        if checked != body.sha256 and self.sha256(key) != body.sha256:
            raise TransientError(f"{key} was stored with other bytes than were sent")

    def sha256(self, key: str) -> str:
        """The SHA-256 (hex) of a stored object, from S3 or else by reading the object."""
        head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        needed(head, "ETag")
        return checksum_of(head) or self._read(key)

    def _in_one_request(self, key: str, body: Body, condition: Any) -> str | None:
        answer = self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=_Unseekable(body) if body.size else b"",  # type: ignore[arg-type] # it is read only
            ContentLength=body.size,
            ContentType=_CONTENT_TYPE,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(body.sha256)).decode(),
            **condition,
        )
        needed(answer, "ETag")
        return checksum_of(answer)

    def _in_parts(self, key: str, body: Body, condition: Any) -> None:
        """Send one part after the other; the last only if all bytes are right."""
        target: Any = {"Bucket": self._bucket, "Key": key}
        upload = self._client.create_multipart_upload(**target, ContentType=_CONTENT_TYPE)
        target["UploadId"] = needed(upload, "UploadId")
        part_bytes = max(PART_BYTES, -(-body.size // 10_000))
        parts: list[Any] = []
        try:
            while data := _filled(body, part_bytes):
                number = len(parts) + 1
                answer = self._client.upload_part(**target, PartNumber=number, Body=data)
                parts.append({"PartNumber": number, "ETag": needed(answer, "ETag")})
            self._client.complete_multipart_upload(
                **target, **condition, MultipartUpload={"Parts": parts}
            )
        except BaseException:
            # If this fails, the next run or a lifecycle rule aborts the upload.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**target)
            raise

    def _read(self, key: str) -> str:
        digest = hashlib.sha256()
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        with contextlib.closing(answer["Body"]) as content:
            for block in content.iter_chunks(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()


def checksum_of(answer: Any) -> str | None:
    """The SHA-256 (hex) of the full object in a response of S3, or None. Pure."""
    value = answer.get("ChecksumSHA256", "")
    if "-" in value or answer.get("ChecksumType") == "COMPOSITE":
        return None
    try:
        return base64.b64decode(value, validate=True).hex() or None
    except binascii.Error:
        return None


class _Unseekable:
    """A body for the SDK. It cannot be rewound after the first read, so no retry can send it."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._begun = False

    def read(self, count: int = -1) -> bytes:
        self._begun = True
        return self._body.read(count)

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        if self._begun or offset or whence:
            raise OSError("a download cannot be rewound")
        return 0


def _filled(body: Body, count: int) -> bytes:
    """The next ``count`` bytes; fewer at the end."""
    data = bytearray()
    while len(data) < count and (block := body.read(count - len(data))):
        data += block
    return bytes(data)


def _skip_body_signature(request: Any, **_: object) -> None:
    """For a body that cannot be read twice. The header with its SHA-256 is signed instead."""
    if isinstance(request.body, _Unseekable):
        config: Any = request.context.get("client_config") or Config()
        settings: Any = {**(getattr(config, "s3", None) or {}), "payload_signing_enabled": False}
        request.context["client_config"] = config.merge(Config(s3=settings))
