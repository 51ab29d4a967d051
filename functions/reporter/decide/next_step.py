"""Decides the next step of a run, from its record and from what can be observed. Pure.

The same run and observation always give the same step, no matter which event arrived or how often.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reporter.decide.observation import Observation
from shared.model.run import Attempt, Outcome, Run

RECHECK = timedelta(minutes=1)
"""How soon to check again while an instance starts or ends."""

_VISIBLE_WITHIN = timedelta(minutes=10)
"""How long DescribeInstances may not show a new instance: EC2 is eventually consistent."""

_TERMINATES_WITHIN = timedelta(minutes=15)
"""An instance that has not terminated after this time is reported."""

LAUNCH_OVERDUE_AFTER = timedelta(days=2)
"""How long a due attempt may be missing before the daily watchdog asks the launcher for it."""

_CUT_OFF = "The launcher was interrupted before it had an instance."
_UNCLAIMED = (
    "A date marker says that the backup ended, but the launcher could not record which instance "
    "ran it, so nothing proves the marker."
)
_OUTDATED = (
    "It was launched before the stack was updated, and the reporter no longer reads the documents "
    "of such an instance. The archives that it saved stay and are not saved again."
)
_OWN_SHUTDOWN = "Client.InstanceInitiatedShutdown"
_ADVICE = {
    "Client.VolumeLimitExceeded": (
        "The account has reached its quota of volumes: Service Quotas, EBS, 'Storage for gp3 "
        "volumes'."
    ),
    "Client.UserInitiatedShutdown": (
        "Somebody terminated it: CloudTrail's event TerminateInstances says who."
    ),
}
"""EC2's reasons that another attempt would meet again, and what the user can do:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html"""

_BROKEN_LAUNCHES = ("Client.InternalError", "Client.InvalidKMSKey")
_BROKEN_LAUNCH = (
    "The usual cause is the KMS key of the instance's volume: the account encrypts volumes with "
    "its own key, which is disabled or gone, or which the launcher may not use. Enable it and "
    "deploy with its ARN in VolumeKeyArn. A spot instance also needs the grant shown in "
    "docs/security.md."
)
"""Reasons of an instance that EC2 accepted but could not start."""


class Ending(StrEnum):
    """How a run ended. Its archives decide whether a completed run is verified."""

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
"""How a run ends if this is the outcome of its last attempt."""


@dataclass(frozen=True, slots=True)
class Done:
    """The run is over and reported."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Check again at ``until``."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """The deadline has passed: terminate the instance, and check that it terminates."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Record how the attempt ended, and have the launcher start the next one at ``at``."""

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
    """The next step for this run."""
    if run.reported_at:
        return Done("already reported")
    if not run.attempts:
        return Report(Ending.MISSED, None, "The scheduled run was due and never started.")
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
    """The attempt is over. The next one is due, or could not be launched."""
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
            "log and the dead letters say why."
        )
        return Report(ending, outcome, message)
    return _retry(run, rules, outcome, at, ending, message)


def _unlaunched(run: Run, observation: Observation, rules: Rules) -> Step:
    """The launcher recorded its plan and nothing after it. Wait for the launcher's own retries."""
    if observation.now < run.attempt.deadline_at:
        return Wait(run.attempt.deadline_at, "The launcher is still working.")
    ending, message = Ending.NOT_LAUNCHED, _CUT_OFF
    if observation.unclaimed:
        ending, message = Ending.UNREADABLE, _UNCLAIMED
    return _retry(run, rules, Outcome.LOST, observation.now, ending, message)


def _running(attempt: Attempt, observation: Observation) -> Step | None:
    """The step while there is or may be an instance; None once it is gone."""
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
                return Wait(soon, "The instance is terminating.")
            return Terminate(observation.instance.id, f"It is still {observation.instance.state}.")
        return Report(
            Ending.TIMED_OUT,
            Outcome.TIMED_OUT,
            f"Instance {observation.instance.id} should have terminated but is still "
            f"{observation.instance.state}. Terminate it by hand, because it is being billed.",
        )
    if observation.now >= attempt.deadline_at:
        return Terminate(observation.instance.id, f"It was still {observation.instance.state}.")
    if observation.termination_reported or observation.instance.state == "shutting-down":
        return Wait(soon, "The instance is terminating.")
    return Wait(attempt.deadline_at, "The instance is running.")


def _ended(run: Run, observation: Observation, rules: Rules) -> Step:
    """The instance is gone: decide by what it left behind and why it ended.

    A failed attempt is retried, because GitHub or a package mirror may have been down. Permanent
    errors (a token, an owner, a parameter) are found by the launcher's own check. A run that was
    started by hand is reported at once, because its user can start another.
    """
    attempt, marker, progress = run.attempt, observation.marker, observation.progress
    if observation.unreadable:
        if observation.now < attempt.deadline_at:
            return Wait(attempt.deadline_at, "The bucket cannot be read now.")
        return Report(Ending.UNREADABLE, Outcome.ENDED, observation.unreadable)
    if attempt.instance and not attempt.role_id:
        return _retry(run, rules, Outcome.RECLAIMED, observation.now, Ending.INTERRUPTED, _OUTDATED)
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
    # On a spot notice the backup saves its state and powers off, usually before AWS takes the
    # instance. Then EC2's reason is the shutdown, and the event or the backup has the true one.
    reclaimed = reason.startswith("Server.SpotInstance") or phase == "reclaimed"
    if reclaimed or (attempt.warned_at and (phase == "interrupted" or not reason)):
        message = "AWS reclaimed the spot instance."
        return _retry(run, rules, Outcome.RECLAIMED, observation.now, Ending.INTERRUPTED, message)
    if attempt.terminated_at or (phase != "failed" and _time_was_up(attempt, observation, reason)):
        message = "The backup did not end before its deadline and was stopped."
        return _retry_if_further(run, observation, rules, Outcome.TIMED_OUT, message)
    if phase == "interrupted":
        message = "The backup was not done when its time was up."
        return _retry_if_further(run, observation, rules, Outcome.PAUSED, message)
    if reason.startswith("Server."):
        message = f"AWS ended the instance ({detail})."
        return _retry(run, rules, Outcome.RECLAIMED, observation.now, Ending.INTERRUPTED, message)
    if not reason and observation.log_at is None:
        message = "The instance is gone, and neither EC2 nor a log says why."
        return _retry(run, rules, Outcome.LOST, observation.now, Ending.FAILED, message)
    why = "it powered itself off" if reason == _OWN_SHUTDOWN else detail or "no reason given"
    message = f"The instance ended without finishing the backup ({why})."
    if reason in _ADVICE:
        return Report(Ending.FAILED, Outcome.FAILED, f"{message} {_ADVICE[reason]}")
    if run.trigger == "manual":
        return Report(Ending.FAILED, Outcome.FAILED, message)
    later = observation.ended_at + rules.retry_delay
    return _retry(run, rules, Outcome.FAILED, later, Ending.FAILED, message)


def _time_was_up(attempt: Attempt, observation: Observation, reason: str) -> bool:
    """Whether the instance stopped because its time was up, and not because of its backup."""
    if attempt.instance is None or reason != _OWN_SHUTDOWN:
        return False
    return observation.ended_at >= attempt.instance.launched_at + attempt.powers_off_after


def _retry_if_further(
    run: Run, observation: Observation, rules: Rules, outcome: Outcome, message: str
) -> Step:
    """Time was up: retry if this attempt got further than the earlier ones.

    So an account too large for one deadline is finished in several attempts, and a backup that
    hangs is reported at once.
    """
    number, progress = run.attempt.number, observation.progress
    done = progress.done if progress and progress.attempt == number else 0
    if done > max((earlier.done or 0 for earlier in run.attempts[:-1]), default=0):
        return _retry(run, rules, outcome, observation.now, Ending.TIMED_OUT, message)
    return Report(Ending.TIMED_OUT, outcome, message)


def _retry(
    run: Run, rules: Rules, outcome: Outcome, at: datetime, ending: Ending, reason: str
) -> Step:
    number = run.attempt.number
    if number >= rules.max_attempts:
        return Report(ending, outcome, reason)
    return Retry(outcome, number + 1, at, reason)
