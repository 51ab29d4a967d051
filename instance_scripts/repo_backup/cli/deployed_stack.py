"""A deployed stack: finds its launcher and bucket, and invokes the launcher."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from backup_contract.aws_refusal import code_and_message
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.aws.first_contact import FirstContact, UnansweredError
from repo_backup.aws.session import session
from repo_backup.runtime.errors import FatalError, UsageError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient

T = TypeVar("T")
_LAUNCHER, _BUCKET = "LauncherFunctionName", "BucketName"
"""Outputs of template.yaml."""
_AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""The last is no BotoCoreError: it is raised for a page of a proxy."""
_DENIED = ("AccessDenied", "AccessDeniedException")
_LAUNCH_SECONDS = 330
"""A little more than the launcher's own time-out."""


@dataclass(frozen=True)
class Stack:
    """The parts of a stack that the commands need."""

    name: str
    launcher: str
    bucket: str
    functions: "LambdaClient"

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke the launcher.

        Returns its answer. Raises FatalError with its message if it fails.
        """
        try:
            answer = self.functions.invoke(
                FunctionName=self.launcher, Payload=json.dumps(event).encode()
            )
            data = answer["Payload"].read()
        except _AWS_ERRORS as error:
            raise FatalError(f"{self.launcher} could not be invoked: {_reason(error)}") from error
        payload = self.legible(lambda: fields.decode(data, dict[str, Any]))
        if answer.get("FunctionError"):
            message = payload.get("errorMessage", "it gave no reason")
            raise FatalError(f"{self.launcher} failed: {message} (its log says more)")
        return payload

    def legible(self, read: Callable[[], T]) -> T:
        """Parse the launcher's answer with ``read``. Raises FatalError if it is malformed."""
        try:
            return read()
        except DamagedError as error:
            raise FatalError(
                f"{self.launcher} gave an unexpected answer: {error} (its log says more)"
            ) from error


def find_stack(name: str, region: str | None) -> Stack:
    """Find the stack in this region or the AWS CLI's. Raises as :func:`locate` does."""
    found = session()
    if region:
        found.set_config_variable("region", region)
    from botocore.config import Config  # its import is as slow as the SDK's

    # A retry could launch a second instance.
    once = Config(read_timeout=_LAUNCH_SECONDS, retries={"total_max_attempts": 1})
    try:
        stacks = cast("CloudFormationClient", found.create_client("cloudformation"))
        FirstContact().watch(stacks)
        functions = cast("LambdaClient", found.create_client("lambda", config=once))
    except (BotoCoreError, ValueError) as error:
        raise _unasked(error) from error
    return locate(name, stacks, functions)


def locate(name: str, stacks: "CloudFormationClient", functions: "LambdaClient") -> Stack:
    """Find the stack by its outputs or, if CloudFormation is denied, by its launcher's name.

    Raises UsageError that names the existing stacks, FatalError if AWS cannot be reached.
    """
    try:
        try:
            ours = _stacks(stacks)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            return _by_name(name, functions)
    except _AWS_ERRORS as error:
        raise _unasked(error) from error
    if name not in ours:
        raise UsageError(_missing(name, sorted(ours), stacks.meta.region_name))
    return Stack(name, ours[name][_LAUNCHER], ours[name][_BUCKET], functions)


def _unasked(error: Exception) -> FatalError:
    remedy = "Set credentials and AWS_REGION as for the AWS CLI, or give --region"
    if isinstance(error, UnansweredError | ResponseParserError):
        remedy = "Check this machine's network, AWS_REGION and AWS_ENDPOINT_URL"
    why = _reason(error).rstrip(".")
    return FatalError(f"AWS cannot be asked about the stack: {why}. {remedy}")


def _reason(error: Exception) -> str:
    """AWS's code and message, or why there is no response, on one line."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {code_and_message(error.response)}"
    if isinstance(error, ResponseParserError):
        return "the response is not from AWS; it may be a proxy's page"
    return tls_failure(error, "AWS_CA_BUNDLE") or one_line(str(error))


def _stacks(client: "CloudFormationClient") -> dict[str, dict[str, str]]:
    """The outputs of each of our stacks."""
    pages = client.get_paginator("describe_stacks").paginate()
    found = {
        stack["StackName"]: {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        for page in pages
        for stack in page["Stacks"]
        if "Outputs" in stack
    }
    return {name: outputs for name, outputs in found.items() if _LAUNCHER in outputs}


def _by_name(name: str, functions: "LambdaClient") -> Stack:
    """Find the stack by its launcher's name, if CloudFormation is denied."""
    launcher = f"{name}-launcher"
    known = functions.get_function_configuration(FunctionName=launcher)
    return Stack(name, launcher, known["Environment"]["Variables"]["BUCKET"], functions)


def _missing(name: str, ours: list[str], region: str) -> str:
    there = (
        f"there is: {', '.join(ours)}"
        if ours
        else "there is no other one; is it in another region?"
    )
    close = difflib.get_close_matches(name, ours, 1)
    meant = f"\ndid you mean {close[0]}?" if close else ""
    return f"there is no OnlineBackup stack named {name} in {region}; {there}{meant}"
