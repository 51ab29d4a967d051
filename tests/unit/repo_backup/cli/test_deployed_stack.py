"""A stack is found by its outputs or its launcher's name, and a wrong name is answered with help.

botocore's Stubber stands for AWS where rights are missing, which the emulators do not judge.
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.session import Session
from botocore.stub import Stubber

from repo_backup.aws.session import session
from repo_backup.cli.deployed_stack import Stack, find_stack, locate
from repo_backup.runtime.errors import FatalError, UsageError


class Aws:
    """CloudFormation and Lambda, each answering what a test says."""

    def __init__(self) -> None:
        session = Session()
        session.set_credentials("test", "test")
        self.stacks: Any = session.create_client("cloudformation", region_name="eu-central-1")
        self.functions: Any = session.create_client("lambda", region_name="eu-central-1")
        self.about_stacks, self.about_functions = Stubber(self.stacks), Stubber(self.functions)

    def have(self, *names: str) -> None:
        """There are these stacks of ours, and one of somebody else's."""
        described = [
            {
                "StackName": name,
                "CreationTime": "2026-11-27T17:00:00Z",
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": [
                    {"OutputKey": "LauncherFunctionName", "OutputValue": f"{name}-launcher"},
                    {"OutputKey": "BucketName", "OutputValue": f"{name}-bucket"},
                ],
            }
            for name in names
        ]
        foreign = {
            "StackName": "website",
            "CreationTime": "2026-11-27T17:00:00Z",
            "StackStatus": "CREATE_COMPLETE",
        }
        self.about_stacks.add_response("describe_stacks", {"Stacks": [*described, foreign]})

    def find(self, name: str) -> Stack:
        return locate(name, self.stacks, self.functions)


@pytest.fixture
def aws() -> Iterator[Aws]:
    """An account."""
    account = Aws()
    with account.about_stacks, account.about_functions:
        yield account


def test_a_stack_is_found_by_its_outputs(aws: Aws) -> None:
    aws.have("onlinebackup", "other")
    found = aws.find("onlinebackup")
    assert (found.launcher, found.bucket) == ("onlinebackup-launcher", "onlinebackup-bucket")


def test_without_the_right_to_ask_for_stacks_the_launchers_name_leads_there(aws: Aws) -> None:
    aws.about_stacks.add_client_error("describe_stacks", "AccessDenied", http_status_code=403)
    aws.about_functions.add_response(
        "get_function_configuration",
        {"Environment": {"Variables": {"BUCKET": "its-bucket"}}},
        {"FunctionName": "onlinebackup-launcher"},
    )
    assert aws.find("onlinebackup").bucket == "its-bucket"


class Page(io.BytesIO):
    """The body of a response as urllib3 has it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@pytest.mark.parametrize("status", [200, 403, 502])
def test_a_proxys_page_is_named_as_what_it_may_be(aws: Aws, status: int) -> None:
    session = Session()
    session.set_credentials("test", "test")
    once = Config(region_name="eu-central-1", retries={"total_max_attempts": 1})
    stacks: Any = session.create_client("cloudformation", config=once)
    page: Any = Page(b"<!DOCTYPE html>\n<p>Bad <b>gateway</p>")
    answer: Any = AWSResponse("https://aws.example", status, HTTPHeaders(), page)
    stacks.meta.events.register("before-send", lambda **_: answer)
    with pytest.raises(FatalError, match=r"may be a proxy's page\. Check this machine's network"):
        locate("onlinebackup", stacks, aws.functions)


@pytest.mark.parametrize(
    ("there", "output"),
    [
        (["onlinebackup"], "there is: onlinebackup\ndid you mean onlinebackup?"),
        (["something", "else"], "there is: else, something"),
        ([], "there is no other one; is it in another region?"),
    ],
)
def test_a_name_that_is_none_is_answered_with_those_there_are(
    aws: Aws, there: list[str], output: str
) -> None:
    aws.have(*there)
    with pytest.raises(UsageError) as raised:
        aws.find("onlinebakup")
    assert "no OnlineBackup stack named onlinebakup in eu-central-1" in str(raised.value)
    assert str(raised.value).endswith(output)


def test_without_a_region_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(FatalError, match=r"[a-z]\. Set credentials .*or give --region"):
        find_stack("onlinebackup", None)


def test_the_region_comes_from_where_the_aws_cli_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert session().get_config_variable("region") == "eu-central-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert session().get_config_variable("region") == "eu-west-1"


def test_a_launcher_that_fails_says_why(aws: Aws) -> None:
    aws.have("onlinebackup")
    stack = aws.find("onlinebackup")
    body = json.dumps({"errorMessage": "GITHUB_OWNERS is not set"}).encode()
    aws.about_functions.add_response(
        "invoke",
        {
            "StatusCode": 200,
            "FunctionError": "Unhandled",
            "Payload": StreamingBody(io.BytesIO(body), len(body)),
        },
        {"FunctionName": "onlinebackup-launcher", "Payload": b"{}"},
    )
    with pytest.raises(FatalError, match="GITHUB_OWNERS is not set"):
        stack.invoke({})
