"""What the template promises, looked up in what SAM's transform makes of it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from launcher.launch.pools import LAST_RESORTS
from tools.iam.template import ROOT, Template


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.prefix, "bin", argv[0])), *argv[1:]],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


# sam builds and deploys the same template for the embedded cloud in `make test`; `make scan` and
# the hook before a commit run cfn-lint.
@pytest.mark.slow
@pytest.mark.parametrize("argv", [("sam", "validate"), ("cfn-lint", "template.yaml")])
def test_the_linters_have_nothing_to_say(argv: tuple[str, ...]) -> None:
    done = run(*argv)
    assert done.returncode == 0, done.stdout + done.stderr


def references(value: Any, names: set[str]) -> Iterator[str]:
    """Names of resources that a part of the transformed template refers to."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref" and inner in names:
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                words = inner[0] if isinstance(inner, list) else inner
                yield from (n for n in re.findall(r"\$\{(\w+)[.}]", words) if n in names)
                yield from references(inner[1:], names) if isinstance(inner, list) else ()
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from references(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, names)


def test_nothing_depends_on_itself_in_a_circle(template: Template) -> None:
    names = set(template.resources)
    graph = {name: set(references(each, names)) for name, each in template.resources.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(names)


def test_the_free_plan_can_launch_a_type_that_is_there_by_default(template: Template) -> None:
    default = template.source["Parameters"]["InstanceTypes"]["Default"].split(",")
    assert set(default) > LAST_RESORTS


def test_two_stacks_live_side_by_side(template: Template) -> None:
    """Names are CloudFormation's own, or contain the stack's; two are inside a group that does."""
    for name, each in template.resources.items():
        for key, value in each.get("Properties", {}).items():
            if key in ("FunctionName", "LogGroupName", "Name") or key.endswith(
                ("BucketName", "QueueName", "TableName", "TopicName", "RoleName", "GroupName")
            ):
                references = str(value)
                assert (
                    "AWS::StackName" in references
                    or "Ref" in references
                    or (each["Type"] == "AWS::Scheduler::Schedule" and key == "Name")
                ), (name, key, value)


SEED_PAGE = {
    "an SSH key pair": ["KeyName"],
    "an Amazon Linux image, the smallest instance type": ["InstanceTypes"],
    "a maximum price": ["MaxSpotPrice"],
    "the storage amount": ["VolumeSizeGiB"],
    "a bucket with its folders": ["BackupBucket"],
    "a topic, a mail subscription": ["BackupTopic", "MailSubscription", "NotificationEmail"],
    "a role for the instances, with its profile": ["InstanceRole", "InstanceProfile"],
    "a security group with port 22": ["InstanceSecurityGroup", "SshCidr"],
    "the VPC and a subnet": ["VpcId", "SubnetIds"],
    "a launch configuration, an Auto Scaling group": ["LauncherFunction"],
    "notifications at launch and termination": ["NotifyOnLaunch", "ReporterFunctionTerminated"],
    "the start schedule": ["LauncherFunctionWeekly", "ScheduleExpression", "ScheduleTimezone"],
    "the end schedule": ["SchedulerRole", "DeadlineMinutes"],
    "the billing alarm": ["MonthlyBudget", "MonthlyBudgetUsd"],
    "whose repositories": ["GitHubOwner"],
}


@pytest.mark.parametrize(("item", "ours"), SEED_PAGE.items())
def test_everything_on_the_page_this_comes_from_is_here(
    template: Template, item: str, ours: list[str]
) -> None:
    known = {*template.resources, *template.source["Parameters"]}
    assert [name for name in ours if name not in known] == [], item


def test_the_budget_is_made_only_when_asked_for(template: Template) -> None:
    assert template.resources["MonthlyBudget"]["Condition"] == "HasBudget"
    assert template.source["Parameters"]["MonthlyBudgetUsd"]["Default"] == 0
