"""A fresh AWS account in this process with the stack's resources, kept by moto.

Clients are made once per process, as in a warm function: most of a world's time would be theirs.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.loaders import Loader
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from launcher import app as launcher_app
from reporter import app as reporter_app
from tests.integration.quick_moto import quicken_moto

ACCOUNT = DEFAULT_ACCOUNT_ID
REGION = "eu-central-1"
ROLE_ID = "AROAEXAMPLEOFAROLEID"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
_LOADER = Loader()
"""botocore's service models, read once for all clients."""


class Watcher(Protocol):
    """Whoever sees, fails and changes the calls of the functions."""

    def before(self, model: Any, params: Any, **_: Any) -> Any:
        """botocore's ``before-call``; an answer here keeps the call from being made."""

    def after(self, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        """botocore's ``after-call``, with the answer to change."""


class _Session(boto3.Session):
    """A session that makes each client once."""

    def __init__(self) -> None:
        super().__init__(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self._session.register_component("data_loader", _LOADER)
        self._clients: dict[tuple[str, bool], Any] = {}

    def client(self, service_name: str, *_: Any, **options: Any) -> Any:
        key = (service_name, "config" in options)
        if key not in self._clients:
            # botocore assembles the name of the client anew for each call, a thirtieth of it.
            config = options.get("config", Config()).merge(Config(user_agent="test"))
            if service_name != "s3":
                # moto looks at no signature, and making it is a twentieth of a call. Without one
                # its S3 takes the caller for a stranger.
                config = config.merge(Config(signature_version=UNSIGNED))
            options["config"] = config
            self._clients[key] = super().client(service_name, **options)  # type: ignore[call-overload]
        return self._clients[key]


class _Facts:
    """What moto reads of files of megabytes and no test can change: asked once per question."""

    OPERATIONS = ("DescribeInstanceTypes",)

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._question = ""

    def remembered(self, model: Any, params: Any, **_: Any) -> Any:
        """The answer of before to the same question, if there is one."""
        self._question = json.dumps(params["body"]) if model.name in self.OPERATIONS else ""
        known = self._known.get(self._question)
        return known and (SimpleNamespace(status_code=200, headers={}), deepcopy(known))

    def remember(self, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        """Keep an answer, before a watcher changes it."""
        if model.name in self.OPERATIONS and http_response.status_code == 200:
            self._known.setdefault(self._question, deepcopy(parsed))


class _Watched(_Session):
    """The functions' session, whose every call the present watcher sees."""

    watcher: Watcher | None = None

    def __init__(self) -> None:
        super().__init__()
        self._facts = _Facts()
        self.events.register("before-call", self._before)
        self.events.register("after-call", self._after)

    def _before(self, **call: Any) -> Any:
        answer = self.watcher.before(**call) if self.watcher else None
        return answer or self._facts.remembered(**call)

    def _after(self, **call: Any) -> None:
        self._facts.remember(**call)
        if self.watcher:
            self.watcher.after(**call)


_sessions: list[Any] = []
quicken_moto()


@contextmanager
def new_account(deployment: Path, watcher: Watcher, settings: Mapping[str, str]) -> Iterator[Any]:
    """The account for as long as the block lasts; yields a session that nobody watches.

    ``deployment`` stands for the unpacked zip, ``settings`` replace some of the environment.
    """
    with pytest.MonkeyPatch.context() as patch:
        environment = {**_environment(deployment), **settings}
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr("time.sleep", lambda _seconds: None)
        with mock_aws(config={"lambda": {"use_docker": False}}) as aws:
            aws.reset()  # as it does by itself only where no other one is around it
            if not _sessions:
                _sessions.extend((_Session(), _Watched()))
            own, functions = _sessions
            patch.setenv("SECURITY_GROUP_ID", _resources(own, environment))
            patch.setattr(functions, "watcher", watcher)
            patch.setattr(boto3, "DEFAULT_SESSION", functions)
            launcher_app.compose.cache_clear()
            reporter_app.compose.cache_clear()
            yield own


def _resources(session: _Session, environment: Mapping[str, str]) -> str:
    """Everything that the template makes; returns the security group's id."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    session.client("dynamodb").create_table(
        TableName="runs",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    session.client("sns").create_topic(Name="topic")
    session.client("sqs").create_queue(QueueName="dead")
    scheduler = session.client("scheduler")
    scheduler.create_schedule_group(Name="stack")
    scheduler.create_schedule(
        Name="backup",
        GroupName="stack",
        ScheduleExpression=environment["SCHEDULE_EXPRESSION"],
        ScheduleExpressionTimezone=environment["SCHEDULE_TIMEZONE"],
        State=environment["SCHEDULE_STATE"],
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": environment["LAUNCHER_ARN"], "RoleArn": environment["SCHEDULER_ROLE_ARN"]},
    )
    session.client("iam").create_instance_profile(InstanceProfileName="profile")
    group = session.client("ec2").create_security_group(GroupName="sg", Description="sg")
    return str(group["GroupId"])


def _environment(deployment: Path) -> dict[str, str]:
    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"

    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "LAMBDA_TASK_ROOT": str(deployment),
        "STACK_NAME": "stack",
        "BUCKET": "backups",
        "RUNS_TABLE": "runs",
        "TOPIC_ARN": TOPIC_ARN,
        "SCHEDULE_GROUP": "stack",
        "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
        "LAUNCHER_ARN": arn("lambda", "function:stack-launcher"),
        "REPORTER_ARN": arn("lambda", "function:stack-reporter"),
        "DEAD_LETTER_QUEUE_ARN": arn("sqs", "dead"),
        "DEADLINE_MINUTES": "180",
        "MAX_ATTEMPTS": "3",
        "RETRY_DELAY_MINUTES": "30",
        "GITHUB_OWNERS": "octo",
        # Nothing listens on the discard port: to the preflight, GitHub is down.
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "GITHUB_TOKEN_PARAMETER": "",
        "INSTANCE_TYPES": "c7g.medium,m7g.medium",
        "SUBNET_IDS": "",
        "INSTANCE_PROFILE_ARN": f"arn:aws:iam::{ACCOUNT}:instance-profile/profile",
        "INSTANCE_ROLE_ID": ROLE_ID,
        "KEY_NAME": "",
        "MAX_SPOT_PRICE": "",
        "ALLOW_ON_DEMAND": "true",
        "VOLUME_SIZE_GIB": "16",
        "ASSIGN_PUBLIC_IP": "true",
        "NOTIFY_ON_LAUNCH": "false",
        "BACKUP_OPTIONS": "",
        "KEEP_VERSIONS_DAYS": "365",
        "KMS_KEY_ARN": "",
        "SCHEDULE_EXPRESSION": "cron(0 17 ? * FRI *)",
        "SCHEDULE_TIMEZONE": "UTC",
        "SCHEDULE_STATE": "ENABLED",
        "KNOWN_FAILURES": "",
        "KNOWN_REWRITES": "",
        "MAX_AGE_DAYS": "8",
        "VERIFIED_WITHIN_DAYS": "0",
        "HEARTBEAT_URL": "",
        "RETIRE_OVERLAYS": "true",
    }
