"""What the template promises, looked up in what SAM's transform makes of it."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from backup_contract.object_keys import ARCHIVES
from launcher.config import Config as LauncherConfig
from launcher.launch.launcher import BACKOFF_SECONDS, SETTLING_SECONDS
from launcher.launch.pools import LAST_RESORTS
from launcher.preflight import bucket_findings
from launcher.preflight.findings import Grade
from reporter.config import Config as ReporterConfig
from tools.iam import deployed
from tools.iam.deployed import ACCOUNT, BUCKET, KEYS, STACK, deploy
from tools.iam.template import ROOT, Template, text


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


def lifecycle_rules(template: Template, **parameters: Any) -> list[dict[str, Any]]:
    """Of the stack's bucket, as it is deployed with these parameters."""
    bucket = deploy(template, **parameters).properties("BackupBucket")
    rules: list[dict[str, Any]] = bucket["LifecycleConfiguration"]["Rules"]
    return rules


def settings_of(environment: Mapping[str, Any]) -> list[str]:
    """The resources of the settings that a function reads from SSM, as its environment has them."""
    return [each["Ref"] for each in environment["SETTINGS"]["Fn::Join"][1]]


def providers() -> Path:
    """The folder of AWS's resource types by region, as cfn-lint carries them.

    The files are read without cfn-lint, whose import takes six seconds of processor time.
    """
    found = importlib.util.find_spec("cfnlint")
    assert found
    assert found.origin
    return Path(found.origin).parent / "data/schemas/providers"


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
            ("GitHubOwner", ["octocat", "a-b,c_d"], ["", " ", "-a", "a b", "a,,b", "x" * 101]),
            ("NotificationEmail", ["me@example.com"], ["", "me", "me@home", "a b@c.de"]),
            (
                "ScheduleExpression",
                ["cron(0 17 ? * FRI *)", "rate(7 days)"],
                ["0 17 * * 5", "* 17 * * 5", "cron(0 17 * * 5)", "rate(0 days)", "at(2026)"],
            ),
            ("MaxSpotPrice", ["", "0.001", "0.02", "1", "0.5"], ["0", "0.0009", "0.000", "-1"]),
            ("GitHubTokenParameter", ["", "/a/b"], ["ghp_0123456789", "a", "/", "/a/"]),
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
            ("KnownFailures", ["", "a/b,c/d.e"], ["a", "a/b, c/d"]),
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


class TestEveryRegionAndOrganisation:
    def test_the_budget_is_a_resource_where_cloudformation_has_it_else_a_command(
        self, template: Template
    ) -> None:
        without_iso = [each for each in providers().glob("*-*.json") if "-iso" not in each.name]
        known = {each.stem: "AWS::Budgets::Budget" in each.read_text() for each in without_iso}
        conditions = template.source["Conditions"]
        told = text([conditions["OlderRegion"], conditions["RegionHasBudgets"]])
        assert set(told) - {"AWS::Region", "OlderRegion"} == {name for name in known if known[name]}
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

    def test_every_role_has_the_boundary_that_an_organisation_demands(
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


class TestStorage:
    def test_the_bucket_outlives_the_stack(self, template: Template) -> None:
        bucket = template.resources["BackupBucket"]
        assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
        assert bucket["UpdateReplacePolicy"] == "Retain"
        assert "BucketName" not in bucket["Properties"]
        assert bucket["Condition"] == template.resources["BackupBucketPolicy"]["Condition"]

    def test_the_bucket_keeps_versions_encrypts_and_is_closed(self, template: Template) -> None:
        bucket = template.properties("BackupBucket")
        assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
        assert "AES256" in text(bucket["BucketEncryption"])
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert "BucketOwnerEnforced" in text(bucket["OwnershipControls"])

    def test_a_key_of_ones_own_encrypts_the_bucket(self, template: Template) -> None:
        (rule,) = deploy(template, KmsKeyArn=KEYS["bucket-key"]).properties("BackupBucket")[
            "BucketEncryption"
        ]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": KEYS["bucket-key"],
        }
        assert rule["BucketKeyEnabled"]

    def test_every_version_can_be_locked_for_a_time(self, template: Template) -> None:
        bucket = deploy(template, ObjectLockDays=30).properties("BackupBucket")
        assert bucket["ObjectLockEnabled"] is True
        retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        assert retention == {"Mode": "GOVERNANCE", "Days": 30}
        without = deploy(template).properties("BackupBucket")
        assert not {"ObjectLockEnabled", "ObjectLockConfiguration"} & without.keys()

    def test_no_update_ever_replaces_the_bucket(self, template: Template) -> None:
        """Of the properties that AWS can set at creation only, none is used.

        The resource's schema is AWS's own.
        """
        region = json.loads((providers() / "eu-central-1.json").read_text())
        name = region["AWS::S3::Bucket"].removesuffix(".json")
        schema = json.loads((providers().parent / "resources" / f"{name}.json").read_text())
        fixed = {path.split("/")[2] for path in schema["createOnlyProperties"]}
        assert "BucketName" in fixed
        assert not fixed & set(template.properties("BackupBucket"))

    def test_no_rule_ever_removes_a_current_archive(self, template: Template) -> None:
        fields = {key for rule in lifecycle_rules(template) for key in rule} - {"Id", "Status"}
        assert fields == {
            "NoncurrentVersionExpiration",
            "ExpiredObjectDeleteMarker",
            "AbortIncompleteMultipartUpload",
        }

    def test_archives_move_only_if_asked_for_and_only_where_they_can_be_read_at_once(
        self, template: Template
    ) -> None:
        asked = lifecycle_rules(template, ArchiveBasesAfterDays="60")
        moving = [rule for rule in asked if rule not in lifecycle_rules(template)]
        assert moving == [
            {
                "Id": name,
                "Status": "Enabled",
                "Prefix": prefix,
                "ObjectSizeGreaterThan": "1048576",
                "Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": "60"}],
            }
            for name, prefix in (("move-bases", ARCHIVES), ("move-objects", "objects/"))
        ]
        as_s3_tells = [{"ID": rule["Id"], **rule} for rule in moving]
        replaced = {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 365}}
        found = bucket_findings.lifecycle([replaced, *as_s3_tells], 365, BUCKET)
        assert found.grade is Grade.OK

    def test_plain_http_and_other_accounts_are_refused(self, template: Template) -> None:
        for name in ("BackupBucketPolicy", "BackupTopicPolicy", "DeadLetterQueuePolicy"):
            statements = template.properties(name)["PolicyDocument"]["Statement"]
            denied = [each for each in statements if each["Effect"] == "Deny"]
            assert any("aws:SecureTransport" in str(each["Condition"]) for each in denied), name
            for each in statements:
                if each["Effect"] == "Allow":
                    assert "aws:Source" in str(each["Condition"]), name
        assert "aws:PrincipalAccount" in str(template.properties("BackupBucketPolicy"))


class TestFunctions:
    @pytest.mark.parametrize(
        ("name", "config"),
        [("LauncherFunction", LauncherConfig), ("ReporterFunction", ReporterConfig)],
    )
    def test_each_gets_every_variable_that_it_reads(
        self, template: Template, name: str, config: type[LauncherConfig] | type[ReporterConfig]
    ) -> None:
        example = {
            "true": (
                *("ALLOW_ON_DEMAND", "ASSIGN_PUBLIC_IP", "NOTIFY_ON_LAUNCH"),
                "RETIRE_OVERLAYS",
            ),
            "60": ("DEADLINE_MINUTES", "MAX_ATTEMPTS", "RETRY_DELAY_MINUTES", "VOLUME_SIZE_GIB"),
            "8": ("KEEP_VERSIONS_DAYS", "MAX_AGE_DAYS", "VERIFIED_WITHIN_DAYS"),
            "cron(0 17 ? * FRI *)": ("SCHEDULE_EXPRESSION",),
            "UTC": ("SCHEDULE_TIMEZONE",),
            "ENABLED": ("SCHEDULE_STATE",),
            "": ("GITHUB_TOKEN_PARAMETER", "HEARTBEAT_URL", "MAX_SPOT_PRICE"),
        }
        values = {variable: value for value, names in example.items() for variable in names}
        given = template.properties(name)["Environment"]["Variables"]
        stored = [deploy(template).properties(each)["Value"] for each in settings_of(given)]
        environment = {each: values.get(each, "word") for each in given}
        environment |= dict(line.split("=", 1) for line in stored)
        assert config.from_env({**environment, "AWS_REGION": "eu-central-1"})

    def test_each_handler_is_there(self, template: Template) -> None:
        for function in template.of_type("AWS::Lambda::Function").values():
            module, _, name = function["Handler"].rpartition(".")
            assert callable(getattr(importlib.import_module(module), name))

    def test_failures_are_retried_then_kept_then_alarmed_about(self, template: Template) -> None:
        configured = template.of_type("AWS::Lambda::EventInvokeConfig").values()
        assert len(configured) == 2
        for each in configured:
            assert each["MaximumRetryAttempts"] == 2
            assert "DeadLetterQueue" in str(each["DestinationConfig"]["OnFailure"])
        every = template.of_type("AWS::CloudWatch::Alarm").values()
        alarms = [each for each in every if each["Namespace"].startswith("AWS/")]
        metrics = {each["MetricName"] for each in alarms}
        assert metrics == {"NumberOfMessagesSent", "Errors", "Throttles"}
        assert all(each["AlarmActions"] == [{"Ref": "BackupTopic"}] for each in alarms)

    def test_the_pauses_of_a_launch_leave_the_launcher_time_for_its_work(
        self, template: Template
    ) -> None:
        limit = template.properties("LauncherFunction")["Timeout"]
        assert 120 <= sum(SETTLING_SECONDS) + sum(BACKOFF_SECONDS) <= limit - 60

    def test_a_dead_letter_is_seen_although_its_metric_comes_a_quarter_of_an_hour_late(
        self, template: Template
    ) -> None:
        alarm = template.properties("DeadLetterAlarm")
        assert alarm["Period"] * alarm["EvaluationPeriods"] >= 2 * 15 * 60
        assert alarm["DatapointsToAlarm"] == 1
        assert alarm["TreatMissingData"] == "notBreaching"

    def test_no_concurrency_is_reserved_for_a_new_account_has_none(
        self, template: Template
    ) -> None:
        assert "ReservedConcurrentExecutions" not in json.dumps(template.resources)

    def test_logs_are_not_kept_for_ever(self, template: Template) -> None:
        groups = template.of_type("AWS::Logs::LogGroup")

        assert all(
            each["RetentionInDays"] == {"Ref": "LogRetentionDays"} for each in groups.values()
        )


class TestTriggers:
    def test_the_schedule_that_may_fire_at_once_comes_when_all_else_stands(
        self, template: Template
    ) -> None:
        names = set(template.resources)
        reached: set[str] = set()
        ahead = {"LauncherFunctionWeekly"}
        while ahead:
            reached |= ahead
            ahead = {
                name for each in ahead for name in references(template.resources[each], names)
            } - reached
        # Of these a backup and its mail need nothing, and CloudFormation makes them early.
        alarms = {"RunNotVerifiedAlarm", "VerifiedRunOverdueAlarm"}
        assert names - reached == {"BackupBucketPolicy", "Dashboard", "MonthlyBudget", *alarms}

    def test_schedules_have_a_zone_a_group_of_their_own_and_a_dead_letter_queue(
        self, template: Template
    ) -> None:
        schedules = template.of_type("AWS::Scheduler::Schedule")
        assert {each["Name"] for each in schedules.values()} == {"backup", "watchdog"}
        for each in schedules.values():
            assert each["GroupName"] == {"Ref": "ScheduleGroup"}
            assert each["ScheduleExpressionTimezone"] == {"Ref": "ScheduleTimezone"}
            target = each["Target"]
            assert target["RoleArn"] == {"Fn::GetAtt": ["SchedulerRole", "Arn"]}
            assert "DeadLetterQueue" in str(target["DeadLetterConfig"])
            assert target["RetryPolicy"]["MaximumRetryAttempts"] >= 1

    def test_schedules_send_what_the_event_files_show(self, template: Template) -> None:
        inputs = [
            json.loads(each["Target"]["Input"])
            for each in template.of_type("AWS::Scheduler::Schedule").values()
        ]
        for sent in inputs:
            shown = json.loads((ROOT / "events" / f"{sent['trigger']}.json").read_text())
            assert sent == {**shown, "scheduled_time": "<aws.scheduler.scheduled-time>"}

    def test_the_reporter_hears_of_ends_and_of_interruptions(self, template: Template) -> None:
        rules = list(template.of_type("AWS::Events::Rule").values())
        for name in ("terminated", "spot_interruption"):
            event = json.loads((ROOT / "events" / f"{name}.json").read_text())
            matching = [r for r in rules if _matches(r["EventPattern"], event)]
            assert len(matching) == 1, name
            assert "ReporterFunction" in str(matching[0]["Targets"])
            assert "DeadLetterQueue" in str(matching[0]["Targets"][0]["DeadLetterConfig"])


def _matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return all(
        _matches(wanted, event[key]) if isinstance(wanted, Mapping) else event.get(key) in wanted
        for key, wanted in pattern.items()
    )


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
