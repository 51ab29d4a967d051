"""The dashboard shows what the reporter really emits, under the names that it emits it by."""

import json
import re
from pathlib import Path

import pytest

from reporter.publish.run_report import NAMESPACE, emit_metrics, emit_overdue
from tests.unit.reporter.publish.samples import SAMPLES
from tools.iam.template import Template

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, set[str]]:
    """Each metric's name with the dimensions that it is emitted under."""
    emit_metrics(SAMPLES["Verified"], "onlinebackup", 1)
    emit_overdue(late=False, stack="onlinebackup")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    blocks = [line["_aws"]["CloudWatchMetrics"][0] for line in lines]
    assert {block["Namespace"] for block in blocks} == {NAMESPACE}
    return {block["Metrics"][0]["Name"]: set(block["Dimensions"][0]) for block in blocks}


def test_every_metric_is_on_the_dashboard_with_its_dimensions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "reporter")
    body = re.search(r"DashboardBody: !Sub \|\n(.*?)\n\n", TEMPLATE.read_text(), re.DOTALL)
    assert body
    widgets = json.loads(body[1])["widgets"]
    shown: dict[str, set[str]] = {}
    for widget in widgets:
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], str):
                namespace, name, *words = [word for word in metric if isinstance(word, str)]
                shown[name] = set(words[::2])
            else:
                search = metric[0]["expression"]
                schema = re.search(r"\{(\w+),([\w,]+)\}", search)
                named = re.search(r'MetricName="(\w+)"', search)
                assert schema
                assert named
                namespace = schema[1]
                shown[named[1]] = set(schema[2].split(","))
            assert namespace == NAMESPACE
    assert shown == emitted(capsys)


def test_the_alarms_watch_what_the_reporter_emits(
    template: Template, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "reporter")
    known = emitted(capsys)
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    ours = [each for each in alarms if each["Namespace"] == NAMESPACE]
    assert {each["MetricName"] for each in ours} == {"RunNotVerified", "VerifiedRunOverdue"}
    for each in ours:
        assert {one["Name"] for one in each["Dimensions"]} == known[each["MetricName"]]
        assert each["TreatMissingData"] == "ignore", "a new stack has nothing to be alarmed about"
        assert each["AlarmActions"] == each["OKActions"]
        assert each["AlarmActions"]["Fn::If"][0] == "HasAlarmTopic", "every verdict is mailed"
