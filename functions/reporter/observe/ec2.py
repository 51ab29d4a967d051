"""The reporter's EC2 adapter: describes instances, terminates them, reads their console."""

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
"""The instance is protected, or the organization's policy denies it. A retry cannot help."""


@dataclass(frozen=True, slots=True)
class Ec2:
    """The reporter's view of EC2."""

    client: "EC2Client"
    stack: str

    def view(self, instance_id: str) -> InstanceView | None:
        """The instance as EC2 shows it; None if EC2 does not know it (any more)."""
        found = self._describe(InstanceIds=[instance_id])
        return _view(found[0]) if found else None

    def run_id_by_tag(self, instance_id: str) -> str | None:
        """The run id in the instance's tags, if they still exist and name this stack."""
        for each in self._describe(InstanceIds=[instance_id]):
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
            if tags.get(TAG_STACK) == self.stack:
                return tags.get(TAG_RUN_ID)
        return None

    def of_run(self, run_id: str, attempt: int | None = None) -> list[InstanceView]:
        """All instances tagged with this run (and attempt) that are not terminated."""
        tags = {TAG_STACK: self.stack, TAG_RUN_ID: run_id}
        if attempt:
            tags[TAG_ATTEMPT] = str(attempt)
        found = self._describe(
            Filters=[{"Name": f"tag:{name}", "Values": [value]} for name, value in tags.items()]
        )
        return [view for view in map(_view, found) if not view.gone]

    def terminate(self, instance_id: str) -> str:
        """Terminate the instance; one that EC2 does not know counts as terminated.

        Returns EC2's message if that is denied, else an empty text.
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

        The role may read it only by the stack's tag, which a terminated instance eventually loses.
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
