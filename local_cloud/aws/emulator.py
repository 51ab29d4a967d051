"""Accesses ministack's records by its private names, which only this module and ``patches`` know.

ministack emulates the AWS APIs. Its instances are only records, and it sends no events about them;
this module adds what the embedded cloud needs. Private names change between releases, so the
version is checked.
"""

import contextvars
import importlib.metadata
import json
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_cloud.aws.documents import trusts
from local_cloud.aws.patches import (
    OnMail,
    patch_events,
    patch_judge,
    patch_mail,
    patch_network,
    patch_parameters,
    patch_runtime,
    patch_scheduler,
)

MINISTACK_VERSION = "1.5.33"

Parameters = Mapping[str, list[str]]
Response = tuple[int, dict[str, str], bytes]
Action = Callable[[Parameters], Response]


class EmulatorVersionError(RuntimeError):
    """The installed release of ministack is not the supported one."""


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
    """The fields of a subnet that a launch needs."""

    subnet_id: str
    vpc_id: str
    zone: str


class Emulator:
    """ministack, imported into this process and patched.

    ``os.environ`` must hold ministack's settings before this is made: it reads them on import.
    """

    def __init__(self, on_mail: OnMail) -> None:
        """Import and patch ministack.

        ``on_mail(address, topic_arn, subject, body)`` is called for every e-mail of SNS.
        Raises :class:`EmulatorVersionError` for another release than the pinned one.
        """
        installed = importlib.metadata.version("ministack")
        if installed != MINISTACK_VERSION:
            raise EmulatorVersionError(
                f"The embedded cloud patches ministack {MINISTACK_VERSION}, but {installed} is"
                " installed. Run `make setup`, or adapt local_cloud/aws/emulator.py"
                " and patches.py."
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
        self._scheduler: Any = scheduler
        self._sts: Any = sts
        patch_judge(iam_evaluator, app)
        patch_mail(sns, on_mail)
        patch_events(eventbridge, lambda_svc)
        patch_scheduler(scheduler)
        patch_network(ec2)
        patch_runtime(lambda_runtime)
        patch_parameters(ssm)

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
        """Fire a schedule now. Returns False if there is no schedule with that name."""
        for (account, region, _), schedule in list(self._scheduler._schedules._data.items()):
            if schedule["Name"] != name:
                continue
            with self._responses.request_scope(account, region):
                event = {"Source": "aws.scheduler", "Time": time.time(), "Detail": "{}"}
                self._events._invoke_target(schedule["Target"], event, schedule)
            return True
        return False
