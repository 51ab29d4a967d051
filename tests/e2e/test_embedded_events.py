"""Events, schedules and mail in the embedded cloud, seen by a deployed function."""

import io
import itertools
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.session import Session
from tests.e2e.test_embedded_ec2 import ended, request

POLICY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
}
RECORD = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    if event.get("fail"):
        raise RuntimeError("as asked")
"""
numbers = itertools.count()


class Recorder:
    """A deployed function that writes every event it gets to a queue."""

    def __init__(self, cloud: Session) -> None:
        self._cloud = cloud
        self._sqs = cloud.client("sqs")
        self.name = f"recorder-{next(numbers)}"
        self.role = self._role(cloud.client("iam"))
        self._queue = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", RECORD)
        self.arn = cloud.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=self.role,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"QUEUE": self._queue}},
        )["FunctionArn"]

    def _role(self, iam: Any) -> str:
        trusted = {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}
        trust = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"},
        }
        role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(
            RoleName=self.name, PolicyName="record", PolicyDocument=json.dumps(POLICY)
        )
        return str(role["Role"]["Arn"])

    def next_event(self, wanted: Callable[[Any], bool] = lambda event: True) -> Any:
        """The next event that is wanted."""

        def look() -> Any:
            for message in self._sqs.receive_message(QueueUrl=self._queue).get("Messages", []):
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
                event = json.loads(message["Body"])
                if wanted(event):
                    return event
            return None

        return self._cloud.wait_for("an event", look, seconds=60)


@pytest.fixture
def recorder(cloud: Session) -> Recorder:
    return Recorder(cloud)


def test_every_state_of_an_instance_is_an_event_without_tags(
    cloud: Session, recorder: Recorder
) -> None:
    events = cloud.client("events")
    pattern = {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
    }
    events.put_rule(Name=recorder.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=recorder.name, Targets=[{"Id": "1", "Arn": recorder.arn}])
    launched = cloud.client("ec2").run_instances(**request())["Instances"][0]["InstanceId"]
    details: list[dict[str, str]] = []
    while len({detail["state"] for detail in details}) < 4:
        event = recorder.next_event(lambda e: e["detail"]["instance-id"] == launched)
        details.append(event["detail"])
        assert event["resources"][0].endswith(f"instance/{launched}")
    states = {detail["state"] for detail in details}
    assert states == {"pending", "running", "shutting-down", "terminated"}
    assert all(set(detail) == {"instance-id", "state"} for detail in details)
    cloud.post(f"instances/{launched}/announce")
    gone = {"instance-id": launched, "state": "terminated"}
    assert recorder.next_event(lambda e: e["detail"] == gone)
    events.disable_rule(Name=recorder.name)


def test_a_spot_interruption_is_announced(cloud: Session, recorder: Recorder) -> None:
    events = cloud.client("events")
    pattern = {"detail-type": ["EC2 Spot Instance Interruption Warning"]}
    events.put_rule(Name=recorder.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=recorder.name, Targets=[{"Id": "1", "Arn": recorder.arn}])
    launched = cloud.client("ec2").run_instances(**request("sleep 60"))["Instances"][0]
    cloud.post(f"instances/{launched['InstanceId']}/interrupt", {"notice_seconds": 0.1})
    detail = recorder.next_event()["detail"]
    assert detail == {"instance-id": launched["InstanceId"], "instance-action": "terminate"}
    ended(cloud, launched["InstanceId"])
    events.disable_rule(Name=recorder.name)


def test_a_schedules_context_words_are_filled_in(cloud: Session, recorder: Recorder) -> None:
    cloud.client("scheduler").create_schedule(
        Name=recorder.name,
        ScheduleExpression="cron(0 17 ? * FRI *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": recorder.arn,
            "RoleArn": recorder.role,
            "Input": '{"scheduled_time": "<aws.scheduler.scheduled-time>"}',
        },
    )
    cloud.post(f"schedules/{recorder.name}/fire")
    assert recorder.next_event()["scheduled_time"].endswith("Z")


def test_an_event_that_a_function_fails_on_is_delivered_again(
    cloud: Session, recorder: Recorder
) -> None:
    cloud.client("scheduler").create_schedule(
        Name=recorder.name,
        ScheduleExpression="rate(7 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": recorder.arn, "RoleArn": recorder.role, "Input": '{"fail": true}'},
    )
    cloud.post(f"schedules/{recorder.name}/fire")
    assert recorder.next_event() == recorder.next_event() == {"fail": True}


def test_every_subscriber_gets_its_own_mail(cloud: Session) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    for address in ("one@example.com", "two@example.com"):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    sns.publish(TopicArn=topic, Subject="Hello", Message="World")
    mails = [mail for mail in cloud.get("mail") if mail["topic_arn"] == topic]
    assert [(m["address"], m["subject"], m["body"]) for m in mails] == [
        ("one@example.com", "Hello", "World"),
        ("two@example.com", "Hello", "World"),
    ]
