"""A binary on its way to a bucket, under its SHA-256: streamed, without disk, whole or not at all.

One PUT carries the SHA-256, which S3 computes itself and keeps for later questions:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
Above the limit of one PUT there is no SHA-256 of all bytes: what was put is read back.
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
"""Of what is larger: one part is in memory, and 10,000 of them may be in an upload."""
_BLOCK_BYTES = 1 << 20
_CONTENT_TYPE = "application/octet-stream"


class ObjectUploads:
    """Uploads of binaries to one bucket.

    Raises ClientError, BotoCoreError and ForeignAnswerError, and what a body raises.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        # To sign a body, the SDK reads all of it beforehand, where there is no TLS.
        client.meta.events.register("before-sign.s3.PutObject", _leave_unsigned)

    def put(self, key: str, body: Body, *, replace: bool) -> None:
        """Store it, only where there is nothing unless ``replace``."""
        condition: Any = {} if replace else {"IfNoneMatch": "*"}
        send = self._at_once if body.size <= ONE_PUT_BYTES else self._in_parts
        try:
            checked = send(key, body, condition)
        except (ClientError, BotoCoreError) as error:
            # What a body raises inside of the SDK comes out as the SDK's own.
            if body.error:
                raise body.error from error
            raise
        if checked != body.sha256 and self.sha256(key) != body.sha256:
            raise TransientError(f"{key} was stored with other bytes than were sent")

    def sha256(self, key: str) -> str:
        """That of what lies there (hex): S3's own of all bytes, or else by reading them."""
        head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        needed(head, "ETag")
        return checksum_of(head) or self._read(key)

    def _at_once(self, key: str, body: Body, condition: Any) -> str | None:
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
        """One part after the other; the last is sent only if all bytes are right."""
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
            # The next run, or a lifecycle rule, removes what this cannot.
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
    """The SHA-256 of all bytes (hex) in an answer of S3; None if it has none. Pure."""
    value = answer.get("ChecksumSHA256", "")
    if "-" in value or answer.get("ChecksumType") == "COMPOSITE":
        return None
    try:
        return base64.b64decode(value, validate=True).hex() or None
    except binascii.Error:
        return None


class _Unseekable:
    """A body as the SDK reads it: begun once, it cannot be sent again by the SDK itself."""

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
            raise OSError("a download cannot be wound back")
        return 0


def _filled(body: Body, count: int) -> bytes:
    """So many bytes, fewer at the end."""
    data = bytearray()
    while len(data) < count and (block := body.read(count - len(data))):
        data += block
    return bytes(data)


def _leave_unsigned(request: Any, **_: object) -> None:
    """Only of a body that cannot be read twice; its SHA-256 is a header, which is signed."""
    if isinstance(request.body, _Unseekable):
        config: Any = request.context.get("client_config") or Config()
        settings: Any = {**(getattr(config, "s3", None) or {}), "payload_signing_enabled": False}
        request.context["client_config"] = config.merge(Config(s3=settings))
