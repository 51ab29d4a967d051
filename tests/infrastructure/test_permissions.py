"""Who may do what: the roles' statements as they are written.

Whether AWS would judge them as meant is a policy evaluator's business (test_least_privilege.py).
"""

import json
import re

import pytest

from tools.iam import permission_table
from tools.iam.deployed import BUCKET, SHAPES, STACK, deploy
from tools.iam.template import ROOT, Template, actions

KNOW_NO_RESOURCE = (
    *("ec2:Describe", "ec2:GetSpotPlacementScores", "freetier:GetAccountPlanState"),
    *("servicequotas:GetAWSDefault", "ssmmessages:"),
)
ROLES = ["LauncherRole", "ReporterRole", "InstanceRole", "SchedulerRole"]


def test_every_role_is_written_out_in_the_template(template: Template) -> None:
    assert sorted(template.of_type("AWS::IAM::Role")) == sorted(ROLES)
    for name in ROLES:
        assert "ManagedPolicyArns" not in template.properties(name)
    functions = template.of_type("AWS::Lambda::Function")
    used = {each["Role"]["Fn::GetAtt"][0] for each in functions.values()}
    assert used == {"LauncherRole", "ReporterRole"}


@pytest.mark.parametrize("role", ROLES)
def test_no_action_is_a_wildcard_and_every_resource_only_where_aws_knows_no_other(
    template: Template, role: str
) -> None:
    for statement in template.statements(role):
        named = actions(statement)
        assert not any("*" in action for action in named), statement
        if statement["Resource"] == "*":
            assert all(action.startswith(KNOW_NO_RESOURCE) for action in named), statement


def test_instances_can_read_and_put_but_destroy_nothing(template: Template) -> None:
    allowed = {a for each in template.statements("InstanceRole") for a in actions(each)}
    assert allowed == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:PutObject",
        "ssm:GetParameter",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }


def test_instances_cannot_replace_the_program_that_they_run(template: Template) -> None:
    for statement in template.statements("InstanceRole"):
        if "s3:PutObject" in actions(statement):
            assert "admin/" not in str(statement["Resource"])


def test_instances_are_launched_tagged_with_imdsv2_and_with_their_own_profile(
    template: Template,
) -> None:
    launches = [
        each
        for each in template.statements("LauncherRole")
        if "ec2:RunInstances" in actions(each) and "instance/*" in str(each["Resource"])
    ]
    assert len(launches) == 1
    equals = launches[0]["Condition"]["StringEquals"]
    assert equals["ec2:MetadataHttpTokens"] == "required"
    assert equals["aws:RequestTag/online-backup:stack"] == {"Ref": "AWS::StackName"}
    assert equals["ec2:InstanceMarketType"] == {
        "Fn::If": ["SpotOnly", "spot", {"Ref": "AWS::NoValue"}]
    }
    assert "InstanceProfile" in str(launches[0]["Condition"]["ArnEquals"])


def test_only_instances_of_this_stack_can_be_ended(template: Template) -> None:
    ending = [
        (role, each)
        for role in ROLES
        for each in template.statements(role)
        if "ec2:TerminateInstances" in actions(each)
    ]
    assert [role for role, _ in ending] == ["ReporterRole"]
    assert ending[0][1]["Condition"]["StringEquals"] == {
        "aws:ResourceTag/online-backup:stack": {"Ref": "AWS::StackName"}
    }


def test_roles_are_passed_to_one_service_each(template: Template) -> None:
    passed = {
        (
            role,
            each["Resource"]["Fn::GetAtt"][0],
            each["Condition"]["StringEquals"]["iam:PassedToService"],
        )
        for role in ROLES
        for each in template.statements(role)
        if "iam:PassRole" in actions(each)
    }
    assert passed == {
        ("LauncherRole", "InstanceRole", "ec2.amazonaws.com"),
        ("LauncherRole", "SchedulerRole", "scheduler.amazonaws.com"),
        ("ReporterRole", "SchedulerRole", "scheduler.amazonaws.com"),
    }


def test_the_only_role_that_can_be_created_is_the_one_for_spot(template: Template) -> None:
    creating = [
        (role, each)
        for role in ROLES
        for each in template.statements(role)
        if any(action.startswith("iam:Create") for action in actions(each))
    ]
    assert len(creating) == 1
    assert creating[0][1]["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}
    }


def test_nobody_can_log_in_unless_asked_for(template: Template) -> None:
    group = template.properties("InstanceSecurityGroup")
    condition, rules, otherwise = group["SecurityGroupIngress"]["Fn::If"]
    assert (condition, otherwise) == ("HasSsh", {"Ref": "AWS::NoValue"})
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(22, 22)]
    assert template.source["Parameters"]["SshCidr"]["Default"] == ""


def test_the_documents_table_is_the_templates(template: Template) -> None:
    """``python -m tools.iam.permission_table`` writes it; the reasons are ours."""
    document = permission_table.DOCUMENT.read_text()
    assert permission_table.written_anew(template, document) == document
    unexplained = [where for where, why in permission_table.reasons(document).items() if why == "?"]
    assert unexplained == []


def test_no_statement_of_a_role_has_another_ones_name(template: Template) -> None:
    for role in ROLES:
        names = [each["Sid"] for each in template.statements(role)]
        assert len(names) == len(set(names)), role


def test_every_test_that_a_document_names_is_there() -> None:
    documents = (permission_table.DOCUMENT, ROOT / "docs" / "fault-matrix.md")
    text = "".join(each.read_text() for each in documents)
    named = set(re.findall(r"`(test_\w+)`", text))
    tests = "".join(each.read_text() for each in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 18
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_every_roles_statements_fit_into_a_role(template: Template) -> None:
    """10,240 characters of inline policies, with the longest names that stack and bucket can have.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    subnets = ",".join(f"subnet-{number:017x}" for number in range(6))
    stack = deploy(template, SubnetIds=subnets, **SHAPES["everything"])
    for role in stack.roles():
        text = json.dumps(stack.policy(role), separators=(",", ":"))
        text = text.replace(f":::{BUCKET}", ":::" + "b" * 63)
        text = re.sub(rf"\b{STACK}\b", "s" * 54, text)
        assert len(text) < 10_240, role
