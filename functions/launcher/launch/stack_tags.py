"""The stack's tags, for what the launcher makes itself: CloudFormation does not tag that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

MOST_TAGS = 50
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions"""

_NOT_OURS = ("aws:", "lambda:")
"""What AWS keeps for itself, and ``lambda:createdBy``, with which SAM marks functions."""


@dataclass(frozen=True, slots=True)
class StackTags:
    """Reads them from the launcher's own function, to which CloudFormation gives every one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """

    client: "LambdaClient"
    function_arn: str
    log: Logger

    def with_own(self, own: Mapping[str, str]) -> dict[str, str]:
        """The stack's tags below an instance's ``own``, which win; as many as EC2 takes.

        Without the stack's where Lambda does not tell them: a backup without a cost centre is
        better than none.
        """
        try:
            found = self.client.list_tags(Resource=self.function_arn)["Tags"]
        except (ClientError, BotoCoreError) as error:
            self.log.warning("the stack's tags are not known", extra={"error": str(error)})
            return dict(own)
        return combined(found, own)


def combined(stack: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """At most :data:`MOST_TAGS`: all of ``own``, and the stack's in the order of their names."""
    names = sorted(name for name in stack if not name.startswith(_NOT_OURS) and name not in own)
    return {**own, **{name: stack[name] for name in names[: MOST_TAGS - len(own)]}}
