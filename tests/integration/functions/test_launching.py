"""What AWS refuses closes no more than it must, and what it cannot start is told as that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.launch.launcher import SETTLING_SECONDS
from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World, new_world, terminated

NOT_ELIGIBLE = (
    "The specified instance type is not eligible for Free Tier. For a list of Free Tier instance "
    "types, run 'describe-instance-types' with the filter 'free-tier-eligible=true'."
)
NO_PROFILE = (
    "Value (arn:aws:iam::1:instance-profile/p) for parameter iamInstanceProfile.arn is invalid. "
    "Invalid IAM Instance Profile ARN"
)
SPOT_ROLE = "AuthFailure.ServiceLinkedRoleCreationNotPermitted"
SPOT = {"InstanceMarketOptions.MarketType": "spot"}


def refused(code: str, message: str = "no", **more: Any) -> Fault:
    """What RunInstances answers."""
    given = {"status": 400, "times": 10**6, **more}
    return Fault("error", operation="ec2.RunInstances", code=code, message=message, **given)


def free_plan(*kinds: str) -> list[Fault]:
    """An account that may launch none of these types."""
    code = "InvalidParameterCombination"
    return [refused(code, NOT_ELIGIBLE, where={"InstanceType": kind}) for kind in kinds]


def asked(world: World) -> int:
    return world.calls.count("ec2.RunInstances")


@pytest.fixture
def pauses(world: World) -> Iterator[list[float]]:
    """How long the launcher slept, each time.

    ``monkeypatch`` is older than ``world`` and undone after it: it would bring back the world's
    ``time.sleep``, which does not sleep, for all tests that follow.
    """
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", slept.append)
        yield slept


def test_a_type_that_the_region_lacks_is_left_out_and_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_TYPES", "c99.gigantic,c7g.medium")
    checks = world.invoke("launcher", {"action": "check"})["checks"]
    assert checks["types"] == (
        "note: this region does not offer c99.gigantic; that leaves c7g.medium"
    )
    assert checks["launch"].startswith("ok: AWS would launch c7g.medium")
    answer = world.invoke("launcher", {})
    assert answer["status"] == "launched"
    assert answer["not_offered"] == ["c99.gigantic"]
    assert world.object(f"runs/{answer['run_id']}/launch.json")["not_offered"] == ["c99.gigantic"]


def test_without_capacity_the_mail_also_names_what_the_region_lacks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_TYPES", "c99.gigantic,c7g.medium")
    monkeypatch.setenv("MAX_ATTEMPTS", "1")
    world.faults.append(refused("InsufficientInstanceCapacity", status=500))
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert "This region does not offer c99.gigantic." in world.mails[0].body


def test_an_account_on_the_free_plan_gets_one_of_the_few_types_that_it_may_have(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_TYPES", "m7i-flex.large,c7g.medium,m7g.medium")
    world.faults += free_plan("c7g.medium", "m7g.medium")
    line = world.invoke("launcher", {"action": "check"})["checks"]["launch"]
    assert line.startswith("ok: AWS would launch m7i-flex.large")
    before = asked(world)
    answer = world.invoke("launcher", {})
    assert answer["instance_type"] == "m7i-flex.large"
    assert asked(world) - before == 3


def test_a_free_plan_that_permits_none_of_the_types_is_told_at_once(world: World) -> None:
    world.faults += free_plan("c7g.medium", "m7g.medium")
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert "not eligible for Free Tier" in world.mails[0].body
    assert "InstanceTypes=c7i-flex.large,m7i-flex.large" in world.mails[0].body
    assert asked(world) == 2


def test_without_the_role_for_spot_an_on_demand_instance_is_had_and_the_command_told(
    world: World,
) -> None:
    world.faults.append(refused(SPOT_ROLE, where=SPOT))
    answer = world.invoke("launcher", SCHEDULED)
    assert (answer["status"], answer["market"]) == ("launched", "on-demand")
    command = "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
    assert command in answer["advice"]
    assert asked(world) == 2
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")
    assert command in world.mails[0].body


def test_without_the_role_for_spot_a_stack_of_spot_only_is_refused_for_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOW_ON_DEMAND", "false")
    world.faults.append(refused(SPOT_ROLE, where=SPOT))
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert "aws iam create-service-linked-role" in world.mails[0].body
    assert asked(world) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidParameterValue", NO_PROFILE),
        ("InvalidSubnetID.NotFound", "no"),
        ("InvalidGroup.NotFound", "no"),
        ("NeverHeardOf", "no"),
    ],
)
def test_what_ec2_does_not_know_yet_just_after_a_deployment_is_asked_again(
    world: World, pauses: list[float], code: str, message: str
) -> None:
    world.faults.append(refused(code, message, times=3))
    assert world.invoke("launcher", {})["status"] == "launched"
    assert tuple(pauses) == SETTLING_SECONDS[:3]


def test_what_ec2_still_does_not_know_after_minutes_is_final(
    world: World, pauses: list[float]
) -> None:
    world.faults.append(refused("InvalidGroup.NotFound"))
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert "Somebody deleted the stack's security group" in world.mails[0].body
    assert tuple(pauses) == SETTLING_SECONDS


def test_pools_that_are_unsettled_in_turn_share_the_patience_of_one_launch(
    world: World, pauses: list[float]
) -> None:
    for _ in range(2):
        world.faults.append(refused("NeverHeardOf", times=4))
        world.faults.append(refused("InsufficientInstanceCapacity", status=500, times=1))
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert tuple(pauses) == SETTLING_SECONDS


def test_the_zone_where_aws_sees_most_capacity_comes_before_a_cheaper_one(world: World) -> None:
    subnets = world.aws.client("ec2").describe_subnets()["Subnets"]
    ids = {each["AvailabilityZone"]: each["AvailabilityZoneId"] for each in subnets}
    for zone in ids:
        world.scores = {zone_id: 9 if ids[zone] == zone_id else 3 for zone_id in ids.values()}
        answer = world.invoke("launcher", {"dry_run": True})
        assert all(f"spot in {zone}" in pool for pool in answer["first_pools"][:2])


@pytest.mark.parametrize("kind", ["error", "unreached"])
def test_without_placement_scores_nothing_but_the_order_is_lost(world: World, kind: str) -> None:
    operation, code = "ec2.GetSpotPlacementScores", "UnauthorizedOperation"
    world.faults.append(Fault(kind, operation=operation, code=code, status=403, times=99))
    assert world.invoke("launcher", {})["status"] == "launched"


def test_a_pool_that_reclaimed_an_instance_of_this_run_goes_last(deployment: Path) -> None:
    settings = {"INSTANCE_TYPES": "c7g.medium", "ALLOW_ON_DEMAND": "false", "MAX_ATTEMPTS": "4"}
    with new_world(deployment, **settings) as world:
        world.send("launcher", SCHEDULED)
        zones = []
        for _ in range(3):
            zones.append(world.object(f"runs/{RUN_ID}/launch.json")["zone"])
            world.end_instance("Server.SpotInstanceTermination")
        assert len(set(zones)) == 3


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Server.InternalError", "Client.InternalError: Client error on launch"),
        ("Client.InternalError", "Client.InternalError: Client error on launch"),
        ("Client.InvalidKMSKey.InvalidState", "Client.InvalidKMSKey.InvalidState: it is disabled"),
    ],
)
def test_an_instance_that_aws_could_not_start_is_told_with_what_that_mostly_means(
    world: World, code: str, message: str
) -> None:
    operation, no_console = "ec2.GetConsoleOutput", "InvalidInstanceID.NotFound"
    world.faults.append(Fault("error", operation=operation, code=no_console, status=400))
    world.send("launcher", SCHEDULED)
    world.end_instance(code, message=message)
    assert_settled(world, "failed")
    assert world.launches == {"1": 1}
    body = world.mails[0].body
    assert f"AWS could not start the instance ({message}). The usual cause is the KMS key" in body
    assert "reclaim" not in body
    assert "on_demand" not in body
    assert "log's end" not in body


def test_an_error_of_awss_own_is_still_tried_again(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.end_instance("Server.InternalError", message="Server.InternalError: Internal error")
    assert world.launches == {"1": 1, "2": 1}


def interruption(instance_id: str) -> dict[str, Any]:
    """EC2's two minutes' notice."""
    return {
        "source": "aws.ec2",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "detail": {"instance-id": instance_id, "instance-action": "terminate"},
    }


@pytest.mark.parametrize("while_a_run_is_at_work", [False, True])
def test_an_instance_of_somebody_else_costs_one_read_and_no_call_to_ec2(
    world: World, while_a_run_is_at_work: bool
) -> None:
    if while_a_run_is_at_work:
        world.send("launcher", SCHEDULED)
    world.calls.clear()
    for event in (terminated("i-0f0f0f0f0f0f0f0f0"), interruption("i-0f0f0f0f0f0f0f0f0")):
        assert world.invoke("reporter", event)["status"] == "ignored"
    assert world.calls == ["dynamodb.BatchGetItem"] * 2


def test_an_instance_that_was_never_written_down_is_known_by_its_tags(world: World) -> None:
    world.faults.append(Fault("after", operation="ec2.RunInstances", times=3))
    world.send("launcher", SCHEDULED)
    (instance,) = world.running()
    found = world.invoke("reporter", interruption(instance))
    assert (found["status"], found["run_id"]) == ("warned", RUN_ID)
    assert world.invoke("reporter", interruption("i-0f0f0f0f0f0f0f0f0"))["status"] == "ignored"


def test_an_instance_is_known_while_dynamodb_leaves_keys_unread(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send("launcher", SCHEDULED)
    (instance,) = world.running()
    after = World.after

    def throttled(self: World, http_response: Any, parsed: Any, model: Any, **more: Any) -> None:
        after(self, http_response, parsed, model, **more)
        if model.name == "BatchGetItem":
            parsed.update(Responses={}, UnprocessedKeys={"runs": {"Keys": []}})

    monkeypatch.setattr(World, "after", throttled)
    assert world.invoke("reporter", interruption(instance))["status"] == "warned"
    assert world.invoke("reporter", terminated("i-0f0f0f0f0f0f0f0f0"))["status"] == "ignored"


def test_the_watchdog_tells_once_of_events_that_were_given_up_on(world: World) -> None:
    sqs = world.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    watch = {"trigger": "watchdog"}
    world.scheduled_since = world.now
    world.send("reporter", watch)
    assert world.mails == []
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    world.send("reporter", watch)
    sqs.receive_message(QueueUrl=url)  # somebody looks at it
    world.send("reporter", watch)
    (mail,) = world.mails
    assert mail.subject == "[OnlineBackup] 1 event was not processed: stack"
    assert f"aws sqs receive-message --region eu-central-1 --queue-url {url}" in mail.body
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    world.send("reporter", watch)
    assert world.mails[-1].subject == "[OnlineBackup] 2 events were not processed: stack"
    sqs.purge_queue(QueueUrl=url)
    world.send("reporter", watch)
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    world.send("reporter", watch)
    assert len(world.mails) == 3


def test_a_queue_that_cannot_be_counted_hides_no_run_from_the_watchdog(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.faults.append(Fault("error", operation="sns.Publish", times=10))
    world.end_instance()
    world.faults[:] = [Fault("error", operation="sqs.GetQueueAttributes", times=10)]
    world.send("reporter", {"trigger": "watchdog"})
    assert world.verdicts == ["verified"]


def test_instances_and_volumes_carry_the_stacks_tags(world: World) -> None:
    world.stack_tags = {"cost-centre": "7", "aws:cloudformation:stack-name": "stack"}
    world.send("launcher", SCHEDULED)
    ec2 = world.aws.client("ec2")
    (instance,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    (volume,) = ec2.describe_volumes()["Volumes"]
    for tagged in (instance, volume):
        tags = {each["Key"]: each["Value"] for each in tagged["Tags"]}
        assert tags["cost-centre"] == "7"
        assert tags["online-backup:stack"] == "stack"
        assert not [name for name in tags if name.startswith("aws:")]


def test_a_launch_does_without_the_stacks_tags_where_lambda_does_not_tell_them(
    world: World,
) -> None:
    denied = Fault("error", operation="lambda.ListTags", code="AccessDeniedException", status=403)
    world.faults.append(denied)
    assert world.invoke("launcher", {})["status"] == "launched"
