"""A bucket as destination: a PUT up to 16 MiB, a multipart upload above, always with checksum."""

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
)

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import iso
from backup_contract.text import one_line
from repo_backup.aws.first_contact import FirstContact
from repo_backup.aws.session import session
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    BackupError,
    ConflictError,
    FatalError,
    NotFoundError,
    RepositoryError,
    UnavailableObjectError,
)
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Blob, Body, Capabilities, Stored, Tagged, Version, most_bytes
from repo_backup.store.s3_errors import (
    listed_only,
    needed,
    s3_errors,
    server_time,
)
from repo_backup.store.uploads.archive_upload import Uploads
from repo_backup.store.uploads.object_upload import ObjectUploads

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1024 * 1024
_RESERVED = 2
"""Connections for the manifest, the lease and small archives of other threads."""
_READS = 3
"""How often an object is read if the response breaks off, in addition to the SDK's own retries."""
log = logging.getLogger(__name__)


S = TypeVar("S", bound="S3Store")


class S3Store:
    """The bucket ``bucket``, with every key under ``prefix``. S3-compatible endpoints work too."""

    part_bytes = 16 * MIB
    capabilities = Capabilities(conditional_writes=True, versions=True, full_checksums=True)
    case_sensitive = True

    def __init__(
        self, client: "S3Client", bucket: str, prefix: str = "", *, connections: int
    ) -> None:
        self._client = client
        self._host = urlsplit(client.meta.endpoint_url).hostname
        # Each archive uploads several parts at once; all together use the available connections.
        self._uploads = Uploads(client, bucket, max(1, connections - _RESERVED))
        self._objects = ObjectUploads(client, bucket)
        self._retry_policy = RetryPolicy(CancellationToken(), attempts=_READS)
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """One request up to 16 MiB; above that, one for each part and two more."""
        with self._s3_errors(key):
            return self._uploads.put(self._prefix + key, archive, new=new)

    def put_object(self, key: str, body: Body, *, replace: bool = False) -> None:
        """One request up to 5 GiB, without disk: see :class:`ObjectUploads`."""
        with self._s3_errors(key):
            self._objects.put(self._prefix + key, body, replace=replace)

    def object_sha256(self, key: str) -> str | None:
        """One HEAD; also one GET if the store has no SHA-256 of the full object."""
        try:
            with self._s3_errors(key):
                return self._objects.sha256(self._prefix + key)
        except NotFoundError:
            return None

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """One PUT."""
        self._put(key, data, content_type, {})

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """A conditional PUT; tags are ETags."""
        try:
            return self._put(
                key, data, content_type, {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
            )
        except NotFoundError as error:
            raise ConflictError(f"{key} no longer exists") from error

    def read(self, key: str) -> bytes | None:
        """One GET, repeated if the response breaks off."""

        def read() -> bytes:
            with self._got(key) as answer:
                size, most = answer["ContentLength"], most_bytes(key)
                if size > most:
                    raise DamagedError("", f"it has {size} bytes, {most} at most")
                return cast(bytes, answer["Body"].read())

        try:
            return self._retry_policy.call(read)
        except NotFoundError:
            return None
        except UnavailableObjectError as error:
            raise DamagedError("", f"S3 does not return it: {error}") from error

    def read_tagged(self, key: str) -> Tagged | None:
        """One GET, with the ETag and S3's times. If S3 does not return the object, one LIST."""

        def read() -> Tagged:
            with self._got(key) as answer:
                most = most_bytes(key)
                whole = answer["ContentLength"] <= most
                data = answer["Body"].read(None if whole else most)
                written_at = answer["LastModified"]
                age = server_time(answer) - written_at
                return Tagged(data, answer["ETag"], written_at, age)

        try:
            return self._retry_policy.call(read)
        except NotFoundError:
            return None
        except UnavailableObjectError:
            with self._s3_errors(key):
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + key)
            return listed_only(page, self._prefix + key)

    def objects(self, prefix: str) -> dict[str, Stored]:
        """One request for each thousand keys."""
        return self._retry_policy.call(
            lambda: {
                item["Key"].removeprefix(self._prefix): Stored(item["Size"], item["ETag"])
                for item in self._listed(prefix)
            }
        )

    def names(self, folder: str, since: str) -> Iterator[str]:
        """One request for each thousand keys, made as the iterator advances."""
        first = self._prefix + since
        # S3 excludes the key to start after, so start a little before ours and drop what precedes.
        for item in self._listed(folder, Delimiter="/", StartAfter=first[:-1]):
            if item["Key"] >= first:
                yield item["Key"].removeprefix(self._prefix)

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """One request for each 150 runs or so: a run leaves six objects or more."""
        found = self._retry_policy.call(
            lambda: evidence.manifests(
                (item["Key"].removeprefix(self._prefix), item["LastModified"])
                for item in self._listed(layout.RUNS)
            )
        )
        newest = sorted(((at, run_id) for run_id, at in found.items()), reverse=True)
        return [(run_id, written_at) for written_at, run_id in newest]

    def run_ids(self) -> list[str]:
        """As :meth:`manifests_written`."""
        return [run_id for run_id, _ in self.manifests_written()]

    def versions(self, key: str) -> list[Version]:
        """Newest first, without delete markers."""
        return self._retry_policy.call(
            lambda: [
                Version(
                    item["VersionId"], iso(item["LastModified"]), item["Size"], item["IsLatest"]
                )
                for item in self._listed(key, "list_object_versions", "Versions")
                if item["Key"] == self._prefix + key
            ]
        )

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """One request for each thousand versions."""
        found: dict[str, set[str]] = {}
        for item in self._listed(prefix, "list_object_versions", "Versions"):
            found.setdefault(item["Key"].removeprefix(self._prefix), set()).add(item["VersionId"])
        return found

    @contextlib.contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[IO[bytes]]:
        """One GET, read as a stream."""
        with self._got(key, **_version(version_id)) as answer:
            yield cast(IO[bytes], answer["Body"])

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        """One GET, repeated if the response breaks off."""
        wanted = {"Range": f"bytes={start}-{start + count - 1}", **_version(version_id)}

        def read() -> bytes:
            with self._got(key, **wanted) as answer:
                if answer["ContentLength"] > count:
                    raise RepositoryError(f"{self._host} sends all of {key} instead of a range")
                return cast(bytes, answer["Body"].read())

        return self._retry_policy.call(read)

    def tidy(self, older_than: timedelta) -> None:
        """Abort uploads that a killed run left open. A lifecycle rule would do so only later."""
        try:
            with self._s3_errors(layout.ARCHIVES):
                count = self._uploads.abort_abandoned(self._prefix + layout.ARCHIVES, older_than)
        except BackupError as error:
            log.info("unfinished uploads of earlier runs were not aborted: %s", error)
            return
        if count:
            log.info("aborted %d unfinished uploads of earlier runs", count)

    def _put(self, key: str, data: bytes, content_type: str, condition: Any) -> str:
        with self._s3_errors(key):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=data,
                ContentType=content_type,
                **condition,
            )
            return cast(str, needed(answer, "ETag"))

    @contextlib.contextmanager
    def _got(self, key: str, **more: Any) -> Iterator[Any]:
        with self._s3_errors(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **more)
            with contextlib.closing(answer["Body"]):
                needed(answer, "ETag")
                needed(answer, "LastModified")
                yield answer

    def _listed(
        self,
        prefix: str,
        operation: Literal["list_objects_v2", "list_object_versions"] = "list_objects_v2",
        items: str = "Contents",
        **more: Any,
    ) -> Iterator[Any]:
        with self._s3_errors(prefix):
            paginator: Any = self._client.get_paginator(operation)
            for page in paginator.paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix, **more
            ):
                needed(page, "IsTruncated")
                for item in page.get(items, []):
                    yield {**item, "Key": layout.as_put(item["Key"])}

    def _s3_errors(self, key: str) -> contextlib.AbstractContextManager[None]:
        return s3_errors(self._bucket, self._prefix + key, self._host)


def open_bucket(location: str, *, connections: int) -> S3Store:
    """The store at ``BUCKET[/PREFIX]``, with the AWS SDK's usual configuration."""
    return open_bucket_as(S3Store, location, connections=connections)


def open_bucket_as(kind: type[S], location: str, *, connections: int) -> S:
    """Like :func:`open_bucket`, as a store of this class."""
    bucket, _, prefix = location.partition("/")
    config = Config(
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=15,
        read_timeout=60,
    )
    try:
        # botocore is enough: importing boto3 would take another tenth of a second.
        client = cast("S3Client", session().create_client("s3", config=config))
        # botocore sends "Expect: 100-continue" before each PUT, which costs a round trip.
        client.meta.events.register_last("before-call.s3", _send_at_once)
        FirstContact().watch(client)
        return kind(client, bucket, prefix, connections=connections)
    except (BotoCoreError, ValueError) as error:
        raise FatalError(
            f"s3://{bucket} cannot be opened: {one_line(str(error)).rstrip('.')}. Check "
            "AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and the AWS CLI's configuration"
        ) from error


def _version(version_id: str | None) -> dict[str, str]:
    return {"VersionId": version_id} if version_id else {}


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    params["headers"].pop("Expect", None)
