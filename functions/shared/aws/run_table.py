"""The run table: one item per run, replaced only by whoever read its latest version."""

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
_UNLESS_THERE = "attribute_not_exists(pk)"


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported last: the run with the latest whole manifest, and the latest accepted one.

    Accepted is a run in which nothing spoke against an archive: ``verified`` or ``partial``.
    ``verified_at`` is when the latest report called a run of everything verified; None if the
    latest report said something else.
    """

    run_id: str | None = None
    accepted: str | None = None
    verified_at: datetime | None = None


class RunStore:
    """Reads and writes runs, and remembers which instance belongs to which run.

    The writing of a run is conditional on the version that was read; a lost race raises
    :class:`RunConflictError`. A damaged item of a run raises :class:`DamagedItemError`; one that
    only remembers something is mostly logged and taken for not there. All other errors are
    botocore's: they mean that AWS is in trouble, and the invocation must be retried.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, run_id: str) -> Run | None:
        """The run, or None if there is no such run. Raises :class:`DamagedItemError`."""
        item = self._get(run_id)
        return items.read_run(item) if item else None

    def sound(self, run_id: str) -> Run | None:
        """The run; None if there is none, or if its item is damaged, which is logged."""
        return self._remembered(run_id, items.read_run)

    def has(self, run_id: str) -> bool:
        """Whether there is such a run, damaged or not."""
        return self._get(run_id) is not None

    def save(self, run: Run) -> Run:
        """Store the run in place of the version it was made from; returns the stored one."""
        stored = replace(run, version=run.version + 1)
        condition: dict[str, Any] = (
            {
                "ConditionExpression": "#v = :read",
                "ExpressionAttributeNames": {"#v": "version"},
                "ExpressionAttributeValues": {":read": {"N": str(run.version)}},
            }
            if run.version
            else {"ConditionExpression": _UNLESS_THERE}
        )
        if not self._put(items.run_item(stored), **condition):
            raise RunConflictError(run.id)
        return stored

    def run_id_of_request(self, request_id: str, run_id: str, now: datetime) -> str:
        """The run that this request began: ``run_id``, unless an earlier try of it took another.

        Lambda gives its retries of an asynchronous invocation the same request id:
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        key = items.request_key(request_id)
        begun = items.item(key, now, run_id=run_id)
        if self._put(begun, ConditionExpression=_UNLESS_THERE):
            return run_id
        return self._remembered(key, lambda item: items.text(item, "run_id")) or run_id

    def remember_launching(self, run: Run) -> None:
        """Note that the run may get an instance of which nothing is written down yet.

        It holds until the instance is written down, or the attempt is over.
        """
        self._put_launching(run.id, run.attempt.deadline_at)

    def remember_instance(self, instance_id: str, run: Run) -> None:
        """Lead events of this instance to its run, even when it has lost its tags."""
        key, attempt = items.instance_key(instance_id), run.attempt.number
        self._put(items.item(key, run.created_at, run_id=run.id, attempt=attempt))
        self._put_launching(run.id, run.created_at)

    def run_id_of_instance(self, instance_id: str, now: datetime) -> tuple[str | None, bool]:
        """The run that launched this instance, as far as it is written down.

        And whether an instance that is not may still be ours. Both in one request, for every
        instance of the account is asked about.
        """
        ours = items.instance_key(instance_id)
        keys = [{"pk": {"S": name}} for name in (ours, items.LAUNCHING)]
        answer = self._client.batch_get_item(
            RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
        )
        found: list[Any] = list(answer["Responses"].get(self._table, []))
        if answer.get("UnprocessedKeys"):  # throttled: one by one
            found = [item for key in keys if (item := self._get(key["pk"]["S"]))]
        there = {item["pk"]["S"]: item for item in found}
        if ours in there:
            # Of a damaged one the instance's tag tells whose it is.
            run_id = _legible(there[ours], lambda item: items.text(item, "run_id"))
            return run_id, run_id is None
        if items.LAUNCHING not in there:
            return None, False
        until = _legible(there[items.LAUNCHING], lambda item: items.number(item, "until"))
        return None, until is None or now.timestamp() < until

    def _put_launching(self, run_id: str, until: datetime) -> None:
        self._put(items.item(items.LAUNCHING, run_id=run_id, until=int(until.timestamp())))

    def remember_reported_dead_letters(self, count: int) -> None:
        """Record how many dead letters a mail has reported."""
        self._put(items.item(items.DEAD_LETTERS_TOLD, count=count))

    def reported_dead_letters(self) -> int:
        """How many dead letters a mail has reported."""
        key = items.DEAD_LETTERS_TOLD
        return self._remembered(key, lambda item: items.number(item, "count")) or 0

    def remember_damage(self, run_id: str, problem: str, now: datetime) -> None:
        """Note that somebody was told what is wrong with a run's item."""
        self._put(items.item(items.damage_key(run_id), now, problem=problem))

    def damage(self, run_id: str) -> str | None:
        """What somebody was told of a run's item."""
        key = items.damage_key(run_id)
        return self._remembered(key, lambda item: items.text(item, "problem"))

    def attempt_of_instance(self, instance_id: str) -> int | None:
        """The number of the attempt that launched this instance, as far as we remember it."""
        item = self._get(items.instance_key(instance_id))
        if item is None or "attempt" not in item:  # earlier versions did not write it down
            return None
        return _legible(item, lambda item: items.number(item, "attempt"))

    def remember_reported(self, reported: Reported) -> None:
        """Note what the next report needs to know of this one and those before it."""
        at = reported.verified_at
        known = {
            "run_id": reported.run_id,
            "accepted": reported.accepted,
            "verified_at": at.isoformat() if at else None,
        }
        values = {name: value for name, value in known.items() if value}
        self._put(items.item(items.LAST_REPORTED, None, **values))

    def reported(self) -> Reported:
        """What is known of the reports so far. Raises :class:`DamagedItemError`.

        Earlier versions noted nothing but the run.
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
        """Note that a run of everything was verified now."""
        self._put(items.item(items.LAST_VERIFIED, at=now.isoformat()))

    def last_verified(self) -> datetime | None:
        """When a run of everything was last verified, as far as anybody noted it.

        Earlier versions noted only whether the latest report was of such a run.
        """
        return self._remembered(
            items.LAST_VERIFIED, lambda item: items.moment(item, "at")
        ) or self._remembered(
            items.LAST_REPORTED,
            lambda item: items.moment(item, "verified_at") if "verified_at" in item else None,
        )

    def remember_suspicions(self, suspicions: Sequence[Suspicion]) -> None:
        """Note what is suspicious and not acknowledged, for every later report."""
        self._put(items.suspicions_item(suspicions))

    def suspicions(self) -> tuple[Suspicion, ...]:
        """What was noted last. Raises :class:`DamagedItemError`."""
        item = self._get(items.SUSPICIONS)
        return items.read_suspicions(item) if item else ()

    def unreported(self) -> list[Run]:
        """Every run that nobody has been told about yet, oldest first.

        One whose item is damaged is logged and left out: it must not hide the others.
        """
        return [run for run_id in self.unreported_ids() if (run := self.sound(run_id))]

    def unreported_ids(self) -> list[str]:
        """The same runs' ids, damaged ones' included."""
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
        """The run that began last, whatever became of it."""
        began = self.newest()
        return self.load(run_id_of(began)) if began else None

    def newest(self) -> datetime | None:
        """When the latest run that is still known began."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="attribute_exists(document)",
            ProjectionExpression="pk",
        )
        ids = (item["pk"]["S"] for page in pages for item in page["Items"])
        return max(filter(None, map(named_moment, ids)), default=None)

    def _remembered(self, key: str, read: Callable[[items.Item], T]) -> T | None:
        item = self._get(key)
        return _legible(item, read) if item else None

    def _get(self, key: str) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        return answer.get("Item")

    def _put(self, item: dict[str, Any], **condition: Any) -> bool:
        """Whether the item was put, which it is unless a condition forbids it."""
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _legible(item: items.Item, read: Callable[[items.Item], T]) -> T | None:
    """What is read of an item; of a damaged one nothing, and a line in the log."""
    try:
        return read(item)
    except DamagedItemError as error:
        logger().error("damaged item", extra={"problem": str(error)})
        return None
