"""The template's functions, and what starts them."""

import importlib.util
import json
from collections.abc import Mapping
from typing import Any

import pytest

from launcher.config import Config as LauncherConfig
from launcher.launch.launcher import BACKOFF_SECONDS, SETTLING_SECONDS
from reporter.config import Config as ReporterConfig
from tests.infrastructure.test_template import references
from tools.iam.deployed import deploy
from tools.iam.template import ROOT, Template


def settings_of(environment: Mapping[str, Any]) -> list[str]:
    """The resources of the settings that a function reads from SSM, as its environment has them."""
    return [each["Ref"] for each in environment["SETTINGS"]["Fn::Join"][1]]


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
