"""AWS's code and message in an error of its SDK, on one line. Pure."""

from collections.abc import Mapping
from typing import Any

from backup_contract.text import one_line

WHOLE_MESSAGE_CHARACTERS = 12_000
"""Enough for an encoded authorization message of 10,240 characters, the longest that STS decodes.
https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html"""


def code_and_message(response: Mapping[str, Any]) -> str:
    """``AccessDenied: User: arn:… is not authorized to perform: s3:PutObject …``.

    ``response`` is that of botocore's ClientError. For a HEAD request, the code is the status.
    """
    error: Mapping[str, Any] = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "no code")
    code = str(error.get("Code") or status)
    message = whole_message(str(error.get("Message") or ""))
    return f"{one_line(code)}: {message}" if message and message != code else one_line(code)


def whole_message(text: str) -> str:
    """A message from AWS on one line. An encoded authorization message is not cut."""
    return one_line(" ".join(text.split()), WHOLE_MESSAGE_CHARACTERS)
