"""What docs/costs.md says of costs while idle is all that there can be.

Which types bill by use, by existence or never: https://aws.amazon.com/pricing/, by service.
"""

from collections.abc import Mapping
from typing import Any

from tools.iam.template import ROOT, Template

FREE = {
    "AWS::CloudFormation::CustomResource",
    "AWS::EC2::SecurityGroup",
    "AWS::Events::Rule",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::ScheduleGroup",
}
"""Nothing is ever billed for these."""

BY_USE = {
    "AWS::DynamoDB::Table": "DynamoDB on demand",
    "AWS::Lambda::Function": "Lambda",
    "AWS::Logs::LogGroup": "logs",
    "AWS::S3::Bucket": "archives",
    "AWS::SNS::Subscription": "SNS",
    "AWS::SNS::Topic": "SNS",
    "AWS::SQS::Queue": "SQS",
    "AWS::SSM::Parameter": "SSM parameters",
    "AWS::Scheduler::Schedule": "EventBridge",
}
"""Billed by what they do or hold, and the page's word for them."""

BY_EXISTENCE = {"AWS::CloudWatch::Alarm": ("alarms", 10)}
"""Billed per piece beyond what every account has free."""

ON_REQUEST = {
    "AWS::Budgets::Budget": "MonthlyBudgetUsd",
    "AWS::CloudWatch::Dashboard": "CreateDashboard",
    "AWS::KMS::Key": "EncryptTopic",
}
"""Made only when a parameter says so, and the page's word for it."""


def costs() -> str:
    """The page on costs."""
    return (ROOT / "docs" / "costs.md").read_text()


def holds(template: Template, condition: Any) -> bool:
    """A condition's value when every parameter has its default."""
    if isinstance(condition, str):
        return holds(template, template.source["Conditions"][condition])
    ((function, given),) = condition.items()
    match function:
        case "Fn::Equals":
            return len({str(_value(template, each)) for each in given}) == 1
        case "Fn::Not":
            return not holds(template, given[0])
        case "Fn::And":
            return all(holds(template, each) for each in given)
        case "Fn::Or":
            return any(holds(template, each) for each in given)
        case "Condition":
            return holds(template, given)
    raise AssertionError(function)


def _value(template: Template, word: Any) -> Any:
    if isinstance(word, Mapping):
        return template.source["Parameters"][word["Ref"]].get("Default", "given")
    return word


def test_every_resource_is_free_billed_by_use_or_asked_for(template: Template) -> None:
    for name, each in template.resources.items():
        kind = each["Type"]
        if kind in ON_REQUEST:
            assert not holds(template, each["Condition"]), name
        else:
            assert kind in FREE or kind in BY_USE or kind in BY_EXISTENCE, (name, kind)


def test_the_page_names_everything_that_can_be_billed(template: Template) -> None:
    kinds = {each["Type"] for each in template.resources.values()}
    words = [word for kind, word in (BY_USE | ON_REQUEST).items() if kind in kinds]
    words += [word for kind, (word, _) in BY_EXISTENCE.items() if kind in kinds]
    assert [word for word in words if word not in costs()] == []


def test_what_is_billed_per_piece_stays_within_what_every_account_has_free(
    template: Template,
) -> None:
    for kind, (_, free) in BY_EXISTENCE.items():
        assert len(template.of_type(kind)) <= free


def test_nothing_is_provisioned(template: Template) -> None:
    for table in template.of_type("AWS::DynamoDB::Table").values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert "PointInTimeRecoverySpecification" not in table
    for function in template.of_type("AWS::Lambda::Function").values():
        assert "ProvisionedConcurrencyConfig" not in function
        assert "SnapStart" not in function
    for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["Period"] >= 60  # finer ones are billed threefold
