"""The launcher's bucket adapter: stores the instances' program and the record of a launch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.aws_refusal import code_and_message
from backup_contract.documents.launch import LaunchRecord
from shared.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Bucket:
    """Writes to the backup bucket."""

    client: "S3Client"
    name: str

    def publish_program(self, archive: Path) -> str:
        """Upload the instances' program unless it is in the bucket. Returns its SHA-256 (hex).

        Raises :class:`RefusedError` if the bucket does not exist or may not be written to.
        """
        data = archive.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        key = layout.program(sha256)
        try:
            if not self._exists(key):
                self.client.put_object(
                    Bucket=self.name, Key=key, Body=data, ContentType="application/zip"
                )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("403", "AccessDenied", "NoSuchBucket", "PermanentRedirect", "301"):
                raise
            raise RefusedError(
                "ExistingBucketName",
                f"{self.name} cannot be used ({code_and_message(error.response)}).",
                "It must be a bucket of this account and region; if a KMS key encrypts it, deploy "
                "with KmsKeyArn.",
            ) from error
        return sha256

    def _exists(self, key: str) -> bool:
        try:
            self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            return False
        return True

    def record_launch(self, record: LaunchRecord) -> None:
        """Write ``runs/<run id>/launch.json``."""
        self.client.put_object(
            Bucket=self.name,
            Key=layout.launch_record(record.run_id),
            Body=record.to_json(),
            ContentType="application/json",
        )
