"""The bucket as the launcher needs it: the instances' program, and the record of a launch."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared import layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Bucket:
    """Writes to the backup bucket."""

    client: "S3Client"
    name: str

    def publish_program(self, archive: Path) -> str:
        """Put the program where instances find it unless it is there; returns its SHA-256."""
        data = archive.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        key = layout.program(sha256)
        try:
            self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            self.client.put_object(
                Bucket=self.name, Key=key, Body=data, ContentType="application/zip"
            )
        return sha256

    def record_launch(self, run_id: str, record: dict[str, Any]) -> None:
        """Write ``runs/<run id>/launch.json``."""
        self.client.put_object(
            Bucket=self.name,
            Key=layout.launch_record(run_id),
            Body=json.dumps(record, indent=1).encode(),
            ContentType="application/json",
        )
