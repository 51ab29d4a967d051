"""Both handlers over an AWS in one process, as unkind as the real one, with a clock to turn.

moto keeps the tables, buckets, instances, topics and schedules. What it lacks is added here:
RunInstances honours client tokens, terminated instances lose their tags, one-time schedules fire,
there are quotas, asynchronous invocations are queued, retried twice and then dead, and any call
can be made to fail.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.sns.models import sns_backends

from launcher import app as launcher_app
from reporter import app as reporter_app
from shared.run import moment_of

REGION = "eu-central-1"
RUN_ID = "2026-11-27T17-00-00Z"
DUE = datetime(2026, 11, 27, 17, tzinfo=UTC)
SCHEDULED = {"trigger": "schedule", "scheduled_time": "2026-11-27T17:00:00Z"}
RETRIES_OF_LAMBDA = 2
_LOADER = Loader()
"""botocore's service models, read once for all worlds."""


class CrashError(Exception):
    """The function's process ended here."""


@dataclass
class Fault:
    """What happens at a call: ``before`` or ``after`` it the process ends, or AWS errs.

    ``times`` is how often; the call is the ``index``-th of all that are made, or, with an
    ``operation`` (``ec2.RunInstances``), every one of that kind.
    """

    kind: str
    index: int = -1
    operation: str = ""
    code: str = "InternalError"
    status: int = 500
    times: int = 1


@dataclass
class World:
    """An account with the stack's resources, a clock, and everything observable.

    ``aws`` is the test's own way to it: unlike the functions' calls, these are neither counted
    nor made to fail.
    """

    aws: boto3.Session
    now: datetime = DUE
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    queue: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    dead_letters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: dict[str, Any] = field(default_factory=dict)
    launches: Counter[str] = field(default_factory=Counter)

    # What a test does.

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """One synchronous invocation, as from the console."""
        act = {"launcher": launcher_app.launch, "reporter": reporter_app.report}[function]
        return act(event, self.now)

    def send(self, function: str, event: dict[str, Any]) -> None:
        """One asynchronous invocation, with Lambda's retries, and all that follow from it."""
        self.queue.append((function, event))
        while self.queue:
            target, payload = self.queue.pop(0)
            for tried in range(RETRIES_OF_LAMBDA + 1):
                with suppress(Exception):
                    self.invoke(target, payload)
                    break
                self.now += timedelta(minutes=1 + tried)
            else:
                self.dead_letters.append((target, payload))

    def end_instance(
        self, reason: str = "Client.InstanceInitiatedShutdown", *, tell: bool = True
    ) -> str:
        """The running instance ends; EC2 forgets its tags, and mostly says so in an event."""
        instance = next(i for i in self._instances() if i.state == "running")
        instance.terminate()
        instance.state_reason.code = reason
        ec2_backends[DEFAULT_ACCOUNT_ID][REGION].delete_tags(
            [instance.id], {tag["key"]: tag["value"] for tag in instance.get_tags()}
        )
        if tell:
            self.send("reporter", terminated(instance.id))
        return str(instance.id)

    def pass_time(self, how_long: timedelta) -> None:
        """Turn the clock, firing one-time schedules and the daily watchdog as they come due."""
        until = self.now + how_long
        while True:
            due = sorted((at, name) for name, at in self.schedules().items() if at <= until)
            watch = self.now.replace(hour=6, minute=0, second=0) + timedelta(days=1)
            if not due and watch > until:
                break
            if due and due[0][0] <= watch:
                at, name = due[0]
                self.now = max(self.now, at)
                self._fire(name)
            else:
                self.now = watch
                self.send("reporter", {"trigger": "watchdog"})
        self.now = max(self.now, until)

    def complete(
        self,
        *,
        attempt: int = 1,
        failed: int = 0,
        run_id: str = RUN_ID,
        names: tuple[str, ...] = ("hello", "world"),
    ) -> None:
        """What a backup leaves behind: two archives, a manifest, and at last its marker."""
        s3 = self.aws.client("s3")
        entries = []
        for name in names:
            body = f"archive of {name}".encode()
            key = f"github_backups/octo/{name}.zip"
            stored = s3.put_object(Bucket="backups", Key=key, Body=body)
            entries.append(
                {
                    "id": len(name) + ord(name[0]),
                    "owner": "octo",
                    "name": name,
                    "state": "backed-up",
                    "archive": {
                        "key": key,
                        "bytes": len(body),
                        "sha256": sha256(body).hexdigest(),
                        "version_id": stored["VersionId"],
                        "checksum": None,
                    },
                    "wiki": {"state": "absent", "archive": None},
                }
            )
        entries += [
            {"id": 9, "owner": "octo", "name": "broken", "state": "failed", "reason": "HTTP 500"}
        ] * failed
        manifest = json.dumps(
            {
                "schema": 1,
                "run_id": run_id,
                "attempt": attempt,
                "owners": ["octo"],
                "complete": True,
                "totals": {"bytes_uploaded": 32, "bytes_stored": 32},
                "repositories": entries,
            }
        ).encode()
        s3.put_object(Bucket="backups", Key=f"runs/{run_id}/manifest.json", Body=manifest)
        marker = (
            f"run_id={run_id}\nattempt={attempt}\nmanifest_sha256={sha256(manifest).hexdigest()}\n"
        )
        when = moment_of(run_id) + timedelta(minutes=9)
        s3.put_object(
            Bucket="backups", Key=f"github_backups/{when:%Y-%m-%d-%H-%M}.txt", Body=marker.encode()
        )

    def progress(self, phase: str, *, attempt: int = 1) -> None:
        """What a backup says of itself on its way."""
        said = {"attempt": attempt, "phase": phase, "done": 37, "listed": 120}
        self.aws.client("s3").put_object(
            Bucket="backups", Key=f"runs/{RUN_ID}/progress.json", Body=json.dumps(said).encode()
        )

    # What a test sees.

    @property
    def mails(self) -> list[SimpleNamespace]:
        """Every mail so far: ``subject`` and ``body``."""
        topic = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[_topic_arn()]
        return [SimpleNamespace(subject=sent[2], body=sent[1]) for sent in topic.sent_notifications]

    def running(self) -> list[str]:
        """Instances that are being billed."""
        return [i.id for i in self._instances() if i.state not in ("terminated",)]

    def schedules(self) -> dict[str, datetime]:
        """Pending one-time schedules by name."""
        client = self.aws.client("scheduler")
        names = [each["Name"] for each in client.list_schedules(GroupName="stack")["Schedules"]]
        texts = {
            name: client.get_schedule(Name=name, GroupName="stack")["ScheduleExpression"]
            for name in names
        }
        return {
            name: datetime.fromisoformat(text[3:-1]).replace(tzinfo=UTC)
            for name, text in texts.items()
        }

    def object(self, key: str) -> Any:
        """A JSON object of the bucket."""
        return json.loads(
            self.aws.client("s3").get_object(Bucket="backups", Key=key)["Body"].read()
        )

    # How AWS behaves.

    def _instances(self) -> list[Any]:
        return list(ec2_backends[DEFAULT_ACCOUNT_ID][REGION].all_instances())

    def _fire(self, name: str) -> None:
        client = self.aws.client("scheduler")
        schedule = client.get_schedule(Name=name, GroupName="stack")
        client.delete_schedule(Name=name, GroupName="stack")
        function = schedule["Target"]["Arn"].rsplit("-", 1)[1]
        self.send(function, json.loads(schedule["Target"]["Input"]))

    def before(self, model: Any, params: Any, **_: Any) -> Any:
        """botocore's ``before-call``: count, fail, queue invocations, honour client tokens."""
        operation = f"{model.service_model.service_name}.{model.name}"
        self.calls.append(operation)
        for fault in self._due_faults(operation, "before", "error"):
            if fault.kind == "before":
                raise CrashError(operation)
            return _answer(fault.status, {"Error": {"Code": fault.code, "Message": "no"}})
        if operation == "lambda.Invoke":
            arn = params["url_path"].split("/")[3]
            self.queue.append((arn.rsplit("-", 1)[1], json.loads(params["body"])))
            return _answer(202, {"StatusCode": 202})
        if operation == "service-quotas.GetServiceQuota":
            return _answer(200, {"Quota": {"Value": 5.0}})
        if operation == "ec2.RunInstances" and params["body"].get("ClientToken") in self.tokens:
            return _answer(200, self.tokens[params["body"]["ClientToken"]])
        return None

    def after(self, parsed: Any, model: Any, context: Any, **_: Any) -> None:
        """botocore's ``after-call``: the deed is done, but the process may not live to know."""
        operation = f"{model.service_model.service_name}.{model.name}"
        if operation == "ec2.RunInstances" and "Instances" in parsed:
            tags = {t["Key"]: t["Value"] for t in parsed["Instances"][0]["Tags"]}
            token = parsed["Instances"][0]["ClientToken"]
            parsed["Instances"][0]["LaunchTime"] = self.now
            if token not in self.tokens:
                self.launches[tags["online-backup:attempt"]] += 1
            self.tokens[token] = parsed
        for _fault in self._due_faults(operation, "after"):
            raise CrashError(operation)

    def _due_faults(self, operation: str, *kinds: str) -> Iterator[Fault]:
        for fault in self.faults:
            here = fault.operation == operation or fault.index == len(self.calls) - 1
            if fault.kind in kinds and fault.times > 0 and here:
                fault.times -= 1
                yield fault


def terminated(instance_id: str) -> dict[str, Any]:
    """EC2's event for an instance that ended."""
    return {
        "source": "aws.ec2",
        "detail-type": "EC2 Instance State-change Notification",
        "detail": {"instance-id": instance_id, "state": "terminated"},
    }


@contextmanager
def new_world(deployment: Path, **settings: str) -> Iterator[World]:
    """A fresh account with the stack's resources; ``deployment`` stands for the unpacked zip.

    ``settings`` replace some of the functions' environment.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        _patched(patch, {**_environment(deployment), **settings}),
        mock_aws(config={"lambda": {"use_docker": False}}),
    ):
        world = World(aws=_session())
        s3 = world.aws.client("s3")
        s3.create_bucket(
            Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
        world.aws.client("dynamodb").create_table(
            TableName="runs",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        world.aws.client("sns").create_topic(Name="topic")
        world.aws.client("scheduler").create_schedule_group(Name="stack")
        world.aws.client("iam").create_instance_profile(InstanceProfileName="profile")
        group = world.aws.client("ec2").create_security_group(GroupName="sg", Description="sg")
        patch.setenv("SECURITY_GROUP_ID", group["GroupId"])
        session = _session()
        session.events.register("before-call", world.before)
        session.events.register("after-call", world.after)
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        launcher_app.compose.cache_clear()
        reporter_app.compose.cache_clear()
        yield world


@contextmanager
def _patched(patch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[None]:
    for name, value in environment.items():
        patch.setenv(name, value)
    patch.setattr("time.sleep", lambda _seconds: None)
    yield


def _session() -> boto3.Session:
    session = boto3.Session()
    session._session.register_component("data_loader", _LOADER)
    return session


def _answer(status: int, parsed: dict[str, Any]) -> tuple[SimpleNamespace, dict[str, Any]]:
    parsed.setdefault("ResponseMetadata", {"HTTPStatusCode": status, "RetryAttempts": 0})
    return SimpleNamespace(status_code=status, headers={}, content=b""), parsed


def _topic_arn() -> str:
    return f"arn:aws:sns:{REGION}:{DEFAULT_ACCOUNT_ID}:topic"


def _environment(deployment: Path) -> dict[str, str]:
    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{REGION}:{DEFAULT_ACCOUNT_ID}:{name}"

    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "LAMBDA_TASK_ROOT": str(deployment),
        "POWERTOOLS_SERVICE_NAME": "test",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "STACK_NAME": "stack",
        "BUCKET": "backups",
        "RUNS_TABLE": "runs",
        "TOPIC_ARN": _topic_arn(),
        "SCHEDULE_GROUP": "stack",
        "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/scheduler",
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
        "INSTANCE_PROFILE_ARN": f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:instance-profile/profile",
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
        "HEARTBEAT_URL": "",
    }
