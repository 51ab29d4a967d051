"""The SNS topic through which all mails are sent."""

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
"""Characters that XML does not allow, and that control a terminal."""

_CUT = "\n[... cut: the mail is too long. See report.json in the bucket.]\n"


@dataclass(frozen=True, slots=True)
class Topic:
    """Publishes plain text within SNS's limits."""

    client: "SNSClient"
    arn: str

    def publish(self, subject: str, body: str) -> None:
        """Mail the text, fitted by :func:`fitting_subject` and :func:`fitting_body`.

        Raises botocore's errors.
        """
        self.client.publish(
            TopicArn=self.arn, Subject=fitting_subject(subject), Message=fitting_body(body)
        )

    def confirmed_subscriptions(self) -> int | None:
        """The number of confirmed subscriptions; None if AWS does not return it. Never raises.

        A subscription receives nothing until somebody has followed the link in AWS's mail:
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
    """The text as SNS requires a subject: one line of printable ASCII, under 100 characters."""
    line = "".join(c if " " <= c <= "~" else "?" for c in " ".join(text.split()))
    return line if len(line) <= SUBJECT_CHARACTERS else line[: SUBJECT_CHARACTERS - 3] + "..."


def fitting_body(text: str) -> str:
    """The text cut to SNS's limit in UTF-8 bytes, with a note where it was cut.

    Control characters become question marks, and so do lone surrogates, which UTF-8 cannot encode.
    """
    data = _CONTROL.sub("?", text).encode(errors="replace")
    if len(data) <= BODY_BYTES:
        return data.decode()
    kept = data[: BODY_BYTES - len(_CUT.encode())].decode(errors="ignore")
    return kept + _CUT
