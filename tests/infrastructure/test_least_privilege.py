"""What each role can do is what the code does, judged by a policy evaluator that knows conditions.

Three claims, for stacks of every shape: each call that the code was seen to make is allowed; take
any action, resource or statement away and one of them is not; and what an intruder would like to
do is refused, each condition being there because without it something of that would be allowed.
"""

import contextlib
import copy
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.infrastructure.recording import Recording, record_functions, record_instance
from tools.iam.calls import Call, distinct
from tools.iam.deployed import SHAPES, STACK, TOKEN_PARAMETER, Deployed, arn, deploy
from tools.iam.intrusions import forbidden
from tools.iam.judge import Judge, Request, as_list, running_judge
from tools.iam.template import Template

pytestmark = pytest.mark.policies


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """The evaluator."""
    with running_judge() as running:
        yield running


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Whole runs, listened to."""
    heard = Recording()
    deployment = tmp_path_factory.mktemp("deployment")
    (deployment / "bootstrap.sh").write_text("#!/bin/bash\n")
    (deployment / "repo_backup.zip").write_bytes(b"the program")
    with contextlib.redirect_stdout(io.StringIO()):
        record_functions(deployment, heard)
        record_instance(tmp_path_factory.mktemp("instance"), heard)
    return heard


@pytest.fixture
def recorded(recording: Recording) -> list[Call]:
    """Every call of them."""
    return recording.calls


@pytest.fixture
def stack(template: Template, recorded: list[Call], shape: str) -> Deployed:
    """A stack of this shape; with a VPC, its subnets are those that were launched in."""
    subnets = ",".join(sorted(_subnets(recorded))) if "VpcId" in SHAPES[shape] else ""
    return deploy(template, SubnetIds=subnets, **SHAPES[shape])


def _subnets(calls: list[Call]) -> set[str]:
    launches = [each.parameters for each in calls if each.operation == "ec2.RunInstances"]
    return {each["NetworkInterfaces"][0]["SubnetId"] for each in launches}


def _in_this_stack(call: Call, stack: Deployed) -> Call | None:
    """The call as the code makes it in this stack; None where it does not."""
    chosen = stack.parameters
    if call.operation == "ssm.GetParameter" and call.parameters["Name"] == TOKEN_PARAMETER:
        # An App's private key is read like a token.
        named = {**call.parameters, "Name": stack.secret}
        return replace(call, parameters=named) if stack.secret else None
    if call.operation in ("s3.DeleteObjects", "s3.GetBucketVersioning"):
        # The reporter retires nothing in a bucket of the user's own, which the launcher looks at.
        made = call.who != "ReporterRole" or not chosen["ExistingBucketName"]
        return call if made else None
    if call.operation == "ec2.RunInstances":
        spot = "InstanceMarketOptions" in call.parameters
        made = call.parameters.get("KeyName", "") == chosen["KeyName"] and (
            spot or chosen["AllowOnDemand"] == "true"
        )
        return call if made else None
    return call


def _made_by_aws(stack: Deployed) -> list[Request]:
    """What AWS itself does in a role's name, so that no call of the code's shows it."""
    functions = {"LauncherRole": "launcher", "ReporterRole": "reporter"}
    spot = "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    found = [
        # EC2, at the first spot instance that an account ever launches.
        Request(
            "LauncherRole",
            "iam:CreateServiceLinkedRole",
            arn("iam", spot, region=""),
            {"iam:AWSServiceName": "spot.amazonaws.com"},
        ),
        # EventBridge Scheduler: its schedules' targets, and what it gives up on.
        *(
            Request(
                "SchedulerRole", "lambda:InvokeFunction", arn("lambda", f"function:{STACK}-{n}")
            )
            for n in functions.values()
        ),
        Request("SchedulerRole", "sqs:SendMessage", arn("sqs", "dead")),
    ]
    for role, name in functions.items():
        # Lambda: what a function prints, and the events that it failed at.
        stream = arn("logs", f"log-group:/aws/lambda/{STACK}-{name}:log-stream:one")
        found += [
            Request(role, "logs:CreateLogStream", stream),
            Request(role, "logs:PutLogEvents", stream),
            Request(role, "sqs:SendMessage", arn("sqs", "dead")),
        ]
    if stack.parameters["AllowSessionManager"] == "true":
        # The agent of Session Manager.
        channels = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel")
        found += [Request("InstanceRole", f"ssmmessages:{each}", "*") for each in channels]
        found += [
            Request("InstanceRole", "ssmmessages:OpenDataChannel", "*"),
            Request(
                "InstanceRole",
                "ssm:UpdateInstanceInformation",
                arn("ec2", "instance/i-0123456789abcdef0"),
            ),
        ]
    return found


def needed(recorded: list[Call], stack: Deployed) -> list[Request]:
    """Everything that must be allowed in this stack."""
    calls = [made for each in recorded if (made := _in_this_stack(each, stack))]
    return distinct(calls, stack) + _made_by_aws(stack)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_call_that_the_code_makes_is_allowed(
    judge: Judge, recorded: list[Call], stack: Deployed
) -> None:
    for request in needed(recorded, stack):
        judgement = judge.ask(request, stack)
        assert judgement.allowed, (request, judgement.result)
        assert judgement.ignored == (), request


@pytest.mark.parametrize("shape", SHAPES)
def test_what_an_intruder_would_do_is_refused(
    judge: Judge, recorded: list[Call], stack: Deployed
) -> None:
    allowed = [
        (why, request)
        for why, request in forbidden(needed(recorded, stack), stack)
        if judge.ask(request, stack).allowed
    ]
    assert not allowed, "\n".join(map(str, allowed))


@pytest.mark.parametrize("shape", ["everything", "default"])
def test_without_any_one_permission_some_call_would_be_refused(
    judge: Judge, recorded: list[Call], stack: Deployed
) -> None:
    wanted = needed(recorded, stack)
    idle = []
    for role, what, mutant, actions in _with_less(stack):
        asked = [each for each in wanted if each.who == role and each.action in actions]
        if all(judge.ask(each, mutant).allowed for each in asked):
            idle.append((role, what))
    assert not idle, "\n".join(map(str, idle))


@pytest.mark.parametrize("shape", ["everything"])
def test_without_any_one_condition_some_intrusion_would_be_allowed(
    judge: Judge, recorded: list[Call], stack: Deployed
) -> None:
    attempts = [request for _, request in forbidden(needed(recorded, stack), stack)]
    idle = []
    for role, what, mutant, actions in _with_fewer_conditions(stack):
        asked = [each for each in attempts if each.who == role and each.action in actions]
        if not any(judge.ask(each, mutant).allowed for each in asked):
            idle.append((role, what))
    assert not idle, "\n".join(map(str, idle))


Mutants = Iterator[tuple[str, str, Deployed, set[str]]]


def _with_less(stack: Deployed) -> Mutants:
    """The stack with one action of one statement less, or with one resource less."""
    for role in stack.roles():
        for index, statement in enumerate(stack.statements(role)):
            for key in ("Action", "Resource"):
                values = as_list(statement[key])
                for value in values:
                    rest = [each for each in values if each != value]
                    changed = {**statement, key: rest} if rest else None
                    mutant = _with_statement(stack, role, index, changed)
                    yield (
                        role,
                        f"{statement['Sid']}: {value}",
                        mutant,
                        {*as_list(statement["Action"])},
                    )


def _with_fewer_conditions(stack: Deployed) -> Mutants:
    """The stack with one condition key of one statement less."""
    for role in stack.roles():
        for index, statement in enumerate(stack.statements(role)):
            for operator, keys in statement.get("Condition", {}).items():
                for key in keys:
                    changed = copy.deepcopy(statement)
                    del changed["Condition"][operator][key]
                    if not changed["Condition"][operator]:
                        del changed["Condition"][operator]
                    mutant = _with_statement(stack, role, index, changed)
                    yield (
                        role,
                        f"{statement['Sid']}: {key}",
                        mutant,
                        {*as_list(statement["Action"])},
                    )


def _with_statement(
    stack: Deployed, role: str, index: int, changed: dict[str, Any] | None
) -> Deployed:
    statements = list(stack.statements(role))
    statements[index : index + 1] = [changed] if changed else []
    document = {"Version": "2012-10-17", "Statement": statements}
    policies = [{"PolicyName": "mutant", "PolicyDocument": document}]
    properties = {**stack.properties(role), "Policies": policies}
    resource = {**stack.resources[role], "Properties": properties}
    return replace(stack, resources={**stack.resources, role: resource})


SERVICES_THAT_PUBLISH = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
OURS = {"aws:SourceAccount": "123456789012"}


@pytest.mark.parametrize("shape", ["default", "everything"])
@pytest.mark.parametrize("service", SERVICES_THAT_PUBLISH)
def test_alarms_and_budgets_of_this_account_alone_can_publish(
    judge: Judge, stack: Deployed, service: str
) -> None:
    """They must use the topic's key as well, or would be lost without a word."""
    publish = Request(service, "sns:Publish", arn("sns", "topic"), OURS)
    assert judge.ask(publish, stack).allowed
    assert not judge.ask(publish.having(aws__SourceAccount="999999999999"), stack).allowed
    key = stack.properties("BackupTopic").get("KmsMasterKeyId")
    assert bool(key) == (stack.parameters["EncryptTopic"] == "true")
    for action in ("kms:GenerateDataKey", "kms:Decrypt") if key else ():
        assert judge.ask(Request(service, action, key), stack).allowed


def test_only_this_stacks_rules_leave_dead_letters(judge: Judge, template: Template) -> None:
    stack = deploy(template)
    letter = Request("events.amazonaws.com", "sqs:SendMessage", arn("sqs", "dead"))
    for rule in ("ReporterFunctionTerminated-1", "ReporterFunctionSpot-2"):
        ours = letter.having(aws__SourceArn=arn("events", f"rule/sta-{rule}"))
        assert judge.ask(ours, stack).allowed
    for foreign in (
        arn("events", "rule/other"),
        arn("events", f"rule/{STACK}-x", account="999999999999"),
    ):
        assert not judge.ask(letter.having(aws__SourceArn=foreign), stack).allowed


def test_each_role_is_taken_on_by_its_own_service_alone(judge: Judge, template: Template) -> None:
    stack = deploy(template)
    group = arn("scheduler", f"schedule-group/{STACK}")
    services = {
        "LauncherRole": ("lambda.amazonaws.com", {}),
        "ReporterRole": ("lambda.amazonaws.com", {}),
        "InstanceRole": ("ec2.amazonaws.com", {}),
        "SchedulerRole": ("scheduler.amazonaws.com", {**OURS, "aws:SourceArn": group}),
    }
    for role in stack.roles():
        service, context = services[role]
        resource = arn("iam", f"role/{role}", region="")
        assume = Request(service, "sts:AssumeRole", resource, context)
        assert judge.ask(assume, stack).allowed, role
        for other in {name for name, _ in services.values()} - {service}:
            assert not judge.ask(replace(assume, who=other), stack).allowed, (role, other)
        for who in (*stack.roles(), "account:999999999999", "account:123456789012"):
            assert not judge.ask(replace(assume, who=who), stack).allowed, (role, who)
    foreign = arn("scheduler", "schedule-group/default")
    resource = arn("iam", "role/SchedulerRole", region="")
    confused = Request("scheduler.amazonaws.com", "sts:AssumeRole", resource, OURS)
    assert not judge.ask(confused.having(aws__SourceArn=foreign), stack).allowed


def test_everything_that_is_put_carries_a_checksum(recording: Recording) -> None:
    """S3 demands one for each object of a bucket that locks by default.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    assert {each.who for each in recording.puts} == {"LauncherRole", "ReporterRole", "InstanceRole"}
    bare = [
        put
        for put in recording.puts
        if not any(
            name.startswith("x-amz-checksum-") or name in ("content-md5", "x-amz-trailer")
            for name in put.headers
        )
    ]
    assert bare == []
