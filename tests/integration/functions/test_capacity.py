"""Pools without capacity, quotas, and an account in trouble: what is tried, and what is told."""

from datetime import datetime, timedelta

import pytest

from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World

NO_CAPACITY = Fault(
    "error", operation="ec2.RunInstances", code="InsufficientInstanceCapacity", times=10**6
)


@pytest.mark.parametrize("attempts", [3, 1])
def test_a_person_is_told_whether_and_when_another_attempt_follows_one_without_capacity(
    world: World, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    monkeypatch.setenv("MAX_ATTEMPTS", str(attempts))
    world.faults.append(NO_CAPACITY)
    answer = world.invoke("launcher", {})
    world.send(*world.queue.pop())
    assert answer["status"] == "not launched"
    if attempts == 1:
        assert answer["next_attempt_at"] is None
        assert "next attempt" not in answer["problem"]
        assert world.verdicts == ["not-launched"]
    else:
        planned = datetime.fromisoformat(answer["next_attempt_at"])
        output = f"The next attempt is planned for {planned:%Y-%m-%d %H:%M} UTC."
        assert answer["problem"].endswith(output)
        assert world.schedules()[f"retry-{answer['run_id']}-2"] == planned


def test_no_capacity_anywhere_is_tried_three_times_and_then_told_with_every_code(
    world: World,
) -> None:
    world.faults.append(NO_CAPACITY)
    world.send("launcher", SCHEDULED)
    assert set(world.schedules()) == {
        *(f"deadline-{RUN_ID}-1", f"overdue-{RUN_ID}-1", f"retry-{RUN_ID}-2")
    }
    world.pass_time(timedelta(hours=2))
    assert_settled(world, "not-launched")
    lines = [line for line in world.mails[0].body.splitlines() if "InsufficientInst" in line]
    assert len(lines) == 2 * 2  # types x markets
    assert all(line.endswith("(eu-central-1a, b, c; attempts 1, 2, 3)") for line in lines)
    reported = world.object(f"runs/{RUN_ID}/report.json")["attempts"]
    assert [len(attempt["refused"]) for attempt in reported] == [2 * 2 * 3] * 3


def test_a_spot_quota_leads_straight_to_on_demand(world: World) -> None:
    world.faults.append(
        Fault(
            "error", operation="ec2.RunInstances", code="MaxSpotInstanceCountExceeded", status=400
        )
    )
    world.send("launcher", SCHEDULED)
    (instance,) = world.aws.client("ec2").describe_instances()["Reservations"][0]["Instances"]
    assert "InstanceLifecycle" not in instance


def test_trouble_with_the_account_stops_at_once_and_names_the_remedy(world: World) -> None:
    world.faults.append(
        Fault("error", operation="ec2.RunInstances", code="OptInRequired", status=401, times=99)
    )
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert "Finish the sign-up of this AWS account" in world.mails[0].body
    assert world.calls.count("ec2.RunInstances") == 1


def test_an_ambiguous_answer_after_a_launch_finds_the_same_instance(world: World) -> None:
    world.faults.append(Fault("after", operation="ec2.RunInstances", times=1))
    world.send("launcher", SCHEDULED)
    assert len(world.running()) == 1
    assert world.launches == {"1": 1}
