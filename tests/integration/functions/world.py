"""Both handlers over an AWS in one process, as unkind as the real one, with a clock to turn.

moto keeps the tables, buckets, instances, topics and schedules. What it lacks is added here:

- RunInstances honours client tokens, and refuses a token that comes with other parameters;
- a new instance cannot be seen for a minute, one that is told to end takes another, a terminated
  one has lost its tags, and is forgotten after an hour;
- there are quotas, placement scores and an account's plan;
- one-time schedules fire and are gone, the watchdog comes daily;
- asynchronous invocations are queued, retried twice with the same request id, then dead letters;
- any call can fail, once, often or for long, be done although its answer is an error, or be the
  last one before the function's process ends.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from moto.ec2.models import ec2_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends

from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest, by_kind
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.progress import Progress
from backup_contract.moments import moment_of
from launcher import app as launcher_app
from local_cloud.variables import ROLE_ID
from reporter import app as reporter_app
from shared.errors import OnlineBackupError
from tests.integration.functions.account import ACCOUNT, REGION, TOPIC_ARN, new_account

RUN_ID = "2026-11-27T17-00-00Z"
DUE = datetime(2026, 11, 27, 17, tzinfo=UTC)
SCHEDULED = {"trigger": "schedule", "scheduled_time": "2026-11-27T17:00:00Z"}
RETRIES_OF_LAMBDA = 2
UNSEEN = timedelta(minutes=1)
FORGOTTEN = timedelta(hours=1)


class CrashError(BaseException):
    """The function's process ended here: nothing in it can catch that."""


@dataclass
class Fault:
    """What happens at a call: AWS answers with an ``error``, or is ``unreached``; the call is done
    and the answer ``lost`` in an error; or the process ends ``before`` or ``after`` it.

    The call is the ``index``-th of all that are made, or, with an ``operation``
    (``ec2.RunInstances``), each of that kind whose body says what ``where`` does. ``times`` is how
    often: from an index on, the same operation goes on failing. ``lasting`` means: as often as it
    is called for that long.
    """

    kind: str
    index: int = -1
    operation: str = ""
    code: str = "InternalError"
    status: int = 500
    message: str = "no"
    where: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    lasting: timedelta | None = None
    until: datetime | None = None

    def fits(self, body: Mapping[str, Any]) -> bool:
        """Whether the body of a call to EC2 says what ``where`` does."""
        return all(body.get(name) == value for name, value in self.where.items())

    def strikes(self, operation: str, index: int, now: datetime) -> bool:
        """Whether it happens at this call; then it is one time less."""
        if index == self.index:
            self.operation = operation if self.times > 1 or self.lasting else ""
            self.until = now + self.lasting if self.lasting else None
        elif operation != self.operation or self.times < 1 or (self.until and now > self.until):
            return False
        if not self.lasting:
            self.times -= 1
        return self.times >= 0


@dataclass
class World:
    """An account with the stack's resources, a clock, and everything observable.

    ``aws`` is the test's own way to it: unlike the functions' calls, these are neither counted
    nor made to fail.
    """

    aws: Any = None
    now: datetime = DUE
    scheduled_since: datetime = DUE - timedelta(hours=1)
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    queue: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    dead_letters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    launches: Counter[str] = field(default_factory=Counter)
    completed: list[int] = field(default_factory=list)
    unconfirmed: set[str] = field(default_factory=set)
    ends: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    account_plan: dict[str, Any] = field(
        default_factory=lambda: {"accountPlanType": "PAID", "accountPlanStatus": "ACTIVE"}
    )
    stack_tags: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _launched_at: dict[str, datetime] = field(default_factory=dict)
    _launched_for: dict[tuple[str, int], str] = field(default_factory=dict)
    _log_saved_at: datetime | None = None
    _requests: int = 0

    # What a test does.

    def invoke(self, function: str, event: dict[str, Any], request_id: str = "") -> dict[str, Any]:
        """One invocation, as from the console; a repeated one has the ``request_id`` of before."""
        if function == "launcher":
            return launcher_app.launch(event, self.now, request_id or self._next_request())
        return reporter_app.report(event, self.now)

    def _next_request(self) -> str:
        self._requests += 1
        return f"request-{self._requests}"

    def send(self, function: str, event: dict[str, Any]) -> None:
        """One asynchronous invocation, with Lambda's retries, and all that follow from it."""
        self.queue.append((function, event))
        while self.queue:
            target, payload = self.queue.pop(0)
            request_id = self._next_request()
            for tried in range(RETRIES_OF_LAMBDA + 1):
                if self._invoked(target, payload, request_id):
                    break
                self.now += timedelta(minutes=1 + tried)
            else:
                self.dead_letters.append((target, payload))

    def _invoked(self, function: str, event: dict[str, Any], request_id: str) -> bool:
        try:
            self.invoke(function, event, request_id)
        except (CrashError, BotoCoreError, ClientError, OnlineBackupError):
            return False
        except Exception as error:  # noqa: BLE001 - Lambda retries after a bug, too
            self.surprises.append(f"{function}: {error!r}")
            return False
        return True

    def end_instance(
        self,
        reason: str = "Client.InstanceInitiatedShutdown",
        *,
        message: str = "",
        tell: bool = True,
    ) -> str:
        """The running instance ends; EC2 forgets its tags, and mostly says so in an event."""
        instance = next(i for i in self._instances() if i.state == "running")
        instance.terminate()
        instance.state_reason.code = reason
        instance.state_reason.message = message or f"{reason}: so it ended"
        self._ended(instance, reason)
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
        only: tuple[str, ...] = (),
        **more: Any,
    ) -> None:
        """What a backup leaves behind: two archives, a manifest, and at last its marker.

        ``more`` is what else the manifest says.
        """
        s3 = self.aws.client("s3")
        entries = [_failed(number) for number in range(failed)]
        for name in names:
            body = f"archive of {name}".encode()
            key = f"github_backups/octo/{name}.zip"
            stored = s3.put_object(Bucket="backups", Key=key, Body=body)
            digest, version = sha256(body).hexdigest(), stored["VersionId"]
            archive = Archive(key, len(body), digest, run_id, version_id=version)
            results = by_kind(ItemResult("backed-up", archive=archive), ItemResult("absent"))
            number = len(name) + ord(name[0])
            entries.append(Entry(number, "octo", name, False, False, False, results))
        manifest = self.write_manifest(
            entries, attempt=attempt, run_id=run_id, complete=True, only=only, **more
        )
        key = self.own("evidence.json", attempt=attempt, run_id=run_id)
        self.mark(key, manifest, attempt=attempt, run_id=run_id)
        self.completed.append(attempt)

    def mark(self, key: str, manifest: bytes, *, attempt: int = 1, run_id: str = RUN_ID) -> None:
        """A date marker that names this manifest."""
        when = moment_of(run_id) + timedelta(minutes=9)
        marker = (
            f"run_id={run_id}\nattempt={attempt}\nmanifest={key}\n"
            f"manifest_sha256={sha256(manifest).hexdigest()}\n"
        )
        self.write(f"github_backups/{when:%Y-%m-%d-%H-%M}.txt", marker.encode())

    def own(self, name: str, *, attempt: int = 1, run_id: str = RUN_ID) -> str:
        """The key of what this attempt's instance writes under this name."""
        launched = self._launched_for.get((run_id, attempt), "i-0000000000nobody0")
        return f"runs/{run_id}/attempts/{ROLE_ID}:{launched}/{name}"

    def write_manifest(
        self,
        entries: list[Entry],
        *,
        attempt: int = 1,
        run_id: str = RUN_ID,
        complete: bool = False,
        only: tuple[str, ...] = (),
        **more: Any,
    ) -> bytes:
        """What an attempt writes down of these repositories, at its end or on its way."""
        written = Manifest(run_id, attempt, ["octo"], moment_of(run_id), listed=len(entries))
        written.entries = by_identity(entries)
        written.complete, written.only = complete, [*only]
        written.finished_at = self.now if complete else None
        manifest = json.dumps(json.loads(written.to_json()) | more).encode()
        self.write(self.own("evidence.json", attempt=attempt, run_id=run_id), manifest)
        return manifest

    def progress(self, phase: str, *, attempt: int = 1, done: int = 37) -> None:
        """What a backup says of itself on its way."""
        output = Progress(attempt, phase, done, 120, run_id=RUN_ID, updated_at=self.now)
        self.write(self.own("progress.json", attempt=attempt), output.to_json())

    def save_log(self, text: str) -> None:
        """What the bootstrap of the latest attempt does last of all."""
        self.write(self.own("backup.log", attempt=self.attempt), text.encode())
        self._log_saved_at = self.now

    def write(self, key: str, data: bytes) -> None:
        """An object of the bucket."""
        self.aws.client("s3").put_object(Bucket="backups", Key=key, Body=data)

    # What a test sees.

    @property
    def attempt(self) -> int:
        """The latest attempt that got an instance."""
        return max(map(int, self.launches))

    @property
    def mails(self) -> list[SimpleNamespace]:
        """Every mail so far: ``subject`` and ``body``."""
        topic = sns_backends[ACCOUNT][REGION].topics[TOPIC_ARN]
        return [SimpleNamespace(subject=sent[2], body=sent[1]) for sent in topic.sent_notifications]

    @property
    def verdicts(self) -> list[str]:
        """The word that each mail about a run begins with."""
        return [mail.subject.split()[1].rstrip(":") for mail in self.mails]

    @property
    def lifetimes(self) -> list[timedelta]:
        """How long each instance that has ended was there."""
        return [at - self._launched_at[name] for name, (at, _) in self.ends.items()]

    def running(self) -> list[str]:
        """Instances that are being billed."""
        return [i.id for i in self._instances() if i.state not in ("terminated",)]

    def schedules(self) -> dict[str, datetime]:
        """Pending one-time schedules by name."""
        group = scheduler_backends[ACCOUNT][REGION].schedule_groups["stack"]
        return {
            name: datetime.fromisoformat(each.schedule_expression[3:-1]).replace(tzinfo=UTC)
            for name, each in group.schedules.items()
            if each.schedule_expression.startswith("at(")
        }

    def object(self, key: str) -> Any:
        """A JSON object of the bucket."""
        return json.loads(
            self.aws.client("s3").get_object(Bucket="backups", Key=key)["Body"].read()
        )

    # How AWS behaves.

    def before(self, model: Any, params: Any, **_: Any) -> Any:
        """botocore's ``before-call``: count, fail, queue invocations, honour client tokens."""
        operation = f"{model.service_model.service_name}.{model.name}"
        self.calls.append(operation)
        for fault in self._striking(operation, params["body"], "before", "error", "unreached"):
            if fault.kind == "before":
                raise CrashError(operation)
            if fault.kind == "unreached":
                raise EndpointConnectionError(endpoint_url=operation)
            output = {"Code": fault.code, "Message": fault.message}
            return _answer(fault.status, {"Error": output})
        match operation:
            case "lambda.Invoke":
                arn = params["url_path"].split("/")[3]
                self.queue.append((arn.rsplit("-", 1)[1], json.loads(params["body"])))
                return _answer(202, {"StatusCode": 202})
            case "service-quotas.GetServiceQuota":
                return _answer(200, {"Quota": {"Value": 5.0}})
            case "freetier.GetAccountPlanState":
                return _answer(200, dict(self.account_plan))
            case "ec2.GetSpotPlacementScores":
                scores = [
                    {"Region": REGION, "AvailabilityZoneId": zone_id, "Score": score}
                    for zone_id, score in self.scores.items()
                ]
                return _answer(200, {"SpotPlacementScores": scores})
            case "lambda.ListTags":
                return _answer(200, {"Tags": self.stack_tags})
            case "ec2.RunInstances":
                return self._repetition(params["body"])
            case "ec2.DescribeInstances" if named := params["body"].get("InstanceId.1"):
                if not self._shown(named):
                    code = "InvalidInstanceID.NotFound"
                    return _answer(400, {"Error": {"Code": code, "Message": named}})
        return None

    def _repetition(self, body: dict[str, Any]) -> Any:
        """The first answer to the same question; what it asked must be the same."""
        first = self._tokens.get(body.get("ClientToken", ""))
        if first is None:
            self._asking = dict(body)
            return None
        asked, answer = first
        if asked != body:
            code = "IdempotentParameterMismatch"
            return _answer(400, {"Error": {"Code": code, "Message": "other parameters"}})
        return _answer(200, answer)

    def after(self, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        """botocore's ``after-call``: the deed is done, but who asked may never know."""
        operation = f"{model.service_model.service_name}.{model.name}"
        if operation == "ec2.RunInstances" and "Instances" in parsed:
            launched = parsed["Instances"][0]
            if launched["InstanceId"] not in self._launched_at:
                tags = {t["Key"]: t["Value"] for t in launched["Tags"]}
                number = tags["online-backup:attempt"]
                self.launches[number] += 1
                made_for = tags.get("online-backup:run-id", ""), int(number)
                self._launched_for[made_for] = launched["InstanceId"]
                self._launched_at[launched["InstanceId"]] = self.now
            launched["LaunchTime"] = self._launched_at[launched["InstanceId"]]
            self._tokens[launched["ClientToken"]] = (self._asking, dict(parsed))
        elif operation == "ec2.DescribeInstances":
            for each in parsed.get("Reservations", []):
                each["Instances"] = [i for i in each["Instances"] if self._shown(i["InstanceId"])]
                for instance in each["Instances"]:
                    instance["LaunchTime"] = self._launched_at[instance["InstanceId"]]
                    if self._ending(instance["InstanceId"]):
                        instance["State"] = {"Name": "shutting-down", "Code": 32}
        elif operation == "ec2.TerminateInstances" and "TerminatingInstances" in parsed:
            for instance in self._instances():
                if instance.state == "terminated" and instance.id not in self.ends:
                    self._ended(instance, "Client.UserInitiatedShutdown")
        elif operation == "sns.ListSubscriptionsByTopic":
            for each in parsed.get("Subscriptions", []):
                if each["SubscriptionArn"] in self.unconfirmed:
                    each["SubscriptionArn"] = "PendingConfirmation"
        elif operation == "scheduler.GetSchedule" and "LastModificationDate" in parsed:
            parsed["LastModificationDate"] = self.scheduled_since
        elif operation == "s3.HeadObject" and self._log_saved_at and "LastModified" in parsed:
            parsed["LastModified"] = self._log_saved_at
        for fault in self._striking(operation, {}, "after", "lost"):
            if fault.kind == "after":
                raise CrashError(operation)
            http_response.status_code = 500
            parsed.clear()
            parsed.update(Error={"Code": fault.code, "Message": "but it was done"})
            parsed.update(ResponseMetadata={"HTTPStatusCode": 500, "RetryAttempts": 0})

    def _striking(self, operation: str, body: Any, *kinds: str) -> Iterator[Fault]:
        for fault in self.faults:
            if fault.where and (operation != fault.operation or not fault.fits(body)):
                continue
            if fault.kind in kinds and fault.strikes(operation, len(self.calls) - 1, self.now):
                yield fault

    def _shown(self, instance_id: str) -> bool:
        """DescribeInstances is late with a new instance, and forgets one that ended."""
        if instance_id in self.ends:
            return self.now <= self.ends[instance_id][0] + FORGOTTEN
        return self.now >= self._launched_at.get(instance_id, self.now) + UNSEEN

    def _ending(self, instance_id: str) -> bool:
        """TerminateInstances is heard at once, and takes its time."""
        at, reason = self.ends.get(instance_id, (self.now - UNSEEN, ""))
        return reason == "Client.UserInitiatedShutdown" and self.now < at + UNSEEN

    def _instances(self) -> list[Any]:
        return list(ec2_backends[ACCOUNT][REGION].all_instances())

    def _ended(self, instance: Any, reason: str) -> None:
        self.ends[instance.id] = (self.now, reason)
        ec2_backends[ACCOUNT][REGION].delete_tags(
            [instance.id], {tag["key"]: tag["value"] for tag in instance.get_tags()}
        )

    def _fire(self, name: str) -> None:
        client = self.aws.client("scheduler")
        schedule = client.get_schedule(Name=name, GroupName="stack")
        client.delete_schedule(Name=name, GroupName="stack")
        function = schedule["Target"]["Arn"].rsplit("-", 1)[1]
        self.send(function, json.loads(schedule["Target"]["Input"]))


def terminated(instance_id: str) -> dict[str, Any]:
    """EC2's event for an instance that ended."""
    return {
        "source": "aws.ec2",
        "detail-type": "EC2 Instance State-change Notification",
        "detail": {"instance-id": instance_id, "state": "terminated"},
    }


@contextmanager
def new_world(deployment: Path, **settings: str) -> Iterator[World]:
    """A fresh account; ``settings`` replace some of the functions' environment."""
    world = World()
    with new_account(deployment, world, settings) as session:
        world.aws = session
        yield world


def _failed(number: int) -> Entry:
    """A repository that could not be backed up."""
    name = f"broken-{number}" if number else "broken"
    results = by_kind(ItemResult("failed", "HTTP 500"))
    return Entry(9 + number, "octo", name, False, False, False, results)


def _answer(status: int, parsed: dict[str, Any]) -> tuple[SimpleNamespace, dict[str, Any]]:
    parsed.setdefault("ResponseMetadata", {"HTTPStatusCode": status, "RetryAttempts": 0})
    return SimpleNamespace(status_code=status, headers={}, content=b""), parsed
