"""docs/deployer-policy.json is enough for every kind of resource that the template makes."""

import json
from fnmatch import fnmatch
from typing import Any

import pytest

from tools.iam.template import ROOT, Template

PATH = ROOT / "docs" / "deployer-policy.json"
MANAGED_POLICY_CHARACTERS = 6144
"""Without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

# By AWS's service authorization reference; for each, to create, to change, and to delete.
NEEDED = {
    "AWS::Budgets::Budget": "budgets:ModifyBudget",
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms",
    "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard cloudwatch:DeleteDashboards",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable dynamodb:UpdateTimeToLive dynamodb:DeleteTable",
    "AWS::EC2::SecurityGroup": "ec2:CreateSecurityGroup ec2:AuthorizeSecurityGroupEgress"
    " ec2:RevokeSecurityGroupIngress ec2:DeleteSecurityGroup",
    "AWS::Events::Rule": "events:PutRule events:PutTargets events:RemoveTargets events:DeleteRule",
    "AWS::IAM::InstanceProfile": "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile"
    " iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile",
    "AWS::IAM::Role": "iam:CreateRole iam:PutRolePolicy iam:PutRolePermissionsBoundary"
    " iam:PassRole iam:DeleteRolePolicy iam:DeleteRole",
    "AWS::Lambda::EventInvokeConfig": "lambda:PutFunctionEventInvokeConfig"
    " lambda:DeleteFunctionEventInvokeConfig",
    "AWS::Lambda::Function": "lambda:CreateFunction lambda:UpdateFunctionCode"
    " lambda:UpdateFunctionConfiguration lambda:DeleteFunction",
    "AWS::Lambda::Permission": "lambda:AddPermission lambda:RemovePermission",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup logs:PutRetentionPolicy logs:DeleteLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket s3:PutBucketVersioning s3:PutEncryptionConfiguration"
    " s3:PutLifecycleConfiguration s3:PutBucketPublicAccessBlock s3:DeleteBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy s3:DeleteBucketPolicy",
    "AWS::SNS::Subscription": "sns:Subscribe sns:Unsubscribe",
    "AWS::SNS::Topic": "sns:CreateTopic sns:SetTopicAttributes sns:DeleteTopic",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
    "AWS::SQS::Queue": "sqs:CreateQueue sqs:SetQueueAttributes sqs:DeleteQueue",
    "AWS::SQS::QueuePolicy": "sqs:SetQueueAttributes",
    "AWS::SSM::Parameter": "ssm:PutParameter ssm:DeleteParameter",
    "AWS::Scheduler::Schedule": "scheduler:CreateSchedule scheduler:UpdateSchedule"
    " scheduler:DeleteSchedule iam:PassRole",
    "AWS::Scheduler::ScheduleGroup": "scheduler:CreateScheduleGroup scheduler:DeleteScheduleGroup",
}
ELSEWHERE = {"AWS::KMS::Key"}
"""With EncryptTopic only: docs/deploy.md names its rights."""


@pytest.fixture(scope="module")
def statements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(PATH.read_text())["Statement"]
    return found


def test_every_kind_of_resource_can_be_made_changed_and_deleted(
    template: Template, statements: list[dict[str, Any]]
) -> None:
    kinds = {each["Type"] for each in template.resources.values()}
    assert kinds - ELSEWHERE == set(NEEDED)
    allowed = [action for each in statements for action in each["Action"]]
    needed = {action for actions in NEEDED.values() for action in actions.split()}
    assert not {n for n in needed if not any(fnmatch(n, action) for action in allowed)}


def test_nothing_but_reading_is_allowed_everywhere(statements: list[dict[str, Any]]) -> None:
    everywhere = [a for each in statements if each["Resource"] == "*" for a in each["Action"]]
    assert everywhere
    assert all(action.partition(":")[2].startswith(("Describe", "Get")) for action in everywhere)


def test_it_fits_one_managed_policy() -> None:
    assert len("".join(PATH.read_text().split())) <= MANAGED_POLICY_CHARACTERS
