"""The one module that knows ministack's private names.

ministack answers the AWS APIs. What it keeps as records only (EC2) or leaves out (events about
instances, the e-mails of SNS, the context of EventBridge Scheduler, asynchronous invocation by
rules) is replaced here. Private names move between releases, so the version is checked.
"""

import contextvars
import importlib.metadata
import itertools
import json
import logging
import re
import secrets
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local_cloud.aws.documents import fill_in, trusts, with_variables
from local_cloud.machine.unpacked import unpacking_once

MINISTACK_VERSION = "1.5.33"

Parameters = Mapping[str, list[str]]
Response = tuple[int, dict[str, str], bytes]
Action = Callable[[Parameters], Response]

# ministack resolves neither tags, nor an instance's type and market, nor a schedule's group, nor
# several parameters' names, and so denies here what AWS permits. Policies are judged rightly by
# tests/infrastructure.
_MISJUDGED = {
    *("ec2:RunInstances", "ec2:CreateTags", "ec2:TerminateInstances", "ec2:GetConsoleOutput"),
    *("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule"),
    "ssm:GetParameters",
}

log = logging.getLogger(__name__)


class EmulatorVersionError(RuntimeError):
    """The installed ministack is not the one whose private names are known."""


@dataclass(frozen=True, slots=True)
class RoleSession:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    token: str


@dataclass(frozen=True, slots=True)
class Profile:
    """An instance profile: its ARN, and its role's ARN if it has a role."""

    arn: str
    role_arn: str | None


@dataclass(frozen=True, slots=True)
class Subnet:
    """What launching needs to know about a subnet."""

    subnet_id: str
    vpc_id: str
    zone: str


class Emulator:
    """ministack, imported into this process and patched.

    ``os.environ`` must hold ministack's settings before this is made: it reads them on import.
    """

    def __init__(self, on_mail: Callable[[str, str, str, str], None]) -> None:
        """Import and patch ministack.

        ``on_mail(address, topic_arn, subject, body)`` is called for every e-mail of SNS.
        Raises :class:`EmulatorVersionError` for another release than the pinned one.
        """
        installed = importlib.metadata.version("ministack")
        if installed != MINISTACK_VERSION:
            raise EmulatorVersionError(
                f"The embedded cloud patches ministack {MINISTACK_VERSION}, but {installed} is"
                " installed. Run `make setup`, or adapt local_cloud/aws/emulator.py."
            )
        from ministack import app  # type: ignore[import-untyped]
        from ministack.core import (  # type: ignore[import-untyped]
            iam_evaluator,
            lambda_runtime,
            responses,
        )
        from ministack.services import (  # type: ignore[import-untyped]
            ec2,
            eventbridge,
            iam,
            lambda_svc,
            scheduler,
            sns,
            ssm,
            sts,
        )

        self.app: Any = app.app
        self._responses: Any = responses
        self._ec2: Any = ec2
        self._events: Any = eventbridge
        self._iam: Any = iam
        self._lambda: Any = lambda_svc
        self._scheduler: Any = scheduler
        self._sts: Any = sts
        self._patch_judge(iam_evaluator, app)
        self._patch_mail(sns, on_mail)
        self._patch_events()
        self._patch_scheduler()
        self._patch_network()
        once = unpacking_once(Path(tempfile.mkdtemp(prefix="functions-")))
        lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": once})
        # ministack knows the x86_64 parameter only.
        ssm._PUBLIC_AMI_PARAMETERS[
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
        ] = "ami-0a64a1b2c3d4e5f60"

    # -- requests --------------------------------------------------------------------------

    def replace_ec2_actions(self, actions: Mapping[str, Action]) -> None:
        """Answer these EC2 actions ourselves."""
        self._ec2._ACTION_MAP.update(actions)

    def ec2_answer(self, action: str, inner: str) -> Response:
        """A successful answer of the EC2 Query API with ``inner`` as its XML content."""
        answer: Response = self._ec2._xml(200, f"{action}Response", inner)
        return answer

    def ec2_error(self, code: str, message: str, status: int = 400) -> Response:
        """A refusal of the EC2 Query API."""
        answer: Response = self._ec2._error(code, self._ec2._esc(message), status)
        return answer

    def context(self) -> contextvars.Context:
        """The current request's account and region, to act in later (``context.run``)."""
        return contextvars.copy_context()

    @property
    def region(self) -> str:
        """The current request's region."""
        return str(self._responses.get_region())

    @property
    def account(self) -> str:
        """The current request's account id."""
        return str(self._responses.get_account_id())

    # -- records of the other services -----------------------------------------------------

    def subnet(self, subnet_id: str) -> Subnet | None:
        """The subnet with this id; ``""`` means the default one of the first zone."""
        record = self._ec2._subnets.get(subnet_id or self._ec2._DEFAULT_SUBNET_ID)
        if record is None:
            return None
        return Subnet(record["SubnetId"], record["VpcId"], record["AvailabilityZone"])

    def zone_ids(self) -> list[str]:
        """The ids, not the names, of all zones that have a subnet."""
        return sorted({each["AvailabilityZoneId"] for each in self._ec2._subnets.values()})

    def security_group_vpc(self, group_id: str) -> str | None:
        """The VPC that a security group belongs to; None if there is no such group."""
        record = self._ec2._security_groups.get(group_id)
        return None if record is None else str(record["VpcId"])

    def has_key_pair(self, name: str) -> bool:
        """Whether a key pair of this name exists."""
        return name in self._ec2._key_pairs

    def profile(self, *, arn: str = "", name: str = "") -> Profile | None:
        """The instance profile with this ARN or name."""
        record = self._iam._lookup_instance_profile(name=name, arn=arn)
        if record is None:
            return None
        roles = [r if isinstance(r, str) else r["RoleName"] for r in record.get("Roles", [])]
        role = self._iam._roles.get(roles[0]) if roles else None
        return Profile(record["Arn"], role["Arn"] if role else None)

    def service_session(self, role_arn: str, service: str, name: str) -> RoleSession | None:
        """Credentials of a role for an AWS service; None if the role does not trust it."""
        role = self._iam._roles.get(role_arn.rpartition("/")[2])
        if role is None or not trusts(role["AssumeRolePolicyDocument"], service):
            return None
        session = RoleSession(
            f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30), secrets.token_hex(64)
        )
        self._sts.register_session(
            session.access_key_id,
            {
                "Arn": f"arn:aws:sts::{self.account}:assumed-role/{role['RoleName']}/{name}",
                "UserId": f"{role['RoleId']}:{name}",
                "SecretAccessKey": session.secret_access_key,
                "SessionToken": session.token,
            },
        )
        return session

    def tags(self, resource_id: str) -> dict[str, str]:
        """The tags of an EC2 resource, as CreateTags and DeleteTags left them."""
        return {tag["Key"]: tag["Value"] for tag in self._ec2._tags.get(resource_id, [])}

    def set_tags(self, resource_id: str, tags: Mapping[str, str]) -> None:
        """Replace all tags of an EC2 resource."""
        self._ec2._tags[resource_id] = [{"Key": k, "Value": v} for k, v in tags.items()]

    # -- events ----------------------------------------------------------------------------

    def put_event(self, detail_type: str, detail: Mapping[str, str], resource: str) -> None:
        """Deliver an event of EC2's own to the default bus (PutEvents refuses that source)."""
        self._events._dispatch_event(
            {
                "EventId": str(uuid.uuid4()),
                "Source": "aws.ec2",
                "DetailType": detail_type,
                "Detail": json.dumps(detail),
                "EventBusName": "default",
                "Time": int(time.time()),
                "Resources": [resource],
                "Account": self.account,
                "Region": self.region,
            }
        )

    def schedules(self) -> list[dict[str, Any]]:
        """Every schedule of EventBridge Scheduler, in all accounts and regions."""
        return [dict(each) for each in self._scheduler._schedules._data.values()]

    def fire_schedule(self, name: str) -> bool:
        """Let a schedule's moment come now. False if there is no schedule of that name."""
        for (account, region, _), schedule in list(self._scheduler._schedules._data.items()):
            if schedule["Name"] != name:
                continue
            with self._responses.request_scope(account, region):
                event = {"Source": "aws.scheduler", "Time": time.time(), "Detail": "{}"}
                self._events._invoke_target(schedule["Target"], event, schedule)
            return True
        return False

    def _patch_judge(self, evaluator: Any, app: Any) -> None:
        # The loopback interface stands for TLS, which the bucket's policy insists on.
        app.pin_request_origin = lambda source, tls: evaluator.pin_request_origin(source, True)
        resolve, enforce = evaluator.resolve_principal, evaluator.enforce

        def resolve_with_variables(*asked: Any, **named: Any) -> Any:
            principal = resolve(*asked, **named)
            if isinstance(principal, evaluator.PrincipalInfo):
                for statement in itertools.chain.from_iterable(principal.policies or ()):
                    statement.resources = [
                        with_variables(each, principal.keys) for each in statement.resources
                    ]
            return principal

        def enforce_where_judged_rightly(
            key: str, action: str, *rest: Any, resource_arn: str = "*", **named: Any
        ) -> Any:
            # Public parameters belong to no account.
            resource = re.sub(
                r":\d{12}:parameter/aws/service/", "::parameter/aws/service/", resource_arn
            )
            denied = enforce(key, action, *rest, resource_arn=resource, **named)
            if isinstance(denied, evaluator.EvalResult):
                if action in _MISJUDGED:
                    return None
                log.warning("DENIED %s on %s to %s", action, resource, denied.principal_arn)
            return denied

        evaluator.resolve_principal = resolve_with_variables
        evaluator.enforce = enforce_where_judged_rightly

    def _patch_events(self) -> None:
        events, functions = self._events, self._lambda
        invoke_target = events._invoke_target

        def invoke_asynchronously(arn: str, payload: str) -> None:
            # EventBridge invokes asynchronously: errors are retried, then go to the failure
            # destination. ministack calls once and forgets.
            function, config, _ = functions._get_func_record_for_ref(arn)
            if function and config:
                record = functions._execution_record_for_config(function, config)
                functions.invoke_async_with_retry(record, json.loads(payload))

        def with_context(target: dict[str, Any], event: Any, rule: Any, view: Any = None) -> Any:
            if event.get("Source") == "aws.scheduler" and target.get("Input"):
                target = {**target, "Input": fill_in(target["Input"], rule, event["Time"])}
            return invoke_target(target, event, rule, view)

        events._dispatch_to_lambda = invoke_asynchronously
        events._invoke_target = with_context

    def _patch_scheduler(self) -> None:
        # Ten seconds' precision is kinder than AWS's sixty and still slow to watch.
        self._scheduler._SCHEDULE_TICK_INTERVAL = 1

    def _patch_network(self) -> None:
        """Give the default VPC its way out, which ministack leaves away."""
        ec2, init = self._ec2, self._ec2._init_defaults

        def with_route() -> None:
            init()
            routes = ec2._route_tables[ec2._DEFAULT_RTB_ID]["Routes"]
            if len(routes) == 1:
                there = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ec2._DEFAULT_IGW_ID}
                routes.append({**routes[0], **there})

        ec2._init_defaults = with_route
        ec2._default_initialized_scopes.clear()

    def _patch_mail(self, sns: Any, on_mail: Callable[[str, str, str, str], None]) -> None:
        fan_out = sns._fanout

        def fan_out_and_mail(
            topic_arn: str, message_id: str, message: str, subject: str, *rest: Any, **named: Any
        ) -> Any:
            topic = sns._topic_by_arn_any_scope(topic_arn)
            for subscription in topic["subscriptions"] if topic else []:
                if subscription["protocol"] == "email" and subscription.get("confirmed"):
                    on_mail(subscription["endpoint"], topic_arn, subject, message)
            return fan_out(topic_arn, message_id, message, subject, *rest, **named)

        sns._fanout = fan_out_and_mail
