"""The world that the handlers are tested in is as unkind as AWS, where moto is kinder."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.functions.world import SCHEDULED, Fault, World

PAGE = Path(__file__).parents[3] / "docs" / "embedded-cloud.md"
TESTS = Path(__file__).parents[2]


def functions_client(service: str) -> Any:
    """A client as the functions make theirs."""
    return boto3.client(service)  # type: ignore[call-overload]


def request(**changes: Any) -> dict[str, Any]:
    """RunInstances' arguments."""
    tags = [{"Key": "online-backup:attempt", "Value": "1"}]
    return {
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": "token",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}],
        **changes,
    }


def shown(instance_id: str) -> list[str]:
    """The states that DescribeInstances shows of it."""
    found = functions_client("ec2").describe_instances(
        Filters=[{"Name": "instance-id", "Values": [instance_id]}]
    )
    return [i["State"]["Name"] for each in found["Reservations"] for i in each["Instances"]]


def launched(world: World) -> str:
    """A running instance that can be seen."""
    world.send("launcher", SCHEDULED)
    world.now += timedelta(minutes=1)
    return world.running()[0]


def test_a_token_is_honoured_and_refused_with_other_parameters(world: World) -> None:
    ec2 = functions_client("ec2")
    first, again = (ec2.run_instances(**request())["Instances"][0] for _ in range(2))
    assert first["InstanceId"] == again["InstanceId"]
    assert len(world.running()) == 1
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        ec2.run_instances(**request(InstanceType="m5.large"))


def test_a_new_instance_cannot_be_seen_for_a_minute(world: World) -> None:
    world.send("launcher", SCHEDULED)
    (instance,) = world.running()
    assert shown(instance) == []
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        functions_client("ec2").describe_instances(InstanceIds=[instance])
    world.now += timedelta(minutes=1)
    assert shown(instance) == ["running"]


def test_an_ended_instance_loses_its_tags_and_is_forgotten(world: World) -> None:
    instance = launched(world)
    world.end_instance(tell=False)
    assert shown(instance) == ["terminated"]
    filters = [{"Name": "tag:online-backup:attempt", "Values": ["1"]}]
    assert functions_client("ec2").describe_instances(Filters=filters)["Reservations"] == []
    world.now += timedelta(hours=1, minutes=1)
    assert shown(instance) == []


def test_an_instance_that_is_told_to_end_takes_its_time(world: World) -> None:
    instance = launched(world)
    functions_client("ec2").terminate_instances(InstanceIds=[instance])
    assert shown(instance) == ["shutting-down"]
    world.now += timedelta(minutes=1)
    assert shown(instance) == ["terminated"]


def test_a_schedule_fires_once_and_is_gone(world: World) -> None:
    world.send("launcher", SCHEDULED)
    assert [name for name in world.schedules() if name.startswith("deadline")]
    world.pass_time(timedelta(hours=3))
    assert not [name for name in world.schedules() if name.startswith("deadline")]


def test_an_answer_can_be_lost_although_the_deed_is_done(world: World) -> None:
    world.faults.append(Fault("lost", operation="ec2.RunInstances"))
    with pytest.raises(ClientError, match="InternalError"):
        functions_client("ec2").run_instances(**request())
    assert len(world.running()) == 1


def test_an_outage_lasts_and_ends(world: World) -> None:
    world.faults.append(Fault("error", index=0, lasting=timedelta(hours=2)))
    for hours, fails in ((0, True), (2, True), (1, False)):
        world.now += timedelta(hours=hours)
        try:
            functions_client("ec2").describe_instances()
        except ClientError:
            assert fails
        else:
            assert not fails


def test_every_test_that_the_page_names_is_there() -> None:
    named = {word for word in PAGE.read_text().split("`") if word.startswith("test_")}
    written = "".join(each.read_text() for each in TESTS.rglob("*.py"))
    files = {each.name for each in TESTS.rglob("test_*.py")}
    missing = [name for name in named if name not in files and f"def {name}(" not in written]
    assert len(named) > 15
    assert missing == []
