"""An AWS account on moto's server with what the stack's functions need, and a backup's leavings."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import boto3

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import (
    Archive,
    Entry,
    ItemResult,
    Manifest,
    by_identity,
    by_kind,
)
from backup_contract.moments import moment_of
from local_cloud.variables import function_variables

REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    """The server's address, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tools.bench.standins.moto_account", str(port)],
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@dataclass(frozen=True, slots=True)
class Account:
    """The stack's resources; ``environment`` is that of both functions."""

    url: str
    environment: Mapping[str, str]

    @classmethod
    def made(cls, url: str) -> "Account":
        """With everything that the template makes."""
        account = cls(url, {})
        account.client("s3").create_bucket(
            Bucket="backups", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        account.client("s3").put_bucket_versioning(
            Bucket="backups", VersioningConfiguration={"Status": "Enabled"}
        )
        account.client("dynamodb").create_table(
            TableName="runs",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        account.client("sns").create_topic(Name="topic")
        account.client("scheduler").create_schedule_group(Name="stack")
        account.client("iam").create_instance_profile(InstanceProfileName="profile")
        group = account.client("ec2").create_security_group(GroupName="sg", Description="sg")
        return cls(url, _environment(url, group["GroupId"]))

    def client(self, service: str) -> Any:
        """A client of this account."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def end_instance(self, instance_id: str) -> None:
        """The instance is gone."""
        self.client("ec2").terminate_instances(InstanceIds=[instance_id])

    def report(self, run_id: str) -> dict[str, Any]:
        """The reporter's report on a run."""
        key = layout.report(run_id)
        body = self.client("s3").get_object(Bucket="backups", Key=key)["Body"].read()
        return dict(json.loads(body))


def fill(account: Account, run_id: str, archives: int) -> None:
    """What a complete backup of so many repositories leaves, of the latest instance."""
    s3 = account.client("s3")
    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(lambda number: _saved(s3, run_id, number), range(archives)))
    now = datetime.now(UTC)
    manifest = Manifest(run_id, 1, ["octo"], moment_of(run_id), by_identity(entries), archives, now)
    manifest.complete = True
    data = manifest.to_json()
    launch = s3.get_object(Bucket="backups", Key=layout.launch_record(run_id))["Body"].read()
    key = evidence.document(json.loads(launch)["attempts"][-1]["evidence"])
    s3.put_object(Bucket="backups", Key=key, Body=data)
    marker = Marker(layout.marker(now), run_id, 1, sha256(data).hexdigest(), manifest=key)
    s3.put_object(Bucket="backups", Key=marker.key, Body=marker.to_text(now))


def _saved(s3: Any, run_id: str, number: int) -> Entry:
    """Store an archive, and describe its repository as unchanged: all are checked anew."""
    name, body = f"repository-{number}", b"archive %d" % number
    key, digest = layout.archive("octo", name), sha256(body).hexdigest()
    stored = s3.put_object(
        Bucket="backups", Key=key, Body=body, ChecksumAlgorithm="CRC32", ContentType="a/zip"
    )
    checksum = {"algorithm": "CRC32", "value": stored["ChecksumCRC32"]}
    archive = Archive(key, len(body), digest, run_id, checksum, stored["VersionId"], stored["ETag"])
    git = ItemResult("unchanged", refs_digest=digest, refs=1, seconds=0.123, archive=archive)
    return Entry(number, "octo", name, False, False, False, by_kind(git, ItemResult("absent")))


def _environment(url: str, security_group_id: str) -> dict[str, str]:
    return {
        **function_variables(ACCOUNT_ID, REGION),
        "AWS_ENDPOINT_URL": url,
        "NO_PROXY": "127.0.0.1",
        "SECURITY_GROUP_ID": security_group_id,
    }
