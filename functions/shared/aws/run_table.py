"""The run table in DynamoDB: one item per run, and small items that later reports need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from backup_contract.documents.suspicion import Suspicion
from backup_contract.moments import named_moment, run_id_of
from shared.aws import run_items as items
from shared.errors import DamagedItemError, RunConflictError
from shared.logging import logger
from shared.model.run import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
_UNLESS_EXISTS = "attribute_not_exists(pk)"


@dataclass(frozen=True, slots=True)
class Reported:
    """What earlier reports recorded.

    ``run_id`` is the latest run with a complete manifest. ``accepted`` is the latest accepted run:
    one that ended ``verified`` or ``partial``, so that no archive was bad. ``verified_at`` is the
    time of the latest report if it called a run of everything verified; None otherwise.
    """

    run_id: str | None = None
    accepted: str | None = None
    verified_at: datetime | None = None


class RunStore:
    """Reads and writes runs, and records which instance belongs to which run.

    A run is written only if its stored version is the one that was read; otherwise
    :class:`RunConflictError` is raised. A run's damaged item raises :class:`DamagedItemError`. Most
    other damaged items are logged and count as missing. All other errors are botocore's: AWS is in
    trouble, and the invocation must be retried.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, run_id: str) -> Run | None:
        """The run, or None if there is no such run. Raises :class:`DamagedItemError`."""
        item = self._get(run_id)
        return items.read_run(item) if item else None

    def load_if_intact(self, run_id: str) -> Run | None:
        """The run; None if there is none, or if its item is damaged, which is logged."""
        return self._read_if_intact(run_id, items.read_run)

    def exists(self, run_id: str) -> bool:
        """Whether there is such a run, damaged or not."""
        return self._get(run_id) is not None

    def save(self, run: Run) -> Run:
        """Replace the stored version that this run was made from. Returns the new version.

        Raises :class:`RunConflictError` if the stored version is another one.
        """
        stored = replace(run, version=run.version + 1)
        condition: dict[str, Any] = (
            {
                "ConditionExpression": "#v = :read",
                "ExpressionAttributeNames": {"#v": "version"},
                "ExpressionAttributeValues": {":read": {"N": str(run.version)}},
            }
            if run.version
            else {"ConditionExpression": _UNLESS_EXISTS}
        )
        if not self._put(items.run_item(stored), **condition):
            raise RunConflictError(run.id)
        return stored

    def run_id_of_request(self, request_id: str, run_id: str, now: datetime) -> str:
        """The run that this request began: ``run_id``, unless an earlier try began another one.

        Lambda gives its retries of an asynchronous invocation the same request id:
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        key = items.request_key(request_id)
        begun = items.item(key, now, run_id=run_id)
        if self._put(begun, ConditionExpression=_UNLESS_EXISTS):
            return run_id
        return self._read_if_intact(key, lambda item: items.text(item, "run_id")) or run_id

    def remember_launching(self, run: Run) -> None:
        """Record that the run may have an instance that is not recorded yet.

        This applies until the instance is recorded or the attempt's deadline has passed.
        """
        self._put_launching(run.id, run.attempt.deadline_at)

    def remember_instance(self, instance_id: str, run: Run) -> None:
        """Record the instance, so that its events find the run even after it has lost its tags."""
        key, attempt = items.instance_key(instance_id), run.attempt.number
        self._put(items.item(key, run.created_at, run_id=run.id, attempt=attempt))
        self._put_launching(run.id, run.created_at)

    def run_id_of_instance(self, instance_id: str, now: datetime) -> tuple[str | None, bool]:
        """The run that launched this instance, and whether an unrecorded instance may be ours.

        The run is None if it is not recorded. Both come from one request, because EC2 sends events
        about all instances of the account.
        """
        ours = items.instance_key(instance_id)
        keys = [{"pk": {"S": name}} for name in (ours, items.LAUNCHING)]
        answer = self._client.batch_get_item(
            RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
        )
        found: list[Any] = list(answer["Responses"].get(self._table, []))
        if answer.get("UnprocessedKeys"):  # throttled: read them one by one
            found = [item for key in keys if (item := self._get(key["pk"]["S"]))]
        by_key = {item["pk"]["S"]: item for item in found}
        if ours in by_key:
            # If the item is damaged, the instance's tags have the run id.
            run_id = _read_or_log(by_key[ours], lambda item: items.text(item, "run_id"))
            return run_id, run_id is None
        if items.LAUNCHING not in by_key:
            return None, False
        until = _read_or_log(by_key[items.LAUNCHING], lambda item: items.number(item, "until"))
        return None, until is None or now.timestamp() < until

    def _put_launching(self, run_id: str, until: datetime) -> None:
        self._put(items.item(items.LAUNCHING, run_id=run_id, until=int(until.timestamp())))

    def remember_reported_dead_letters(self, count: int) -> None:
        """Record how many dead letters a mail has reported."""
        self._put(items.item(items.REPORTED_DEAD_LETTERS, count=count))

    def reported_dead_letters(self) -> int:
        """How many dead letters a mail has reported."""
        key = items.REPORTED_DEAD_LETTERS
        return self._read_if_intact(key, lambda item: items.number(item, "count")) or 0

    def remember_reported_damage(self, run_id: str, problem: str, now: datetime) -> None:
        """Record that a mail has reported what is wrong with a run's item."""
        self._put(items.item(items.damage_key(run_id), now, problem=problem))

    def reported_damage(self, run_id: str) -> str | None:
        """What a mail has reported as wrong with a run's item; None if none has."""
        key = items.damage_key(run_id)
        return self._read_if_intact(key, lambda item: items.text(item, "problem"))

    def attempt_of_instance(self, instance_id: str) -> int | None:
        """The number of the attempt that launched this instance; None if it is not recorded."""
        item = self._get(items.instance_key(instance_id))
        if item is None or "attempt" not in item:  # earlier versions did not record it
            return None
        return _read_or_log(item, lambda item: items.number(item, "attempt"))

    def remember_reported(self, reported: Reported) -> None:
        """Record what the next report needs of this report and earlier ones."""
        at = reported.verified_at
        known = {
            "run_id": reported.run_id,
            "accepted": reported.accepted,
            "verified_at": at.isoformat() if at else None,
        }
        values = {name: value for name, value in known.items() if value}
        self._put(items.item(items.LAST_REPORTED, None, **values))

    def reported(self) -> Reported:
        """What earlier reports recorded. Raises :class:`DamagedItemError`.

        Earlier versions recorded only the run.
        """
        item = self._get(items.LAST_REPORTED)
        if item is None:
            return Reported()
        return Reported(
            items.text(item, "run_id"),
            items.text(item, "accepted") if "accepted" in item else None,
            items.moment(item, "verified_at") if "verified_at" in item else None,
        )

    def remember_verified(self, now: datetime) -> None:
        """Record that a run of everything was verified now."""
        self._put(items.item(items.LAST_VERIFIED, at=now.isoformat()))

    def last_verified(self) -> datetime | None:
        """When a run of everything was last verified; None if that is not recorded.

        Earlier versions recorded it only for the latest report.
        """
        return self._read_if_intact(
            items.LAST_VERIFIED, lambda item: items.moment(item, "at")
        ) or self._read_if_intact(
            items.LAST_REPORTED,
            lambda item: items.moment(item, "verified_at") if "verified_at" in item else None,
        )

    def remember_suspicions(self, suspicions: Sequence[Suspicion]) -> None:
        """Record the open suspicions for later reports."""
        self._put(items.suspicions_item(suspicions))

    def suspicions(self) -> tuple[Suspicion, ...]:
        """The suspicions that were recorded last. Raises :class:`DamagedItemError`."""
        item = self._get(items.SUSPICIONS)
        return items.read_suspicions(item) if item else ()

    def unreported(self) -> list[Run]:
        """All runs that have not been reported, oldest first.

        A run with a damaged item is logged and omitted, so that it does not hide the others.
        """
        return [run for run_id in self.unreported_ids() if (run := self.load_if_intact(run_id))]

    def unreported_ids(self) -> list[str]:
        """The ids of these runs, including those with a damaged item."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="attribute_exists(document) AND #s <> :reported",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":reported": {"S": "reported"}},
            ProjectionExpression="pk",
        )
        return sorted(item["pk"]["S"] for page in pages for item in page["Items"])

    def latest(self) -> Run | None:
        """The run that began last, however it ended. Raises :class:`DamagedItemError`."""
        began = self.newest()
        return self.load(run_id_of(began)) if began else None

    def newest(self) -> datetime | None:
        """When the latest run in the table began; None if there is none."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="attribute_exists(document)",
            ProjectionExpression="pk",
        )
        ids = (item["pk"]["S"] for page in pages for item in page["Items"])
        return max(filter(None, map(named_moment, ids)), default=None)

    def _read_if_intact(self, key: str, read: Callable[[items.Item], T]) -> T | None:
        item = self._get(key)
        return _read_or_log(item, read) if item else None

    def _get(self, key: str) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        return answer.get("Item")

    def _put(self, item: dict[str, Any], **condition: Any) -> bool:
        """Put the item. Returns False if the condition is not met."""
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _read_or_log(item: items.Item, read: Callable[[items.Item], T]) -> T | None:
    """What ``read`` returns for the item; None and a log entry if the item is damaged."""
    try:
        return read(item)
    except DamagedItemError as error:
        logger().error("damaged item", extra={"problem": str(error)})
        return None
