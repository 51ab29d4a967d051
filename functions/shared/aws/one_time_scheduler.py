"""One-time schedules: how a function arranges to be woken, or the launcher to try again."""

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
"""How long after a deadline it is looked once more.

An invocation and both of Lambda's retries can fail within minutes, and nothing would end the
instance before the next day's watchdog.
"""

_EARLIEST = timedelta(seconds=60)
"""EventBridge Scheduler's precision; a moment that has passed would be refused."""


@dataclass(frozen=True, slots=True)
class OneTimeSchedules:
    """Creates and removes schedules that fire once and then delete themselves.

    ``ActionAfterCompletion`` exists in the API only, not in CloudFormation, so these are made
    at run time: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """

    client: "EventBridgeSchedulerClient"
    group: str
    role_arn: str
    dead_letter_queue_arn: str

    def wake(
        self, name: str, at: datetime, function_arn: str, event: dict[str, Any], now: datetime
    ) -> None:
        """Invoke the function with the event at that time, or in a minute if it has passed.

        A schedule of that name that exists already is left as it is: whoever made it meant the
        same wake-up. ``name`` has at most 64 characters.
        """
        moment = max(at, now + _EARLIEST).astimezone(UTC)
        # The precision is a minute: rounded up, a schedule never fires before its time.
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

    def standing(self, name: str) -> dict[str, Any] | None:
        """What GetSchedule says of the template's schedule; None if somebody deleted it."""
        try:
            return dict(self.client.get_schedule(Name=name, GroupName=self.group))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None

    def remove(self, name: str) -> None:
        """Delete the schedule if it is still there."""
        try:
            self.client.delete_schedule(Name=name, GroupName=self.group)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise


def deadline_name(run_id: str, attempt: int) -> str:
    """The schedule that wakes the reporter at an attempt's deadline."""
    return f"deadline-{run_id}-{attempt}"


def overdue_name(run_id: str, attempt: int) -> str:
    """The schedule that wakes the reporter once more, :data:`OVERDUE_AFTER` after the deadline."""
    return f"overdue-{run_id}-{attempt}"


def recheck_name(run_id: str, wake: int) -> str:
    """The schedule that lets the reporter look once more."""
    return f"recheck-{run_id}-{wake}"


def retry_name(run_id: str, attempt: int) -> str:
    """The schedule that lets the launcher try again."""
    return f"retry-{run_id}-{attempt}"
