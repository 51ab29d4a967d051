"""The stack's tags for resources that the launcher creates: CloudFormation does not tag those."""

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
"""Prefixes that AWS reserves, and ``lambda:createdBy``, the tag that SAM puts on functions."""


@dataclass(frozen=True, slots=True)
class StackTags:
    """Reads the stack's tags from the launcher's own function. CloudFormation puts all on it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """

    client: "LambdaClient"
    function_arn: str
    log: Logger

    def with_own(self, own: Mapping[str, str]) -> dict[str, str]:
        """An instance's ``own`` tags and the stack's, up to EC2's limit; ``own`` takes precedence.

        If Lambda does not return the stack's tags, only ``own``: a backup without a cost centre is
        better than no backup.
        """
        try:
            found = self.client.list_tags(Resource=self.function_arn)["Tags"]
        except (ClientError, BotoCoreError) as error:
            self.log.warning("the stack's tags are not known", extra={"error": str(error)})
            return dict(own)
        return combined(found, own)


def combined(stack: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """At most :data:`MOST_TAGS` tags: all of ``own``, then the stack's in alphabetical order."""
    names = sorted(name for name in stack if not name.startswith(_NOT_OURS) and name not in own)
    return {**own, **{name: stack[name] for name in names[: MOST_TAGS - len(own)]}}
