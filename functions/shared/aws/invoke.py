"""Invokes the other function asynchronously."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def invoke(client: "LambdaClient", function_arn: str, event: dict[str, Any]) -> None:
    """Queue the event for the function. Lambda retries it, then sends it to the dead-letter queue.

    Raises botocore's errors.
    """
    client.invoke(
        FunctionName=function_arn, InvocationType="Event", Payload=json.dumps(event).encode()
    )
