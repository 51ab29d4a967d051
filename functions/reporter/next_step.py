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


_OWN_SHUTDOWN = "Client.InstanceInitiatedShutdown"
_ADVICE = {
    "Client.VolumeLimitExceeded": (
        "The account may have no more volumes: Service Quotas, EBS, 'Storage for gp3 volumes'."
    ),
    "Client.InternalError": (
        "Mostly that is a volume that cannot be decrypted: the account encrypts volumes with a key "
        "of its own, which the launcher may not use."
    ),
}
"""What to do about reasons that EC2 gives for an instance that never came up:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html"""


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
    """All that a decision looks at besides the run. ``said_gone``: an event said so.

    ``log_at`` is when the instance saved its log, the last thing that it does.
    """

    now: datetime
    instance: InstanceView | None
    marker: Marker | None
    progress: Progress | None
    said_gone: bool = False
    log_at: datetime | None = None

    def ended_at(self, attempt: Attempt) -> datetime:
        """When the attempt's instance ended, as far as can be known: else when that was seen."""
        instance = attempt.instance
        own = self.log_at and instance and self.log_at >= instance.launched_at
        return min(self.now, self.log_at) if own and self.log_at else self.now


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
    if attempt.terminated_at or (phase != "failed" and _time_was_up(attempt, world, reason)):
        said = "The backup did not end before its deadline and was stopped."
        return _continued(run, world, rules, Outcome.TIMED_OUT, said)
    if phase == "interrupted":
        said = "The backup was not done when its time was up."
        return _continued(run, world, rules, Outcome.PAUSED, said)
    if reason.startswith("Server."):
        said = f"AWS ended the instance ({reason})."
        return _again(run, rules, Outcome.RECLAIMED, world.now, Ending.INTERRUPTED, said)
    if not reason and world.log_at is None:
        said = "The instance is gone, and neither EC2 nor a log tells why."
        return _again(run, rules, Outcome.LOST, world.now, Ending.FAILED, said)
    why = "it powered itself off" if reason == _OWN_SHUTDOWN else reason or "no reason given"
    said = f"The instance ended without finishing the backup ({why})."
    if reason in _ADVICE:
        said += f" {_ADVICE[reason]}"
    return Report(Ending.FAILED, Outcome.ENDED, said)


def _time_was_up(attempt: Attempt, world: World, reason: str) -> bool:
    """Whether the instance ended itself because its time was up, rather than its backup."""
    if attempt.instance is None or reason != _OWN_SHUTDOWN:
        return False
    return world.ended_at(attempt) >= attempt.instance.launched_at + attempt.powers_off_after


def _continued(run: Run, world: World, rules: Rules, outcome: Outcome, said: str) -> Step:
    """Time was up: the next attempt goes on if this one got further than those before it.

    So an account too large for one deadline is finished in several attempts, and one that hangs
    is told at once.
    """
    number, progress = run.attempt.number, world.progress
    done = progress.done if progress and progress.attempt == number else 0
    if done > max((earlier.done or 0 for earlier in run.attempts[:-1]), default=0):
        return _again(run, rules, outcome, world.now, Ending.TIMED_OUT, said)
    return Report(Ending.TIMED_OUT, outcome, said)


def _again(
    run: Run, rules: Rules, outcome: Outcome, at: datetime, ending: Ending, reason: str
) -> Step:
    number = run.attempt.number
    if number >= rules.max_attempts:
        return Report(ending, outcome, reason)
    return TryAgain(outcome, number + 1, at, reason)
