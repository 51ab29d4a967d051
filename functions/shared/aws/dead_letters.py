"""The queue of events that could not be processed; only its length is of interest here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Counts what lies in the queue. Raises botocore's errors."""

    client: "SQSClient"
    queue_arn: str

    def url(self) -> str:
        """The queue's address."""
        name = self.queue_arn.rpartition(":")[2]
        return self.client.get_queue_url(QueueName=name)["QueueUrl"]

    def count(self) -> int:
        """About how many events are there, those included that somebody is reading."""
        answer = self.client.get_queue_attributes(
            QueueUrl=self.url(),
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, answer["Attributes"].values()))
