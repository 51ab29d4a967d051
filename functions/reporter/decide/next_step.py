"""What to do next with a run, from what is known of it and what can be seen. Pure.

Whatever arrived, and however often: the same run in the same world leads to the same step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reporter.decide.observation import Observation
from shared.model.run import Attempt, Outcome, Run

RECHECK = timedelta(minutes=1)
"""How soon to look again at an instance that is on its way."""

_VISIBLE_WITHIN = timedelta(minutes=10)
"""How long DescribeInstances may not know a new instance: it is eventually consistent."""

_TERMINATES_WITHIN = timedelta(minutes=15)
"""When an instance that ignores its termination is reported rather than waited for."""

LAUNCH_OVERDUE_AFTER = timedelta(days=2)
"""How long a due attempt may not begin: so long the daily watchdog asks the launcher for it."""

_CUT_OFF = "The launcher was cut off before it had an instance."
_UNCLAIMED = (
    "A date marker says that the backup ended, but the launcher could not write down which "
    "instance ran it: nothing proves what the marker says."
)
_UNHEARD = (
    "It was launched before the stack was updated: what such an instance says of its backup is not "
    "read any more. What it saved is there, and is not saved again."
)
_OWN_SHUTDOWN = "Client.InstanceInitiatedShutdown"
_ADVICE = {
    "Client.VolumeLimitExceeded": (
        "The account may have no more volumes: Service Quotas, EBS, 'Storage for gp3 volumes'."
    ),
    "Client.UserInitiatedShutdown": (
        "Somebody else ended it: CloudTrail's TerminateInstances says who."
    ),
}
"""Reasons of EC2's that another attempt would only meet again, and what a person can do:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html"""

_BROKEN_LAUNCHES = ("Client.InternalError", "Client.InvalidKMSKey")
_BROKEN_LAUNCH = (
    "Mostly that is the KMS key of the instance's volume: the account encrypts volumes with a key "
    "of its own that is disabled or gone, or that the launcher may not use. Enable it, and deploy "
    "with its ARN in VolumeKeyArn; a spot instance also needs the grant shown in docs/security.md."
)
"""An instance that EC2 accepted, could not start, and ended within seconds."""


class Ending(StrEnum):
    """How a run is over; whether a completed one is verified is judged by its archives."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    TIMED_OUT = "timed-out"
    FAILED = "failed"
    NOT_LAUNCHED = "not-launched"
    MISSED = "missed"
    UNREADABLE = "unverified"


_ENDINGS = {
    Outcome.NO_CAPACITY: (Ending.NOT_LAUNCHED, "No pool had capacity."),
    Outcome.RECLAIMED: (Ending.INTERRUPTED, "AWS reclaimed the spot instance."),
    Outcome.PAUSED: (Ending.TIMED_OUT, "The backup was not done when its time was up."),
    Outcome.TIMED_OUT: (Ending.TIMED_OUT, "The backup did not end before its deadline."),
    Outcome.LOST: (Ending.FAILED, "The instance vanished."),
    Outcome.FAILED: (Ending.FAILED, "The instance ended without finishing the backup."),
}
"""What a run is if its latest attempt, which ended so, remains its last."""


@dataclass(frozen=True, slots=True)
class Done:
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
class Retry:
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


Step = Done | Wait | Terminate | Retry | Report


@dataclass(frozen=True, slots=True)
class Rules:
    """The template's parameters that decisions depend on."""

    max_attempts: int
    retry_delay: timedelta


def decide(run: Run, observation: Observation, rules: Rules) -> Step:
    """The one next thing to do for this run."""
    if run.reported_at:
        return Done("already reported")
    if not run.attempts:
        return Report(Ending.MISSED, None, "It was due and never started.")
    attempt = run.attempt
    if attempt.outcome is Outcome.REFUSED:
        return Report(Ending.NOT_LAUNCHED, Outcome.REFUSED, attempt.problem or "Refused.")
    if attempt.outcome:
        return _due(run, attempt.outcome, observation.now, rules)
    if attempt.instance is None and not (
        observation.instance or observation.marker or observation.termination_reported
    ):
        return _unlaunched(run, observation, rules)
    return _running(attempt, observation) or _ended(run, observation, rules)


def _due(run: Run, outcome: Outcome, now: datetime, rules: Rules) -> Step:
    """The attempt is over, and the next one is due or could not be launched."""
    attempt, (ending, message) = run.attempt, _ENDINGS[outcome]
    if outcome is Outcome.LOST and attempt.instance is None:
        ending, message = Ending.NOT_LAUNCHED, _CUT_OFF
    at = attempt.ended_at or attempt.started_at
    if outcome is Outcome.NO_CAPACITY:
        at = attempt.started_at + rules.retry_delay
    elif outcome is Outcome.FAILED:
        at += rules.retry_delay
    message = " ".join(filter(None, (message, attempt.problem)))
    if now >= at + LAUNCH_OVERDUE_AFTER:
        message += (
            f" Another attempt was due at {at:%Y-%m-%d %H:%M} UTC and never began: the launcher's "
            "log and the dead letters tell why."
        )
        return Report(ending, outcome, message)
    return _again(run, rules, outcome, at, ending, message)


def _unlaunched(run: Run, observation: Observation, rules: Rules) -> Step:
    """The launcher wrote down its plan and then nothing more: its own retries come first."""
    if observation.now < run.attempt.deadline_at:
        return Wait(run.attempt.deadline_at, "The launcher is still at it.")
    ending, message = Ending.NOT_LAUNCHED, _CUT_OFF
    if observation.unclaimed:
        ending, message = Ending.UNREADABLE, _UNCLAIMED
    return _again(run, rules, Outcome.LOST, observation.now, ending, message)


def _running(attempt: Attempt, observation: Observation) -> Step | None:
    """What to do while there is, or may still be, an instance; None once it is gone."""
    soon = observation.now + RECHECK
    if observation.instance is None:
        since = attempt.instance.launched_at if attempt.instance else attempt.started_at
        unseen_yet = observation.now < max(since, attempt.started_at) + _VISIBLE_WITHIN
        return (
            None
            if observation.termination_reported or not unseen_yet
            else Wait(soon, "Not visible yet.")
        )
    if observation.instance.gone:
        return None
    if attempt.terminated_at:
        if observation.now < attempt.terminated_at + _TERMINATES_WITHIN:
            if observation.instance.state == "shutting-down":
                return Wait(soon, "The instance is being terminated.")
            return Terminate(observation.instance.id, f"It is still {observation.instance.state}.")
        return Report(
            Ending.TIMED_OUT,
            Outcome.TIMED_OUT,
            f"Instance {observation.instance.id} does not end although it was told to: it is "
            f"{observation.instance.state}. Terminate it by hand, it is being billed.",
        )
    if observation.now >= attempt.deadline_at:
        return Terminate(observation.instance.id, f"It was still {observation.instance.state}.")
    if observation.termination_reported or observation.instance.state == "shutting-down":
        return Wait(soon, "The instance is ending.")
    return Wait(attempt.deadline_at, "The instance is at work.")


def _ended(run: Run, observation: Observation, rules: Rules) -> Step:
    """The instance is gone: what did it leave behind, and why did it go?

    GitHub, or a mirror of packages, may have been down: a failed attempt is tried again. What is
    wrong for good (a token, an owner, a parameter) is refused by the launcher's own check then.
    Whoever started the run by hand hears of its failure at once, and can start another.
    """
    attempt, marker, progress = run.attempt, observation.marker, observation.progress
    if observation.unreadable:
        if observation.now < attempt.deadline_at:
            return Wait(attempt.deadline_at, "The bucket may not be read, so far.")
        return Report(Ending.UNREADABLE, Outcome.ENDED, observation.unreadable)
    if attempt.instance and not attempt.role_id:
        return _again(run, rules, Outcome.RECLAIMED, observation.now, Ending.INTERRUPTED, _UNHEARD)
    if marker and marker.attempt == attempt.number:
        return Report(Ending.COMPLETED, Outcome.ENDED, "The backup ran to its end.")
    reason, detail = (
        (observation.instance.cause, observation.instance.cause_text)
        if observation.instance
        else ("", "")
    )
    if observation.instance and reason.startswith(_BROKEN_LAUNCHES):
        message = f"AWS could not start the instance ({detail}). {_BROKEN_LAUNCH}"
        return Report(Ending.FAILED, Outcome.FAILED, message)
    phase = progress.phase if progress and progress.attempt == attempt.number else ""
    # A warned backup saves what it has and powers off, mostly before AWS takes the instance:
    # the reason is then its own shutdown, and either the event or the backup tells the true one.
    reclaimed = reason.startswith("Server.SpotInstance") or phase == "reclaimed"
    if reclaimed or (attempt.warned_at and (phase == "interrupted" or not reason)):
        message = "AWS reclaimed the spot instance."
        return _again(run, rules, Outcome.RECLAIMED, observation.now, Ending.INTERRUPTED, message)
    if attempt.terminated_at or (phase != "failed" and _time_was_up(attempt, observation, reason)):
        message = "The backup did not end before its deadline and was stopped."
        return _continued(run, observation, rules, Outcome.TIMED_OUT, message)
    if phase == "interrupted":
        message = "The backup was not done when its time was up."
        return _continued(run, observation, rules, Outcome.PAUSED, message)
    if reason.startswith("Server."):
        message = f"AWS ended the instance ({detail})."
        return _again(run, rules, Outcome.RECLAIMED, observation.now, Ending.INTERRUPTED, message)
    if not reason and observation.log_at is None:
        message = "The instance is gone, and neither EC2 nor a log tells why."
        return _again(run, rules, Outcome.LOST, observation.now, Ending.FAILED, message)
    why = "it powered itself off" if reason == _OWN_SHUTDOWN else detail or "no reason given"
    message = f"The instance ended without finishing the backup ({why})."
    if reason in _ADVICE:
        return Report(Ending.FAILED, Outcome.FAILED, f"{message} {_ADVICE[reason]}")
    if run.trigger == "manual":
        return Report(Ending.FAILED, Outcome.FAILED, message)
    later = observation.ended_at + rules.retry_delay
    return _again(run, rules, Outcome.FAILED, later, Ending.FAILED, message)


def _time_was_up(attempt: Attempt, observation: Observation, reason: str) -> bool:
    """Whether the instance ended itself because its time was up, rather than its backup."""
    if attempt.instance is None or reason != _OWN_SHUTDOWN:
        return False
    return observation.ended_at >= attempt.instance.launched_at + attempt.powers_off_after


def _continued(
    run: Run, observation: Observation, rules: Rules, outcome: Outcome, message: str
) -> Step:
    """Time was up: the next attempt goes on if this one got further than those before it.

    So an account too large for one deadline is finished in several attempts, and one that hangs
    is told at once.
    """
    number, progress = run.attempt.number, observation.progress
    done = progress.done if progress and progress.attempt == number else 0
    if done > max((earlier.done or 0 for earlier in run.attempts[:-1]), default=0):
        return _again(run, rules, outcome, observation.now, Ending.TIMED_OUT, message)
    return Report(Ending.TIMED_OUT, outcome, message)


def _again(
    run: Run, rules: Rules, outcome: Outcome, at: datetime, ending: Ending, reason: str
) -> Step:
    number = run.attempt.number
    if number >= rules.max_attempts:
        return Report(ending, outcome, reason)
    return Retry(outcome, number + 1, at, reason)
