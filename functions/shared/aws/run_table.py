"""The run table: one item per run, replaced only by whoever read its latest version."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backup_contract.moments import moment_of, run_id_of
from shared.errors import DamagedRunError, RunConflictError
from shared.logging import logger
from shared.model.run import Run, from_document, to_document

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEEP = timedelta(days=400)
"""Late events must still find their run, and the watchdog that of a yearly schedule."""

_LAST_REPORTED = "last-reported"
_LAUNCHING = "launching"
_TOLD = "dead-letters-told"


class RunStore:
    """Reads and writes runs, and remembers which instance belongs to which run.

    The writing of a run is conditional on the version that was read; a lost race raises
    :class:`RunConflictError`. All other errors are botocore's: they mean that AWS is in
    trouble, and the invocation must be retried.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, run_id: str) -> Run | None:
        """The run, or None if there is no such run. Raises :class:`DamagedRunError`."""
        item = self._get(run_id)
        return _run(item) if item else None

    def save(self, run: Run) -> Run:
        """Store the run in place of the version it was made from; returns the stored one."""
        stored = replace(run, version=run.version + 1)
        item = {
            "pk": {"S": run.id},
            "version": {"N": str(stored.version)},
            "state": {"S": stored.state},
            "document": {"S": json.dumps(to_document(stored))},
            "expires_at": {"N": str(int((run.created_at + KEEP).timestamp()))},
        }
        condition: dict[str, Any] = (
            {
                "ConditionExpression": "#v = :read",
                "ExpressionAttributeNames": {"#v": "version"},
                "ExpressionAttributeValues": {":read": {"N": str(run.version)}},
            }
            if run.version
            else {"ConditionExpression": "attribute_not_exists(pk)"}
        )
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise RunConflictError(run.id) from error
            raise
        return stored

    def run_id_of_request(self, request_id: str, run_id: str, now: datetime) -> str:
        """The run that this request began: ``run_id``, unless an earlier try of it took another.

        Lambda gives its retries of an asynchronous invocation the same request id:
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        key = f"request#{request_id}"
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": key},
                    "run_id": {"S": run_id},
                    "expires_at": {"N": str(int((now + KEEP).timestamp()))},
                },
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            item = self._get(key)
            return item["run_id"]["S"] if item else run_id
        return run_id

    def remember_launching(self, run: Run) -> None:
        """Note that the run may get an instance of which nothing is written down yet.

        It holds until the instance is written down, or the attempt is over.
        """
        self._put_launching(run.id, run.attempt.deadline_at)

    def remember_instance(self, instance_id: str, run: Run) -> None:
        """Lead events of this instance to its run, even when it has lost its tags."""
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": f"instance#{instance_id}"},
                "run_id": {"S": run.id},
                "attempt": {"N": str(run.attempt.number)},
                "expires_at": {"N": str(int((run.created_at + KEEP).timestamp()))},
            },
        )
        self._put_launching(run.id, run.created_at)

    def run_id_of_instance(self, instance_id: str, now: datetime) -> tuple[str | None, bool]:
        """The run that launched this instance, as far as it is written down.

        And whether an instance that is not may still be ours. Both in one request, for every
        instance of the account is asked about.
        """
        keys = [{"pk": {"S": name}} for name in (f"instance#{instance_id}", _LAUNCHING)]
        answer = self._client.batch_get_item(
            RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
        )
        found: list[Any] = list(answer["Responses"].get(self._table, []))
        if answer.get("UnprocessedKeys"):  # throttled: one by one
            found = [item for key in keys if (item := self._get(key["pk"]["S"]))]
        items = {item["pk"]["S"]: item for item in found}
        if instance := items.get(f"instance#{instance_id}"):
            return instance["run_id"]["S"], False
        launching = items.get(_LAUNCHING)
        return None, launching is not None and now.timestamp() < int(launching["until"]["N"])

    def _put_launching(self, run_id: str, until: datetime) -> None:
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": _LAUNCHING},
                "run_id": {"S": run_id},
                "until": {"N": str(int(until.timestamp()))},
            },
        )

    def remember_told(self, dead_letters: int) -> None:
        """Note of how many dead letters somebody was told."""
        self._client.put_item(
            TableName=self._table, Item={"pk": {"S": _TOLD}, "count": {"N": str(dead_letters)}}
        )

    def told(self) -> int:
        """Of how many dead letters somebody was told."""
        item = self._get(_TOLD)
        return int(item["count"]["N"]) if item else 0

    def attempt_of_instance(self, instance_id: str) -> int | None:
        """The number of the attempt that launched this instance, as far as we remember it."""
        item = self._get(f"instance#{instance_id}")
        return int(item["attempt"]["N"]) if item and "attempt" in item else None

    def remember_reported(self, run_id: str) -> None:
        """Note the run whose manifest the next one is compared with."""
        self._client.put_item(
            TableName=self._table, Item={"pk": {"S": _LAST_REPORTED}, "run_id": {"S": run_id}}
        )

    def last_reported(self) -> str | None:
        """The latest run that ended with a manifest."""
        item = self._get(_LAST_REPORTED)
        return item["run_id"]["S"] if item else None

    def unreported(self) -> list[Run]:
        """Every run that nobody has been told about yet, oldest first.

        One whose item is damaged is logged and left out: it must not hide the others.
        """
        return [run for run_id in self.unreported_ids() if (run := self._sound(run_id))]

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
        return max(filter(None, map(_moment, ids)), default=None)

    def _sound(self, run_id: str) -> Run | None:
        try:
            return self.load(run_id)
        except DamagedRunError:
            logger().exception("damaged run", extra={"run_id": run_id})
            return None

    def _get(self, key: str) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        return answer.get("Item")


def _run(item: dict[str, Any]) -> Run:
    try:
        return from_document(json.loads(item["document"]["S"]), int(item["version"]["N"]))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        said = f"run {item['pk']['S']}: its item is damaged ({type(error).__name__}: {error})"
        raise DamagedRunError(said) from error


def _moment(run_id: str) -> datetime | None:
    try:
        return moment_of(run_id)
    except ValueError:
        return None
