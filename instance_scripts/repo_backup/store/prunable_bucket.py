"""A bucket from which a person with ``s3:DeleteObject`` can remove binaries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.aws_refusal import code_and_message
from backup_contract.moments import iso
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import NotFoundError, StoreRefusedError
from repo_backup.store.prunable import ObjectListing, ObjectRow, Removal
from repo_backup.store.s3 import S3Store
from repo_backup.store.s3_errors import needed, server_time

_PARALLEL_REQUESTS = 8
_NO_RULE = "NoSuchLifecycleConfiguration"
_NO_LOCK = "ObjectLockConfigurationNotFoundError"
_AS_LISTED, _GONE, _CHANGED = "", "it no longer exists", "it was written again in the meantime"


class PrunableBucket(S3Store):
    """A bucket. If it keeps versions, a delete marker hides a removed object."""

    def binaries(self) -> ObjectListing:
        """One request for each thousand objects, and one for the time."""
        with self._s3_errors(layout.OBJECTS):
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=self._prefix + layout.OBJECTS, MaxKeys=1
            )
        return ObjectListing(tuple(self._rows()), server_time(page))

    def kept_days(self) -> int | None:
        """The longest period of the lifecycle rules for noncurrent versions that cover binaries."""
        try:
            answer: Any = self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_RULE:
                return None
            with self._s3_errors("?lifecycle"):
                raise
        return max(filter(None, map(self._days, needed(answer, "Rules"))), default=None)

    def keeps_versions(self) -> bool | None:
        """Whether versioning is enabled now."""
        try:
            with self._s3_errors("?versioning"):
                answer = self._client.get_bucket_versioning(Bucket=self._bucket)
        except StoreRefusedError:
            return None
        return answer.get("Status") == "Enabled"

    def locks(self, rows: Sequence[ObjectRow]) -> Mapping[str, str]:
        """One HEAD for each, unless the bucket has no Object Lock."""
        try:
            self._client.get_object_lock_configuration(Bucket=self._bucket)
        except ClientError as error:
            # If reading the bucket's setting is denied, an object's may still be readable.
            if error.response["Error"]["Code"] == _NO_LOCK:
                return {}
        found = at_once(lambda number: self._lock(rows[number]), len(rows), _PARALLEL_REQUESTS)
        return {row.sha256: lock for row, lock in zip(rows, found, strict=True) if lock}

    def remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
        """One HEAD for each, to check that it has not changed, and one request for all."""
        state = at_once(lambda number: self._state(rows[number]), len(rows), _PARALLEL_REQUESTS)
        as_listed = [row for row, why in zip(rows, state, strict=True) if why == _AS_LISTED]
        others = zip(rows, state, strict=True)
        kept = [Removal(row, "changed", why) for row, why in others if why != _AS_LISTED]
        return [*kept, *(self._remove(as_listed) if as_listed else ())]

    def _rows(self) -> Iterator[ObjectRow]:
        for item in self._listed(layout.OBJECTS):
            if sha256 := layout.content_sha256(item["Key"].removeprefix(self._prefix)):
                yield ObjectRow(sha256, item["Size"], item["LastModified"])

    def _days(self, rule: Mapping[str, Any]) -> int | None:
        chosen = rule.get("Filter", {"Prefix": rule.get("Prefix")})
        reaches = (self._prefix + layout.OBJECTS).startswith(chosen.get("Prefix") or "")
        # A rule that filters by tag or size does not cover all objects.
        if rule.get("Status") != "Enabled" or chosen.keys() - {"Prefix"} or not reaches:
            return None
        days: int | None = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
        return days

    def _head(self, row: ObjectRow) -> Any:
        key = layout.content(row.sha256)
        with self._s3_errors(key):
            return self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)

    def _lock(self, row: ObjectRow) -> str:
        try:
            head = self._head(row)
        except NotFoundError:
            return ""
        if head.get("ObjectLockLegalHoldStatus") == "ON":
            return "its legal hold is released"
        until = head.get("ObjectLockRetainUntilDate")
        return iso(until) if until else ""

    def _state(self, row: ObjectRow) -> str:
        try:
            head = self._head(row)
        except NotFoundError:
            return _GONE
        same = (head["LastModified"], head["ContentLength"]) == (row.modified_at, row.bytes)
        return _AS_LISTED if same else _CHANGED

    def _remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
        by_key = {self._prefix + layout.content(row.sha256): row for row in rows}
        with self._s3_errors(layout.OBJECTS):
            answer: Any = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in by_key]}
            )
        gone = {each["Key"]: each for each in answer.get("Deleted", ())}
        refused = {each.get("Key"): each for each in answer.get("Errors", ())}
        return [self._outcome(row, gone.get(key), refused.get(key)) for key, row in by_key.items()]

    def _outcome(self, row: ObjectRow, gone: Any, refused: Any) -> Removal:
        if gone:
            return Removal(row, "hidden" if gone.get("DeleteMarker") else "removed")
        detail = code_and_message({"Error": refused}) if refused else "S3 does not say why"
        return Removal(row, "refused", detail)
