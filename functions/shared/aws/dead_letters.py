"""Counts the events in the dead-letter queue: those that could not be processed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead-letter queue. Methods raise botocore's errors."""

    client: "SQSClient"
    queue_arn: str

    def url(self) -> str:
        """The queue's URL."""
        name = self.queue_arn.rpartition(":")[2]
        return self.client.get_queue_url(QueueName=name)["QueueUrl"]

    def count(self) -> int:
        """The approximate number of events, including those that are being received."""
        answer = self.client.get_queue_attributes(
            QueueUrl=self.url(),
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, answer["Attributes"].values()))
