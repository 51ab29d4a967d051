"""EC2 as the reporter needs it: look at instances, end them, read their console."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backup_contract.aws_refusal import code_and_message, whole_message
from reporter.decide.observation import InstanceView
from shared.model.run import TAG_ATTEMPT, TAG_RUN_ID, TAG_STACK

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_UNKNOWN = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")
_FORBIDDEN = ("OperationNotPermitted", "UnauthorizedOperation")
"""A protected instance, and an organisation's policy: no retry will change either."""


@dataclass(frozen=True, slots=True)
class Ec2:
    """The reporter's view of EC2."""

    client: "EC2Client"
    stack: str

    def view(self, instance_id: str) -> InstanceView | None:
        """The instance as EC2 shows it; None if EC2 does not know it, or not any more."""
        found = self._describe(InstanceIds=[instance_id])
        return _view(found[0]) if found else None

    def run_id_by_tag(self, instance_id: str) -> str | None:
        """The run named in the instance's tags, if they are still there and name this stack."""
        for each in self._describe(InstanceIds=[instance_id]):
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
            if tags.get(TAG_STACK) == self.stack:
                return tags.get(TAG_RUN_ID)
        return None

    def of_run(self, run_id: str, attempt: int | None = None) -> list[InstanceView]:
        """Every instance tagged with this run (of this attempt) that is not yet gone."""
        tags = {TAG_STACK: self.stack, TAG_RUN_ID: run_id}
        if attempt:
            tags[TAG_ATTEMPT] = str(attempt)
        found = self._describe(
            Filters=[{"Name": f"tag:{name}", "Values": [value]} for name, value in tags.items()]
        )
        return [view for view in map(_view, found) if not view.gone]

    def terminate(self, instance_id: str) -> str:
        """Tell the instance to end; one that is unknown by now has done so.

        Returns what EC2 says where that is forbidden, else nothing.
        """
        try:
            self.client.terminate_instances(InstanceIds=[instance_id])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in (*_UNKNOWN, *_FORBIDDEN):
                raise
            return "" if code in _UNKNOWN else code_and_message(error.response)
        return ""

    def console_tail(self, instance_id: str, lines: int) -> list[str]:
        """The last lines of the console output; empty if EC2 has none (any more).

        The role may read it by the stack's tag, which a terminated instance loses in time.
        """
        try:
            answer = self.client.get_console_output(InstanceId=instance_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in (*_UNKNOWN, "UnauthorizedOperation"):
                raise
            return []
        return answer.get("Output", "").splitlines()[-lines:]

    def _describe(self, **which: Any) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("describe_instances").paginate(**which)
        try:
            return [
                dict(each)
                for page in pages
                for reservation in page["Reservations"]
                for each in reservation["Instances"]
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _UNKNOWN:
                raise
            return []


def _view(instance: dict[str, Any]) -> InstanceView:
    reason = instance.get("StateReason", {})
    return InstanceView(
        instance["InstanceId"],
        instance["State"]["Name"],
        reason.get("Code", ""),
        whole_message(reason.get("Message", "")),
    )
