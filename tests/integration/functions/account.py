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
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends

from launcher import app as launcher_app
from local_cloud.variables import function_variables
from reporter import app as reporter_app
from tests.integration.quick_moto import quicken_moto

ACCOUNT = DEFAULT_ACCOUNT_ID
REGION = "eu-central-1"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
_TABLE_OPTIONS = (
    *("throughput", "global_indexes", "indexes", "streams", "sse_specification"),
    *("deletion_protection_enabled", "warm_throughput"),
)
_SCHEDULE_OPTIONS = (
    *("description", "start_date", "end_date", "kms_key_arn", "action_after_completion"),
)
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
    """Everything that the template makes; returns the security group's id.

    moto's own functions make it: by calls of the API it would take five times as long. The queue
    is made by a call, since moto looks for it in the region that it finds in an unsigned call.
    """

    def here(backends: Any, region: str = REGION) -> Any:
        return backends[ACCOUNT][region]

    s3 = here(s3_backends, "aws")
    s3.create_bucket("backups", REGION)
    s3.put_bucket_versioning("backups", "Enabled")
    here(dynamodb_backends).create_table(
        "runs",
        schema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        attr=[{"AttributeName": "pk", "AttributeType": "S"}],
        billing_mode="PAY_PER_REQUEST",
        tags=[],
        **dict.fromkeys(_TABLE_OPTIONS),
    )
    here(sns_backends).create_topic("topic")
    session.client("sqs").create_queue(QueueName="dead")
    scheduler = here(scheduler_backends)
    scheduler.create_schedule_group("stack", [])
    scheduler.create_schedule(
        name="backup",
        group_name="stack",
        schedule_expression=environment["SCHEDULE_EXPRESSION"],
        schedule_expression_timezone=environment["SCHEDULE_TIMEZONE"],
        state=environment["SCHEDULE_STATE"],
        flexible_time_window={"Mode": "OFF"},
        target={"Arn": environment["LAUNCHER_ARN"], "RoleArn": environment["SCHEDULER_ROLE_ARN"]},
        **dict.fromkeys(_SCHEDULE_OPTIONS),
    )
    here(iam_backends, "aws").create_instance_profile("profile", "/", [])
    return str(here(ec2_backends).create_security_group("sg", "sg").id)


def _environment(deployment: Path) -> dict[str, str]:
    return {
        **function_variables(ACCOUNT, REGION),
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "LAMBDA_TASK_ROOT": str(deployment),
    }
