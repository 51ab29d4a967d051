"""The template's parameters, and what holds in every region, partition and organization."""

import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.iam import deployed
from tools.iam.deployed import ACCOUNT, STACK, deploy
from tools.iam.template import ROOT, Template, text

TOKEN = "ghp_" + 36 * "x"
NEW_TOKEN = f"github_pat_{22 * 'x'}_{59 * 'x'}"


def providers() -> Path:
    """The folder of AWS's resource types by region, as cfn-lint carries them.

    The files are read without cfn-lint, whose import takes six seconds of processor time.
    """
    found = importlib.util.find_spec("cfnlint")
    assert found
    assert found.origin
    return Path(found.origin).parent / "data/schemas/providers"


class TestParameters:
    def test_only_the_account_and_the_mail_address_must_be_given(self, template: Template) -> None:
        needed = [n for n, p in template.source["Parameters"].items() if "Default" not in p]
        assert needed == ["GitHubOwner", "NotificationEmail"]

    def test_each_is_described_labelled_grouped_and_used(self, template: Template) -> None:
        interface = template.source["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [p for group in interface["ParameterGroups"] for p in group["Parameters"]]
        parameters = template.source["Parameters"]
        assert sorted(grouped) == sorted(parameters) == sorted(interface["ParameterLabels"])
        rest = {k: v for k, v in template.source.items() if k not in ("Parameters", "Metadata")}
        used = set(re.findall(r"\w+", " ".join(text(json.loads(json.dumps(rest))))))
        assert [name for name in parameters if name not in used] == []
        for name, parameter in parameters.items():
            assert parameter["Description"], name
            assert "AllowedPattern" not in parameter or parameter["ConstraintDescription"], name

    def test_each_default_is_allowed_by_its_own_rules(self, template: Template) -> None:
        for name, parameter in template.source["Parameters"].items():
            default = parameter.get("Default")
            if default is None:
                continue
            assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(default)), name
            assert default in parameter.get("AllowedValues", [default]), name

    @pytest.mark.parametrize(
        ("name", "good", "bad"),
        [
            (
                "GitHubOwner",
                ["octocat", "a-b,c_d", "ghost_acme"],
                [
                    "",
                    " ",
                    "-a",
                    "a b",
                    "a,,b",
                    "x" * 101,
                    TOKEN,
                    f"a,{NEW_TOKEN}",
                ],
            ),
            ("NotificationEmail", ["me@example.com"], ["", "me", "me@home", "a b@c.de"]),
            (
                "ScheduleExpression",
                ["cron(0 17 ? * FRI *)", "rate(7 days)"],
                ["0 17 * * 5", "* 17 * * 5", "cron(0 17 * * 5)", "rate(0 days)", "at(2026)"],
            ),
            ("MaxSpotPrice", ["", "0.001", "0.02", "1", "0.5"], ["0", "0.0009", "0.000", "-1"]),
            (
                "GitHubTokenParameter",
                ["", "/a/b", "/team/gha_token_of_all_our_backups"],
                ["a", "/", "/a/", TOKEN, f"/{TOKEN}", f"/a/{NEW_TOKEN}"],
            ),
            ("GitHubAppKeyParameter", ["", "/a/b"], ["a", f"/{TOKEN}", f"/{NEW_TOKEN}"]),
            (
                "HeartbeatUrl",
                ["", "https://hc-ping.com/0a1b2c3d-0000-4000-8000-1234567890ab"],
                ["http://a.example", "https://a b", f"https://a.example/?t={TOKEN}", NEW_TOKEN],
            ),
            ("SshCidr", ["", "203.0.113.7/32"], ["203.0.113.7", "0.0.0.0/33", "home"]),
            ("SubnetIds", ["", "subnet-01234567,subnet-89abcdef"], ["subnet", "vpc-01234567"]),
            ("InstanceTypes", ["c7g.medium", "t4g.small,u-6tb1.metal"], ["", "c7g", "a.b, c.d"]),
            ("ExistingBucketName", ["", "my-bucket.1"], ["s3://bucket", "My_Bucket", "b"]),
            (
                "GitHubApiUrl",
                [
                    "https://api.github.com",
                    "https://h.example/api/v3/",
                    "http://10.0.0.7:8080",
                    "http://git_hub:8080",
                    "http://ghe.internal/api/v3",
                ],
                [
                    "api.github.com",
                    "http://ghe.example/api/v3",
                    "http://172.32.0.1",
                    "http://134744072",
                    "https://h/?q",
                ],
            ),
            ("ArchiveBasesAfterDays", ["0", "1", "365"], ["", "-1", "00", "1.5", "10000", "never"]),
            ("KnownFailures", ["", "a/b,c/d.e", "a/b~lfs,a/~account"], ["a", "a/b, c/d", "~a/b"]),
            (
                "PermissionsBoundaryArn",
                [
                    "",
                    "arn:aws:iam::123456789012:policy/boundary",
                    "arn:aws-us-gov:iam::123456789012:policy/org/team/b+c=d",
                    "arn:aws:iam::aws:policy/PowerUserAccess",
                ],
                [
                    "boundary",
                    "arn:aws:iam::123456789012:role/boundary",
                    "arn:aws:iam::123456789012:policy/",
                    "arn:aws:iam::123456789012:policy//b",
                    "arn:aws:iam::1234:policy/b",
                    "arn:aws:iam::123456789012:policy/b c",
                ],
            ),
        ],
    )
    def test_mistakes_are_refused_before_anything_is_made(
        self, template: Template, name: str, good: list[str], bad: list[str]
    ) -> None:
        pattern = template.source["Parameters"][name]["AllowedPattern"]
        assert [value for value in good if not re.fullmatch(pattern, value)] == []
        assert [value for value in bad if re.fullmatch(pattern, value)] == []


class TestEveryRegionAndOrganization:
    def test_the_budget_is_a_resource_where_cloudformation_has_it_else_a_command(
        self, template: Template
    ) -> None:
        without_iso = [each for each in providers().glob("*-*.json") if "-iso" not in each.name]
        known = {each.stem: "AWS::Budgets::Budget" in each.read_text() for each in without_iso}
        conditions = template.source["Conditions"]
        answer = text([conditions["OlderRegion"], conditions["RegionHasBudgets"]])
        assert set(answer) - {"AWS::Region", "OlderRegion"} == {
            name for name in known if known[name]
        }
        assert {"us-gov-west-1", "eu-north-1"} <= known.keys()
        assert template.resources["MonthlyBudget"]["Condition"] == "HasBudget"
        assert template.source["Outputs"]["CreateBudget"]["Condition"] == "HasBudgetCommand"

    def test_the_printed_command_makes_the_same_budget(self, template: Template) -> None:
        stack = deploy(template, MonthlyBudgetUsd=10, NotificationEmail="me@example.com")
        command = stack.made(template.source["Outputs"]["CreateBudget"]["Value"])
        words = shlex.split(command)
        given = dict(zip(words[3::2], words[4::2], strict=True))
        made = json.loads(given["--budget"])
        assert made.pop("BudgetName") == STACK
        resource = stack.properties("MonthlyBudget")
        limit = resource["Budget"]["BudgetLimit"]
        assert made == {**resource["Budget"], "BudgetLimit": {**limit, "Amount": "10"}}
        mails = json.loads(given["--notifications-with-subscribers"])
        assert [each["Notification"] for each in mails] == [
            each["Notification"] for each in resource["NotificationsWithSubscribers"]
        ]
        (subscriber,) = {str(each["Subscribers"]) for each in mails}
        assert "me@example.com" in subscriber
        assert len(command) <= 1024  # of an output's value

    def test_every_role_has_the_boundary_that_an_organization_demands(
        self, template: Template
    ) -> None:
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
        bound = deploy(template, PermissionsBoundaryArn=boundary)
        free = deploy(template)
        assert len(bound.roles()) == 4
        for role in bound.roles():
            assert bound.properties(role)["PermissionsBoundary"] == boundary
            assert "PermissionsBoundary" not in free.properties(role)

    def test_the_longest_parameters_fit_the_4_kb_of_a_functions_environment(
        self, template: Template, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        long_name = "s" * 55  # with -launcher behind it, the longest of a function
        monkeypatch.setitem(deployed.PSEUDO, "AWS::StackName", long_name)
        parameters = template.source["Parameters"]
        longest: dict[str, Any] = {
            name: "x" * each.get("MaxLength", 4096 if each["Type"] == "String" else 0)
            for name, each in parameters.items()
            if "Default" in each and "AllowedValues" not in each
        }
        longest |= {
            "ScheduleExpression": "x" * 256,
            "ScheduleTimezone": "x" * 50,
            "GitHubAppId": "x" * 42,
            "GitHubAppKeyParameter": "",  # it excludes a token
            "KeyName": "x" * 255,
            "MaxSpotPrice": "x" * 10,
            "KmsKeyArn": "x" * 110,
            "ExistingBucketName": "x" * 63,
            "ArchiveBasesAfterDays": "9999",
            "GitHubOwner": "x" * 4096,
        }
        stack = deploy(template, **longest)
        for function in ("LauncherFunction", "ReporterFunction"):
            variables = stack.properties(function)["Environment"]["Variables"]
            # 250 for what this deployment's invented names are shorter than AWS's.
            assert sum(len(k) + len(str(v)) for k, v in variables.items()) + 250 < 4096, function

    def test_a_first_deployment_that_fails_can_be_repeated(self) -> None:
        configured = tomllib.loads((ROOT / "samconfig.toml").read_text())
        assert configured["default"]["deploy"]["parameters"]["on_failure"] == "DELETE"
