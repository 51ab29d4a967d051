"""The topic that every mail goes through."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

SUBJECT_CHARACTERS = 99
BODY_BYTES = 262_144
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
"""What no XML can carry, and what a terminal obeys."""

_CUT = "\n[... cut: the mail can carry no more. See report.json in the bucket.]\n"


@dataclass(frozen=True, slots=True)
class Topic:
    """Publishes plain text that fits what SNS carries."""

    client: "SNSClient"
    arn: str

    def publish(self, subject: str, body: str) -> None:
        """Mail the text; the subject becomes one line of printable ASCII, both are cut to size."""
        self.client.publish(
            TopicArn=self.arn, Subject=fitting_subject(subject), Message=fitting_body(body)
        )

    def confirmed_subscriptions(self) -> int | None:
        """How many subscriptions are confirmed; None where AWS does not say. Never fails.

        Until its link was followed a subscription is there and gets nothing:
        https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
        """
        pages = self.client.get_paginator("list_subscriptions_by_topic")
        try:
            found = [
                each["SubscriptionArn"]
                for page in pages.paginate(TopicArn=self.arn)
                for each in page["Subscriptions"]
            ]
        except (ClientError, BotoCoreError, ResponseParserError):
            return None
        return sum(each.startswith("arn:") for each in found)


def fitting_subject(text: str) -> str:
    """Printable ASCII, one line, under 100 characters, as SNS demands."""
    line = "".join(c if " " <= c <= "~" else "?" for c in " ".join(text.split()))
    return line if len(line) <= SUBJECT_CHARACTERS else line[: SUBJECT_CHARACTERS - 3] + "..."


def fitting_body(text: str) -> str:
    """At most what SNS carries, counted in UTF-8, with a word where it was cut.

    What UTF-8 cannot say, a lone surrogate out of somebody's JSON, becomes a question mark, and so
    do control characters.
    """
    data = _CONTROL.sub("?", text).encode(errors="replace")
    if len(data) <= BODY_BYTES:
        return data.decode()
    kept = data[: BODY_BYTES - len(_CUT.encode())].decode(errors="ignore")
    return kept + _CUT
