"""One-time schedules, by which a function has itself or the launcher invoked later."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

BACKUP = "backup"
"""The template's name for the schedule that starts backups."""

OVERDUE_AFTER = timedelta(minutes=30)
"""How long after a deadline the reporter is invoked a second time.

An invocation and both of Lambda's retries can fail within minutes. Without a second invocation the
instance would run until the daily watchdog terminates it.
"""

_EARLIEST = timedelta(seconds=60)
"""EventBridge Scheduler's precision. It refuses a time in the past."""


@dataclass(frozen=True, slots=True)
class OneTimeSchedules:
    """Creates and removes schedules that fire once and then delete themselves.

    They are created at run time because CloudFormation lacks ``ActionAfterCompletion``:
    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html.
    Methods raise botocore's errors.
    """

    client: "EventBridgeSchedulerClient"
    group: str
    role_arn: str
    dead_letter_queue_arn: str

    def schedule_invocation(
        self, name: str, at: datetime, function_arn: str, event: dict[str, Any], now: datetime
    ) -> None:
        """Have the function invoked with the event at that time, or in a minute if it has passed.

        An existing schedule with this name is for the same invocation and stays as it is. ``name``
        has at most 64 characters.
        """
        moment = max(at, now + _EARLIEST).astimezone(UTC)
        # The precision is a minute. Rounded up, so that a schedule never fires early.
        moment += timedelta(seconds=-moment.second % 60, microseconds=-moment.microsecond)
        try:
            self.client.create_schedule(
                Name=name,
                GroupName=self.group,
                ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": function_arn,
                    "RoleArn": self.role_arn,
                    "Input": json.dumps(event),
                    "DeadLetterConfig": {"Arn": self.dead_letter_queue_arn},
                    "RetryPolicy": {
                        "MaximumRetryAttempts": 10,
                        "MaximumEventAgeInSeconds": 3600,
                    },
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConflictException":
                raise

    def get(self, name: str) -> dict[str, Any] | None:
        """The response of GetSchedule; None if there is no such schedule."""
        try:
            return dict(self.client.get_schedule(Name=name, GroupName=self.group))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None

    def remove(self, name: str) -> None:
        """Delete the schedule if it exists."""
        try:
            self.client.delete_schedule(Name=name, GroupName=self.group)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise


def deadline_name(run_id: str, attempt: int) -> str:
    """The name of the schedule that invokes the reporter at an attempt's deadline."""
    return f"deadline-{run_id}-{attempt}"


def overdue_name(run_id: str, attempt: int) -> str:
    """The name of the one that invokes it again, :data:`OVERDUE_AFTER` after the deadline."""
    return f"overdue-{run_id}-{attempt}"


def recheck_name(run_id: str, number: int) -> str:
    """The name of the schedule for a run's recheck by the reporter; rechecks are numbered."""
    return f"recheck-{run_id}-{number}"


def retry_name(run_id: str, attempt: int) -> str:
    """The name of the schedule that invokes the launcher for this attempt."""
    return f"retry-{run_id}-{attempt}"
