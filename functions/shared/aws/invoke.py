"""How one function hands a run to the other: an asynchronous invocation."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def invoke(client: "LambdaClient", function_arn: str, event: dict[str, Any]) -> None:
    """Queue the event for the function; Lambda retries it and keeps a dead letter."""
    client.invoke(
        FunctionName=function_arn, InvocationType="Event", Payload=json.dumps(event).encode()
    )
