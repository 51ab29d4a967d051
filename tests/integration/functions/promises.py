"""What every run is promised, whatever AWS did: the fault matrix and the model hold a world to it.

One mail, two at the very worst, never none; its verdict is true; never two instances for one
attempt; no instance left running, none that outlives its deadline by much; no schedule left behind.
"""

from datetime import timedelta

from tests.integration.functions.world import RUN_ID, World

IN_TIME = timedelta(hours=3, minutes=20)
"""The deadline, and what the reporter needs to see to it."""


def objections(world: World, *, longest: timedelta = IN_TIME, mails: int = 2) -> list[str]:
    """Every promise that this world breaks, once it has come to rest.

    ``longest`` is how long an instance may have been there, ``mails`` how many may have come.
    """
    found = list(world.surprises)
    output = world.verdicts
    if not 1 <= len(output) <= mails or len(set(output)) != 1:
        return [*found, f"mails: {output}"]
    found += untrue(world, output[0])
    if world.object(f"runs/{RUN_ID}/report.json")["verdict"] != output[0]:
        found.append("the report says otherwise than the mail")
    if world.running():
        found.append("an instance is left running")
    if any(count > 1 for count in world.launches.values()):
        found.append(f"launched {dict(world.launches)}")
    if any(lifetime > longest for lifetime in world.lifetimes):
        found.append(f"an instance lived {max(world.lifetimes)}")
    if world.schedules():
        found.append(f"schedules left: {sorted(world.schedules())}")
    return found


def untrue(world: World, verdict: str) -> list[str]:
    """What is wrong with this verdict, given what truly happened."""
    launched = bool(world.launches)
    completed = launched and world.attempt in world.completed
    reasons = [reason for _, reason in world.ends.values()]
    true = {
        "verified": completed,
        "unverified": completed,
        "missed": not launched,
        "not-launched": not completed,
        "interrupted": launched
        and not completed
        and any(reason.startswith("Server.") for reason in reasons),
        "timed-out": launched and not completed,
        "failed": launched and not completed,
    }
    return [] if true[verdict] else [f"{verdict} is not true"]
