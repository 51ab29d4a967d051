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
from hashlib import sha256
from typing import Any

import boto3

REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    """The server's address, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
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

    def verdict(self, run_id: str) -> str:
        """What the reporter said of a run."""
        key = f"runs/{run_id}/report.json"
        body = self.client("s3").get_object(Bucket="backups", Key=key)["Body"].read()
        return str(json.loads(body)["verdict"])


def fill(account: Account, run_id: str, archives: int) -> None:
    """What a complete backup of so many repositories leaves, of the latest instance."""
    s3 = account.client("s3")

    def store(number: int) -> dict[str, Any]:
        key, body = f"github_backups/octo/repository-{number}.zip", b"archive %d" % number
        stored = s3.put_object(
            Bucket="backups", Key=key, Body=body, ChecksumAlgorithm="CRC32", ContentType="a/zip"
        )
        return {
            "id": number,
            "owner": "octo",
            "name": f"repository-{number}",
            "private": False,
            "fork": False,
            "archived": False,
            "default_branch": "main",
            "pushed_at": "2026-01-31T12:00:00Z",
            "state": "unchanged",
            "reason": None,
            "warnings": [],
            "refs_digest": sha256(body).hexdigest(),
            "seconds": 0.123,
            "archive": {
                "key": key,
                "bytes": len(body),
                "sha256": sha256(body).hexdigest(),
                "version_id": stored["VersionId"],
                "checksum": {"algorithm": "CRC32", "value": stored["ChecksumCRC32"]},
                "etag": stored["ETag"],
                "run_id": run_id,
                "drilled_at": None,
            },
            "wiki": {"state": "absent", "reason": None, "archive": None},
        }

    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(store, range(archives)))
    manifest = json.dumps(
        {
            "schema": 1,
            "run_id": run_id,
            "attempt": 1,
            "owners": ["octo"],
            "complete": True,
            "totals": {"bytes_uploaded": 0, "bytes_stored": 10 * archives},
            "repositories": entries,
        }
    ).encode()
    launch = s3.get_object(Bucket="backups", Key=f"runs/{run_id}/launch.json")["Body"].read()
    key = f"{json.loads(launch)['attempts'][-1]['evidence']}evidence.json"
    s3.put_object(Bucket="backups", Key=key, Body=manifest)
    digest = sha256(manifest).hexdigest()
    marker = f"run_id={run_id}\nattempt=1\nmanifest={key}\nmanifest_sha256={digest}\n"
    s3.put_object(Bucket="backups", Key=f"github_backups/{_minute()}.txt", Body=marker.encode())


def _minute() -> str:
    return time.strftime("%Y-%m-%d-%H-%M", time.gmtime())


def _environment(url: str, security_group_id: str) -> dict[str, str]:
    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{name}"

    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
        "STACK_NAME": "stack",
        "BUCKET": "backups",
        "RUNS_TABLE": "runs",
        "TOPIC_ARN": arn("sns", "topic"),
        "SCHEDULE_GROUP": "stack",
        "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT_ID}:role/scheduler",
        "LAUNCHER_ARN": arn("lambda", "function:stack-launcher"),
        "REPORTER_ARN": arn("lambda", "function:stack-reporter"),
        "DEAD_LETTER_QUEUE_ARN": arn("sqs", "dead"),
        "DEADLINE_MINUTES": "180",
        "MAX_ATTEMPTS": "3",
        "RETRY_DELAY_MINUTES": "30",
        "GITHUB_OWNERS": "octo",
        # Nothing listens on the discard port: to the launcher, GitHub is down, and it goes on.
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "GITHUB_TOKEN_PARAMETER": "",
        "INSTANCE_TYPES": "c7g.medium,m7g.medium",
        "SUBNET_IDS": "",
        "SECURITY_GROUP_ID": security_group_id,
        "INSTANCE_PROFILE_ARN": f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/profile",
        "INSTANCE_ROLE_ID": "AROAEXAMPLEOFAROLEID",
        "KEY_NAME": "",
        "MAX_SPOT_PRICE": "",
        "ALLOW_ON_DEMAND": "true",
        "VOLUME_SIZE_GIB": "16",
        "ASSIGN_PUBLIC_IP": "true",
        "NOTIFY_ON_LAUNCH": "false",
        "BACKUP_OPTIONS": "",
        "KEEP_VERSIONS_DAYS": "365",
        "SCHEDULE_EXPRESSION": "cron(0 17 ? * FRI *)",
        "SCHEDULE_TIMEZONE": "UTC",
        "SCHEDULE_STATE": "ENABLED",
        "KNOWN_FAILURES": "",
        "MAX_AGE_DAYS": "8",
        "VERIFIED_WITHIN_DAYS": "0",
        "HEARTBEAT_URL": "",
        "RETIRE_OVERLAYS": "true",
    }
