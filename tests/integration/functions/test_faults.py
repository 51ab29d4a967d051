"""The fault matrix: whatever call fails or is the last before a crash, one run gets one mail.

Each scenario is first played without a fault to count its calls; then once for every call and every
kind of fault. ``docs/fault-matrix.md`` tells the totals.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World, new_world


def verified(world: World) -> None:
    """The backup runs to its end."""
    world.send("launcher", SCHEDULED)
    if world.running():
        world.complete(attempt=_attempt(world))
        world.end_instance()


def reclaimed(world: World) -> None:
    """The first instance is reclaimed, whatever comes next runs to its end."""
    world.send("launcher", SCHEDULED)
    if world.running():
        world.progress("backing-up", attempt=_attempt(world))
        world.end_instance("Server.SpotInstanceTermination")
    finish(world)


def hanging(world: World) -> None:
    """The instance never ends by itself."""
    world.send("launcher", SCHEDULED)
    world.pass_time(timedelta(hours=4))


def no_capacity(world: World) -> None:
    """No pool ever has anything to give."""
    world.faults.append(
        Fault("error", operation="ec2.RunInstances", code="UnfulfillableCapacity", times=10**6)
    )
    world.send("launcher", SCHEDULED)
    world.pass_time(timedelta(hours=4))


SCENARIOS: dict[Callable[[World], None], set[str]] = {
    verified: {"verified"},
    reclaimed: {"verified"},
    hanging: {"timed-out"},
    no_capacity: {"not-launched"},
}


def finish(world: World) -> None:
    """Time goes by, and whatever instance there is completes."""
    for _ in range(12):
        if world.running() and not world.mails:
            world.complete(attempt=_attempt(world))
            world.end_instance()
        world.pass_time(timedelta(minutes=30))


def _attempt(world: World) -> int:
    return max(map(int, world.launches))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["before", "after", "error"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_one_fault_at_any_call_leaves_one_mail_and_nothing_running(
    scenario: Callable[[World], None], kind: str, deployment: Path
) -> None:
    few_pools = {"INSTANCE_TYPES": "c7g.medium", "ALLOW_ON_DEMAND": "false"}
    with new_world(deployment, **few_pools) as world:
        scenario(world)
        calls = list(world.calls)
    broken = []
    for index, call in enumerate(calls):
        with new_world(deployment, **few_pools) as world:
            world.faults.append(Fault(kind, index=index))
            with suppress(StopIteration):
                scenario(world)
            finish(world)
            world.pass_time(timedelta(days=2))
            if found := objections(world, SCENARIOS[scenario]):
                broken.append(f"{kind} {index} {call}: {found}")
    assert broken == []


def objections(world: World, verdicts: set[str]) -> list[str]:
    """Every promise that this world breaks."""
    said = [mail.subject.split(":")[0].removeprefix("[OnlineBackup] ") for mail in world.mails]
    found = []
    if not 1 <= len(said) <= 2 or not set(said) <= verdicts:
        found.append(f"mails {said}")
    if world.running():
        found.append("an instance is left running")
    if world.schedules():
        found.append(f"schedules left: {sorted(world.schedules())}")
    if any(count > 1 for count in world.launches.values()):
        found.append(f"launched {dict(world.launches)}")
    if not found and world.object(f"runs/{RUN_ID}/report.json")["verdict"] not in verdicts:
        found.append("the report says otherwise")
    return found
