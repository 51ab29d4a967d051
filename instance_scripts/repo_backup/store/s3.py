"""A bucket as destination: one PUT up to 16 MiB, a multipart upload above, S3's checksum on all."""

import base64
import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from backup_contract import object_keys as layout
from backup_contract.aws_refusal import code_and_message
from backup_contract.documents.manifest import iso
from backup_contract.text import one_line
from repo_backup.aws.session import session
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import (
    BackupError,
    ConflictError,
    FatalError,
    NotFoundError,
    RepositoryError,
    StoreRefusedError,
    TransientError,
)
from repo_backup.store.base import Blob, Stored, Version
from repo_backup.store.s3_words import SKEWED, sdk_error, skew

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1024 * 1024
PARTS_AT_ONCE = 4
"""Of one archive; what is in memory of each is a block, the rest stays on disk."""
_RESERVED = 2
"""Connections for manifest, lease and the small archives of others."""
_NOBODY = (NoCredentialsError, PartialCredentialsError, SSOError, TokenRetrievalError)
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
_CONFLICT = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_CREDENTIALS = {"ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed"}
_LOGIN = "Set credentials as for the AWS CLI: AWS_PROFILE, `aws configure` or `aws sso login`"


class S3Store:
    """The bucket ``bucket``, every key below ``prefix``; an S3-compatible endpoint will do too."""

    part_bytes = 16 * MIB
    case_sensitive = True

    def __init__(
        self, client: "S3Client", bucket: str, prefix: str = "", *, connections: int
    ) -> None:
        self._client = client
        # Each archive sends several parts, all of them together no more than there are connections.
        self._sending = threading.Semaphore(max(1, connections - _RESERVED))
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put_archive(self, key: str, archive: Blob) -> Stored:
        """One request up to 16 MiB; above, one for each part and two more."""
        with self._told(key):
            if len(archive.part_crc32s) > 1:
                return self._put_parts(key, archive)
            with archive.part(0) as body:
                answer = self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + key,
                    Body=body,
                    ContentLength=archive.size,
                    ContentType="application/zip",
                    ChecksumCRC32=_crc32(archive.crc32),
                )
            return _stored(archive, answer, _crc32(archive.crc32))

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """One PUT."""
        with self._told(key):
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=data, ContentType=content_type
            )

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """A conditional PUT; tags are ETags."""
        condition: Any = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        with self._told(key):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=data,
                ContentType=content_type,
                **condition,
            )
        return answer["ETag"]

    def read(self, key: str) -> bytes | None:
        """One GET."""
        tagged = self.read_tagged(key)
        return tagged and tagged[0]

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """One GET, with the ETag."""
        try:
            with self._told(key):
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                return answer["Body"].read(), answer["ETag"]
        except NotFoundError:
            return None

    def objects(self, prefix: str) -> dict[str, Stored]:
        """One request for each thousand keys."""
        with self._told(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            return {
                item["Key"].removeprefix(self._prefix): Stored(item["Size"], item["ETag"])
                for page in pages
                for item in page.get("Contents", [])
            }

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """One request for each two hundred runs: a run leaves some five objects."""
        top, end = self._prefix + layout.RUNS, layout.manifest("").removeprefix(layout.RUNS)
        with self._told(layout.RUNS):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=top
            )
            found = [
                (item["LastModified"], item["Key"].removeprefix(top).removesuffix(end))
                for page in pages
                for item in page.get("Contents", [])
                if item["Key"].endswith(end)
            ]
        return [(run_id, written_at) for written_at, run_id in sorted(found, reverse=True)]

    def run_ids(self) -> list[str]:
        """As :meth:`manifests_written`."""
        return [run_id for run_id, _ in self.manifests_written()]

    def versions(self, key: str) -> list[Version]:
        """Newest first, delete markers left out."""
        full = self._prefix + key
        with self._told(key):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=full
            )
            return [
                Version(
                    item["VersionId"], iso(item["LastModified"]), item["Size"], item["IsLatest"]
                )
                for page in pages
                for item in page.get("Versions", [])
                if item["Key"] == full
            ]

    @contextlib.contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[IO[bytes]]:
        """One GET, read as it comes."""
        version: Any = {"VersionId": version_id} if version_id else {}
        with self._told(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **version)
            with contextlib.closing(answer["Body"]) as body:
                yield cast(IO[bytes], body)

    def tidy(self) -> None:
        """Nothing: the bucket's own rule removes uploads that were never completed."""

    @contextlib.contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Map the SDK's errors, by code, to ours."""
        where = f"s3://{self._bucket}/{self._prefix}{key}"
        try:
            yield
        except ClientError as error:
            raise _error(where, self._bucket, error) from error
        except _NOBODY as error:
            raise FatalError(f"s3://{self._bucket}: {one_line(str(error))}. {_LOGIN}") from error
        except BotoCoreError as error:
            host = urlsplit(self._client.meta.endpoint_url).hostname
            raise sdk_error(where, host, error) from error

    def _put_parts(self, key: str, archive: Blob) -> Stored:
        target: Any = {"Bucket": self._bucket, "Key": self._prefix + key}
        upload = self._client.create_multipart_upload(
            **target,
            ContentType="application/zip",
            ChecksumAlgorithm="CRC32",
            ChecksumType="FULL_OBJECT",
        )
        target["UploadId"] = upload["UploadId"]

        def put(index: int) -> Any:
            crc32 = _crc32(archive.part_crc32s[index])
            with self._sending, archive.part(index * archive.part_bytes) as body:
                answer = self._client.upload_part(
                    **target, PartNumber=index + 1, Body=body, ChecksumCRC32=crc32
                )
            return {"PartNumber": index + 1, "ETag": answer["ETag"], "ChecksumCRC32": crc32}

        try:
            parts = at_once(put, len(archive.part_crc32s), PARTS_AT_ONCE)
            completed = self._client.complete_multipart_upload(
                **target,
                MultipartUpload={"Parts": parts},
                ChecksumCRC32=_crc32(archive.crc32),
                ChecksumType="FULL_OBJECT",
            )
        except BaseException:
            # A lifecycle rule removes what this cannot.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**target)
            raise
        return _stored(archive, completed)


def open_bucket(location: str, *, connections: int) -> S3Store:
    """The store at ``BUCKET[/PREFIX]``, with the AWS SDK's usual configuration."""
    bucket, _, prefix = location.partition("/")
    config = Config(
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=15,
        read_timeout=60,
    )
    try:
        # botocore alone: boto3 would only add its import, a tenth of a second.
        client = cast("S3Client", session().create_client("s3", config=config))
        # botocore would ask "may I send?" before each PUT and lose a round trip by that.
        client.meta.events.register_last("before-call.s3", _send_at_once)
        return S3Store(client, bucket, prefix, connections=connections)
    except (BotoCoreError, ValueError) as error:
        raise FatalError(f"AWS cannot be reached: {one_line(str(error))}") from error


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    params["headers"].pop("Expect", None)


def _crc32(value: int) -> str:
    return base64.b64encode(value.to_bytes(4)).decode()


def _stored(archive: Blob, answer: Any, crc32: str | None = None) -> Stored:
    """What S3 says of an upload. ``crc32`` is what it has checked if it does not repeat it."""
    checksum = None
    if value := answer.get("ChecksumCRC32") or crc32:
        kind = "COMPOSITE" if "-" in value else "FULL_OBJECT"
        checksum = {"algorithm": "CRC32", "type": kind, "value": value}
    return Stored(archive.size, answer.get("ETag"), answer.get("VersionId"), checksum)


def _error(where: str, bucket: str, error: ClientError) -> BackupError:
    code = error.response.get("Error", {}).get("Code", "")
    answer = error.response.get("ResponseMetadata", {})
    status, told = answer.get("HTTPStatusCode", 0), code_and_message(error.response)
    if code == SKEWED:
        return FatalError(f"S3 refuses {where}: {told}: {skew(error, datetime.now(UTC))}")
    if code == "NoSuchBucket":
        return FatalError(f"there is no bucket {bucket}: see `aws s3 ls` for its name")
    if code in _CREDENTIALS:
        return FatalError(f"s3://{bucket}: AWS refuses the credentials: {told}. {_LOGIN}")
    if code in _REGION:
        region = answer.get("HTTPHeaders", {}).get("x-amz-bucket-region", "its region")
        return FatalError(f"the bucket {bucket} is elsewhere ({told}): set AWS_REGION={region}")
    if code in _MISSING:
        return NotFoundError(f"there is no {where}")
    if code in _CONFLICT:
        return ConflictError(f"{where} was written by another process")
    if status >= 500 or code in ("SlowDown", "RequestTimeout", "BadDigest"):
        return TransientError(f"S3 could not take {where}: {told}")
    kind = StoreRefusedError if status == HTTPStatus.FORBIDDEN else RepositoryError
    return kind(f"S3 refuses {where}: {told}")
