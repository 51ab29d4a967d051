"""What to do next with a run, from what is known of it and what can be seen. Pure.

Whatever arrived, and however often: the same run in the same world leads to the same step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from shared.run import Attempt, Outcome, Run

RECHECK = timedelta(minutes=1)
"""How soon to look again at an instance that is on its way."""

_SETTLING = timedelta(minutes=10)
"""How long DescribeInstances may not know a new instance: it is eventually consistent."""

_STUBBORN = timedelta(minutes=15)
"""When an instance that ignores its termination is reported rather than waited for."""


@dataclass(frozen=True, slots=True)
class InstanceView:
    """An instance as DescribeInstances shows it; ``reason`` is its StateReason code."""

    id: str
    state: str
    reason: str = ""

    @property
    def gone(self) -> bool:
        """True once nothing is running or billed any more."""
        return self.state == "terminated"


@dataclass(frozen=True, slots=True)
class Marker:
    """The date marker of a run: which attempt completed, when, and the manifest it vouches for."""

    key: str
    run_id: str
    attempt: int
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The backup's own last account: how many repositories of how many are settled."""

    attempt: int
    phase: str
    done: int
    listed: int

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From ``progress.json``. Raises ValueError, KeyError or TypeError for anything else."""
        return cls(
            int(document["attempt"]),
            str(document["phase"]),
            int(document["done"]),
            int(document["listed"]),
        )


@dataclass(frozen=True, slots=True)
class World:
    """All that a decision looks at besides the run. ``said_gone``: an event said so."""

    now: datetime
    instance: InstanceView | None
    marker: Marker | None
    progress: Progress | None
    said_gone: bool = False


class Ending(StrEnum):
    """How a run is over; whether a completed one is verified is judged by its archives."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    TIMED_OUT = "timed-out"
    FAILED = "failed"
    NOT_LAUNCHED = "not-launched"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Nothing:
    """The run is over and told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at ``until``."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """The deadline has passed: end the instance, then see that it ended."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Record how the attempt ended and have the launcher make the next one at ``at``."""

    outcome: Outcome
    attempt: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """Judge the run and mail its summary."""

    ending: Ending
    outcome: Outcome | None
    reason: str


Step = Nothing | Wait | Terminate | TryAgain | Report


@dataclass(frozen=True, slots=True)
class Rules:
    """The template's parameters that decisions depend on."""

    max_attempts: int
    retry_delay: timedelta


def decide(run: Run, world: World, rules: Rules) -> Step:
    """The one next thing to do for this run."""
    if run.reported_at:
        return Nothing("already reported")
    if not run.attempts:
        return Report(Ending.MISSED, None, "It was due and never started.")
    attempt = run.attempt
    match attempt.outcome:
        case Outcome.REFUSED:
            return Report(Ending.NOT_LAUNCHED, Outcome.REFUSED, attempt.problem or "Refused.")
        case Outcome.NO_CAPACITY:
            later = attempt.started_at + rules.retry_delay
            reason = " ".join(filter(None, ("No pool had capacity.", attempt.problem)))
            return _again(run, rules, Outcome.NO_CAPACITY, later, Ending.NOT_LAUNCHED, reason)
        case None:
            pass
        case outcome:
            return TryAgain(outcome, attempt.number + 1, world.now, "The next attempt is due.")
    if attempt.instance is None and not (world.instance or world.marker or world.said_gone):
        return _unlaunched(run, world, rules)
    return _running(attempt, world) or _ended(run, world, rules)


def _unlaunched(run: Run, world: World, rules: Rules) -> Step:
    """The launcher wrote down its plan and then nothing more: its own retries come first."""
    if world.now < run.attempt.deadline_at:
        return Wait(run.attempt.deadline_at, "The launcher is still at it.")
    reason = "The launcher was cut off before it had an instance."
    return _again(run, rules, Outcome.LOST, world.now, Ending.NOT_LAUNCHED, reason)


def _running(attempt: Attempt, world: World) -> Step | None:
    """What to do while there is, or may still be, an instance; None once it is gone."""
    soon = world.now + RECHECK
    if world.instance is None:
        since = attempt.instance.launched_at if attempt.instance else attempt.started_at
        unseen_yet = world.now < max(since, attempt.started_at) + _SETTLING
        return None if world.said_gone or not unseen_yet else Wait(soon, "Not visible yet.")
    if world.instance.gone:
        return None
    if attempt.terminated_at:
        if world.now < attempt.terminated_at + _STUBBORN:
            if world.instance.state == "shutting-down":
                return Wait(soon, "The instance is being terminated.")
            return Terminate(world.instance.id, f"It is still {world.instance.state}.")
        return Report(
            Ending.TIMED_OUT,
            Outcome.TIMED_OUT,
            f"Instance {world.instance.id} does not end although it was told to: it is "
            f"{world.instance.state}. Terminate it by hand, it is being billed.",
        )
    if world.now >= attempt.deadline_at:
        return Terminate(world.instance.id, f"It was still {world.instance.state}.")
    if world.said_gone or world.instance.state == "shutting-down":
        return Wait(soon, "The instance is ending.")
    return Wait(attempt.deadline_at, "The instance is at work.")


def _ended(run: Run, world: World, rules: Rules) -> Step:
    """The instance is gone: what did it leave behind, and why did it go?"""
    attempt, marker, progress = run.attempt, world.marker, world.progress
    if marker and marker.attempt == attempt.number:
        return Report(Ending.COMPLETED, Outcome.ENDED, "The backup ran to its end.")
    reason = world.instance.reason if world.instance else ""
    phase = progress.phase if progress and progress.attempt == attempt.number else ""
    # A warned backup saves what it has and powers off, mostly before AWS takes the instance:
    # the reason is then its own shutdown, and either the event or the backup tells the true one.
    reclaimed = reason.startswith("Server.SpotInstance") or phase == "reclaimed"
    if reclaimed or (attempt.warned_at and (phase == "interrupted" or not reason)):
        said = "AWS reclaimed the spot instance."
        return _again(run, rules, Outcome.RECLAIMED, world.now, Ending.INTERRUPTED, said)
    if attempt.terminated_at:
        said = "The backup did not end before its deadline and was stopped."
        return Report(Ending.TIMED_OUT, Outcome.TIMED_OUT, said)
    if phase == "interrupted":
        said = "The backup was not done when its time was up; it can be continued."
        return _again(run, rules, Outcome.PAUSED, world.now, Ending.TIMED_OUT, said)
    if reason.startswith("Server."):
        said = f"AWS ended the instance ({reason})."
        return _again(run, rules, Outcome.RECLAIMED, world.now, Ending.INTERRUPTED, said)
    said = f"The instance ended without finishing the backup ({reason or 'no reason given'})."
    return Report(Ending.FAILED, Outcome.ENDED, said)


def _again(
    run: Run, rules: Rules, outcome: Outcome, at: datetime, ending: Ending, reason: str
) -> Step:
    number = run.attempt.number
    if number >= rules.max_attempts:
        return Report(ending, outcome, reason)
    return TryAgain(outcome, number + 1, at, reason)
