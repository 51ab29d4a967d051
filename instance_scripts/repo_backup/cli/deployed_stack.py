"""A deployed stack as a person's shell sees it: where its launcher and bucket are, and calls."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from backup_contract.aws_refusal import code_and_message
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.aws.session import session
from repo_backup.runtime.errors import FatalError, UsageError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient

T = TypeVar("T")
_LAUNCHER, _BUCKET = "LauncherFunctionName", "BucketName"
"""Outputs of template.yaml."""
_DENIED = ("AccessDenied", "AccessDeniedException")
_LAUNCH_SECONDS = 330
"""A little more than the launcher's own time-out."""


@dataclass(frozen=True)
class Stack:
    """The parts of a stack that a shell needs."""

    name: str
    launcher: str
    bucket: str
    functions: "LambdaClient"

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the launcher answers. Raises FatalError in its own words when it fails."""
        try:
            answer = self.functions.invoke(
                FunctionName=self.launcher, Payload=json.dumps(event).encode()
            )
            data = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            raise FatalError(f"{self.launcher} could not be invoked: {_told(error)}") from error
        payload = self.legible(lambda: fields.decode(data, dict[str, Any]))
        if answer.get("FunctionError"):
            said = payload.get("errorMessage", "it gave no reason")
            raise FatalError(f"{self.launcher} failed: {said} (its log says more)")
        return payload

    def legible(self, read: Callable[[], T]) -> T:
        """What is read of the launcher's answer. Raises FatalError for one that is damaged."""
        try:
            return read()
        except DamagedError as error:
            raise FatalError(
                f"{self.launcher} gave an answer that is no launcher's: {error} (its log says more)"
            ) from error


def find_stack(name: str, region: str | None) -> Stack:
    """The stack of this name, in this region or the AWS CLI's. Raises as :func:`locate` does."""
    found = session()
    if region:
        found.set_config_variable("region", region)
    from botocore.config import Config  # as slow to import as the SDK itself

    # Asked twice, a launcher would launch twice: no retry.
    once = Config(read_timeout=_LAUNCH_SECONDS, retries={"total_max_attempts": 1})
    try:
        stacks = cast("CloudFormationClient", found.create_client("cloudformation"))
        functions = cast("LambdaClient", found.create_client("lambda", config=once))
    except (BotoCoreError, ValueError) as error:
        raise _unasked(error) from error
    return locate(name, stacks, functions)


def locate(name: str, stacks: "CloudFormationClient", functions: "LambdaClient") -> Stack:
    """The stack by its outputs or, for who may not ask CloudFormation, by its launcher's name.

    Raises UsageError that names the stacks there are, FatalError when AWS cannot be asked.
    """
    try:
        try:
            ours = _stacks(stacks)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            return _by_name(name, functions)
    except (BotoCoreError, ClientError) as error:
        raise _unasked(error) from error
    if name not in ours:
        raise UsageError(_missing(name, sorted(ours), stacks.meta.region_name))
    return Stack(name, ours[name][_LAUNCHER], ours[name][_BUCKET], functions)


def _unasked(error: Exception) -> FatalError:
    return FatalError(
        f"AWS cannot be asked for the stack: {_told(error).rstrip('.')}. Set credentials and "
        "AWS_REGION as for the AWS CLI, or give --region"
    )


def _told(error: Exception) -> str:
    """AWS's code and message, or what keeps it from answering, on one line."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {code_and_message(error.response)}"
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
    """The stack behind a launcher's name, for those who may not ask CloudFormation."""
    launcher = f"{name}-launcher"
    known = functions.get_function_configuration(FunctionName=launcher)
    return Stack(name, launcher, known["Environment"]["Variables"]["BUCKET"], functions)


def _missing(name: str, ours: list[str], region: str) -> str:
    there = f"there is: {', '.join(ours)}" if ours else "nor any other; is it another region?"
    close = difflib.get_close_matches(name, ours, 1)
    meant = f"\ndid you mean {close[0]}?" if close else ""
    return f"there is no stack of OnlineBackup named {name} in {region}; {there}{meant}"
