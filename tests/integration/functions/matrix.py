"""The fault matrix: every call of both handlers, made to fail in every way.

Each scenario is first played without a fault to count its calls, then once for each call and each
kind of fault. ``make fault-matrix`` writes what came of it to ``docs/fault-matrix.md``.
"""

import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

from shared.aws.one_time_scheduler import OVERDUE_AFTER
from tests.integration.functions.promises import IN_TIME, objections
from tests.integration.functions.world import SCHEDULED, Fault, World, new_world

ROOT = Path(__file__).parents[3]
SETTINGS = {"INSTANCE_TYPES": "c7g.medium", "ALLOW_ON_DEMAND": "false", "MAX_ATTEMPTS": "2"}
OUTAGE = timedelta(hours=26)
_THROTTLED = {"ec2": "RequestLimitExceeded", "s3": "SlowDown"}


def verified(world: World) -> None:
    """The backup runs to its end."""
    world.send("launcher", SCHEDULED)
    if world.running():
        world.now += timedelta(minutes=9)
        world.complete(attempt=world.attempt)
        world.end_instance()


def reclaimed(world: World) -> None:
    """AWS reclaims the first instance. The next attempt runs to its end."""
    world.send("launcher", SCHEDULED)
    if world.running():
        world.now += timedelta(minutes=6)
        world.progress("backing-up", attempt=world.attempt)
        world.end_instance("Server.SpotInstanceTermination")
    finish(world)


def failed(world: World) -> None:
    """The first attempt fails, as it does when GitHub is down. The next one runs to its end."""
    world.send("launcher", SCHEDULED)
    if world.running():
        world.now += timedelta(minutes=6)
        world.progress("failed", attempt=world.attempt, done=0)
        world.save_log("HTTP 503\n")
        world.end_instance()
    finish(world)


def hanging(world: World) -> None:
    """The instance does nothing and does not shut down."""
    world.send("launcher", SCHEDULED)
    world.pass_time(timedelta(hours=4))


def no_capacity(world: World) -> None:
    """No pool has capacity."""
    never = Fault("error", operation="ec2.RunInstances", code="UnfulfillableCapacity", times=10**6)
    world.faults.insert(0, never)
    world.send("launcher", SCHEDULED)
    world.pass_time(timedelta(hours=4))


def refused(world: World) -> None:
    """The region has no image, so nothing is launched."""
    gone = Fault("error", operation="ssm.GetParameter", code="ParameterNotFound", times=10**6)
    world.faults.insert(0, gone)
    world.send("launcher", SCHEDULED)


SCENARIOS: dict[Callable[[World], None], str] = {
    verified: "verified",
    reclaimed: "verified",
    failed: "verified",
    hanging: "timed-out",
    no_capacity: "not-launched",
    refused: "not-launched",
}

FAULTS: dict[str, Fault] = {
    "once": Fault("error"),
    "repeatedly": Fault("error", times=4),
    "for long": Fault("error", lasting=OUTAGE),
    "answer lost": Fault("lost"),
    "crash before": Fault("before"),
    "crash after": Fault("after"),
}
_PERSISTENT = ("repeatedly", "for long")


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one fault at one call; no ``broken`` promise means that it holds."""

    scenario: str
    operation: str
    fault: str
    verdict: str
    mails: int
    broken: tuple[str, ...]


def finish(world: World) -> None:
    """Time goes by, and whatever instance there is completes."""
    for _ in range(12):
        if world.running() and not world.mails:
            world.complete(attempt=world.attempt)
            world.end_instance()
        elif world.mails and not world.schedules():
            break
        world.pass_time(timedelta(minutes=30))


def calls_of(scenario: Callable[[World], None], deployment: Path) -> list[str]:
    """Every call that the scenario makes when nothing goes wrong."""
    with new_world(deployment, **SETTINGS) as world:
        scenario(world)
        return list(world.calls)


def play(
    scenario: Callable[[World], None], index: int, operation: str, fault: str, deployment: Path
) -> Cell:
    """Play the scenario with this fault at its ``index``-th call, and let it come to rest."""
    struck = replace(FAULTS[fault], index=index)
    if fault == "repeatedly":
        code = _THROTTLED.get(operation.split(".")[0], "ThrottlingException")
        struck = replace(struck, code=code, status=503)
    with new_world(deployment, **SETTINGS) as world:
        world.faults.append(struck)
        with suppress(StopIteration):
            scenario(world)
        finish(world)
        world.pass_time(timedelta(days=3))
        late = {"for long": 2 * OUTAGE, "repeatedly": OVERDUE_AFTER}.get(fault, timedelta())
        broken = objections(world, longest=IN_TIME + late)
        output = world.verdicts
        if fault not in _PERSISTENT and set(output) != {SCENARIOS[scenario]}:
            broken.append(f"mails: {output}")
        return Cell(
            scenario.__name__,
            operation,
            fault,
            output[0] if output else "",
            len(output),
            tuple(broken),
        )


def cells(deployment: Path, scenarios: Iterable[Callable[[World], None]]) -> Iterator[Cell]:
    """The whole matrix, in order, on all processors."""
    plan = [
        (scenario, index, operation, fault, deployment)
        for scenario in scenarios
        for index, operation in enumerate(calls_of(scenario, deployment))
        for fault in FAULTS
    ]
    with get_context("spawn").Pool(os.cpu_count(), _quiet) as pool:
        yield from pool.starmap(play, plan, chunksize=4)


def _quiet() -> None:
    """What the handlers print is not what is looked for here."""
    logging.disable(logging.CRITICAL)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives


def deployed(folder: Path) -> Path:
    """A launcher artifact's root in an empty folder: the bootstrap, and some program's zip."""
    (folder / "bootstrap.sh").write_bytes((ROOT / "instance_scripts" / "bootstrap.sh").read_bytes())
    (folder / "repo_backup.zip").write_bytes(b"the program")
    return folder


def table(found: Iterable[Cell], verdict: str) -> str:
    """One scenario's cells: a row for each operation, a column for each kind of fault."""
    head = ["call", "times", *FAULTS]
    rows = [head, ["---"] * len(head)]
    for operation, of_operation in _grouped(found, lambda cell: cell.operation):
        per_fault = dict(_grouped(of_operation, lambda cell: cell.fault))
        places = len(per_fault[next(iter(FAULTS))])
        rows.append(
            [f"`{operation}`", str(places), *(_answer(per_fault[f], verdict) for f in FAULTS)]
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _answer(found: list[Cell], verdict: str) -> str:
    """A tick, and how often something else than one mail with the scenario's verdict came."""
    if any(cell.broken for cell in found):
        return "**✗**"
    other = Counter(cell.verdict for cell in found if cell.verdict != verdict)
    other["two mails"] = sum(cell.mails > 1 for cell in found)
    notes = [f"{word} {count}×" for word, count in sorted(other.items()) if count]
    return " ".join(["✓", *([f"({', '.join(notes)})"] if notes else [])])


def _grouped(found: Iterable[Cell], key: Callable[[Cell], str]) -> list[tuple[str, list[Cell]]]:
    return [(name, list(group)) for name, group in groupby(sorted(found, key=key), key)]


def whole(scenarios: Iterable[Callable[[World], None]] = SCENARIOS) -> list[Cell]:
    """The matrix, played in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        return list(cells(deployed(Path(name)), scenarios))
