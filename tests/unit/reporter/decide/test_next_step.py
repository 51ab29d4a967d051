"""The same run in the same world leads to the same step, whatever event arrived."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.progress import Progress
from reporter.decide.next_step import (
    LAUNCH_OVERDUE_AFTER,
    Done,
    Ending,
    Report,
    Retry,
    Rules,
    Terminate,
    Wait,
    decide,
)
from reporter.decide.observation import InstanceView, Observation
from shared.model.run import Attempt, Instance, Market, Outcome, Run

START = datetime(2026, 11, 27, 17, tzinfo=UTC)
DEADLINE = START + timedelta(hours=3)
RULES = Rules(max_attempts=3, retry_delay=timedelta(minutes=30))
RUN = Run(
    "2026-11-27T17-00-00Z",
    "schedule",
    START,
    attempts=(
        Attempt(
            1,
            START,
            DEADLINE,
            instance=Instance("i-1", "c7g.medium", "eu-1a", Market.SPOT, "0.01", START),
            role_id="AROAEXAMPLE",
        ),
    ),
)
LAST = replace(RUN, attempts=(RUN.attempt, RUN.attempt, replace(RUN.attempt, number=3)))
UNLAUNCHED = RUN.with_attempt(instance=None)
RUNNING = InstanceView("i-1", "running")
ENDED = InstanceView("i-1", "terminated", "Client.InstanceInitiatedShutdown")
RECLAIMED = InstanceView("i-1", "terminated", "Server.SpotInstanceTermination")
MARKER = Marker("github_backups/2026-11-27-17-09.txt", RUN.id, 1, "0" * 64)
SOON = START + timedelta(minutes=9)


def observation(
    now: datetime = SOON,
    instance: InstanceView | None = RUNNING,
    marker: Marker | None = None,
    progress: Progress | None = None,
    termination_reported: bool = False,
) -> Observation:
    return Observation(now, instance, marker, progress, termination_reported)


def test_a_working_instance_is_left_alone_until_its_deadline() -> None:
    assert decide(RUN, observation(), RULES) == Wait(DEADLINE, "The instance is running.")


def test_a_completed_run_is_reported_once_its_instance_is_gone() -> None:
    step = decide(RUN, observation(instance=ENDED, marker=MARKER), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.COMPLETED


def test_a_marker_alone_is_no_end_while_the_instance_still_runs() -> None:
    assert isinstance(decide(RUN, observation(marker=MARKER), RULES), Wait)


def test_a_marker_of_an_older_attempt_is_not_success() -> None:
    second = replace(RUN, attempts=(RUN.attempt, replace(RUN.attempt, number=2)))
    step = decide(second, observation(instance=ENDED, marker=MARKER), RULES)
    assert isinstance(step, Retry)
    assert step.outcome is Outcome.FAILED


def test_a_run_that_an_older_launcher_launched_ends_interrupted_and_is_repeated() -> None:
    """Nothing says whose word it is that lies where such an instance wrote."""
    old = RUN.with_attempt(role_id="")
    assert isinstance(decide(old, observation(), RULES), Wait)
    step = decide(old, observation(instance=ENDED), RULES)
    assert isinstance(step, Retry)
    assert "before the stack was updated" in step.reason
    last = replace(LAST, attempts=(*LAST.attempts[:2], replace(LAST.attempt, role_id="")))
    answer = decide(last, observation(instance=ENDED), RULES)
    assert isinstance(answer, Report)
    assert answer.ending is Ending.INTERRUPTED


def test_an_event_that_is_ahead_of_describe_instances_is_looked_into_again() -> None:
    step = decide(RUN, observation(termination_reported=True), RULES)
    assert step == Wait(SOON + timedelta(minutes=1), "The instance is terminating.")


def test_a_new_instance_that_cannot_be_seen_yet_is_waited_for() -> None:
    assert isinstance(decide(RUN, observation(instance=None), RULES), Wait)


def test_an_instance_that_ec2_has_forgotten_is_gone() -> None:
    later = START + timedelta(hours=2)
    step = decide(RUN, observation(now=later, instance=None, marker=MARKER), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.COMPLETED


def test_ending_without_a_marker_is_a_failure_that_is_tried_again_after_the_delay() -> None:
    step = decide(RUN, observation(instance=ENDED, progress=Progress(1, "failed", 0, 0)), RULES)
    assert isinstance(step, Retry)
    assert (step.outcome, step.attempt) == (Outcome.FAILED, 2)
    assert step.at == SOON + RULES.retry_delay
    assert "powered itself off" in step.reason


def test_the_delay_after_a_failure_counts_from_when_the_instance_saved_its_log() -> None:
    late = Observation(START + timedelta(hours=2), None, None, None, log_at=SOON)
    step = decide(RUN, late, RULES)
    assert isinstance(step, Retry)
    assert step.at == SOON + RULES.retry_delay


def test_a_failed_attempt_that_is_looked_at_again_waits_for_the_same_moment() -> None:
    failed = RUN.with_attempt(outcome=Outcome.FAILED, ended_at=SOON, problem="HTTP 503")
    step = decide(failed, observation(now=SOON + timedelta(minutes=2), instance=None), RULES)
    assert step == Retry(
        Outcome.FAILED,
        2,
        SOON + RULES.retry_delay,
        "The instance ended without finishing the backup. HTTP 503",
    )


def test_the_last_attempt_s_failure_is_told_with_its_reason() -> None:
    step = decide(LAST, observation(instance=ENDED), RULES)
    assert isinstance(step, Report)
    assert (step.ending, step.outcome) == (Ending.FAILED, Outcome.FAILED)
    assert "powered itself off" in step.reason


def test_the_failure_of_a_run_that_a_person_started_is_told_at_once() -> None:
    step = decide(replace(RUN, trigger="manual"), observation(instance=ENDED), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.FAILED


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("Client.VolumeLimitExceeded", "Service Quotas"),
        ("Client.UserInitiatedShutdown", "CloudTrail"),
    ],
)
def test_what_another_attempt_would_only_meet_again_is_told_at_once(
    reason: str, advice: str
) -> None:
    step = decide(RUN, observation(instance=InstanceView("i-1", "terminated", reason)), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.FAILED
    assert advice in step.reason


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Server.InternalError", "Client.InternalError: Client error on launch"),
        ("Client.InternalError", "Client.InternalError: Client error on launch"),
        ("Client.InvalidKMSKey.InvalidState", "Client.InvalidKMSKey.InvalidState: disabled"),
        ("Server.InternalError", "Client.InvalidKMSKey.NotFound: gone"),
    ],
)
def test_an_instance_that_could_not_be_started_is_a_failure_told_at_once_in_awss_words(
    code: str, message: str
) -> None:
    step = decide(
        RUN, observation(instance=InstanceView("i-1", "terminated", code, message)), RULES
    )
    assert isinstance(step, Report)
    assert (step.ending, step.outcome) == (Ending.FAILED, Outcome.FAILED)
    assert step.reason.startswith(f"AWS could not start the instance ({message}). The usual")
    assert "VolumeKeyArn" in step.reason


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Server.InternalError", "Server.InternalError: Internal error on launch"),
        ("Server.InternalError", ""),
        ("Server.SpotInstanceTermination", "Client.InternalError: never said so"),
    ],
)
def test_what_aws_itself_ended_is_tried_again(code: str, message: str) -> None:
    step = decide(
        RUN, observation(instance=InstanceView("i-1", "terminated", code, message)), RULES
    )
    assert isinstance(step, Retry)
    assert step.outcome is Outcome.RECLAIMED


@pytest.mark.parametrize(
    ("code", "message", "answer"),
    [
        ("Server.Maintenance", "Server.Maintenance: A host failed", "Server.Maintenance: A host"),
        ("Server.Maintenance", "A host failed", "Server.Maintenance: A host failed"),
        ("Client.VolumeLimitExceeded", "Volume limit", "Client.VolumeLimitExceeded: Volume limit"),
        ("Client.VolumeLimitExceeded", "", "(Client.VolumeLimitExceeded)"),
    ],
)
def test_why_an_instance_ended_is_told_with_awss_code_and_message(
    code: str, message: str, answer: str
) -> None:
    ended = InstanceView("i-1", "terminated", code, message)
    step = decide(LAST, observation(instance=ended), RULES)
    assert isinstance(step, Report)
    assert answer in step.reason
    assert step.reason.count(code) == 1


def test_a_bucket_that_may_not_be_read_is_given_until_the_deadline_and_then_told() -> None:
    denied = replace(
        observation(instance=ENDED), unreadable="s3://b/m may not be read (AccessDenied)"
    )
    assert isinstance(decide(RUN, denied, RULES), Wait)
    step = decide(RUN, replace(denied, now=DEADLINE), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.UNREADABLE
    assert "AccessDenied" in step.reason


def test_a_running_instance_is_left_alone_whatever_may_be_read() -> None:
    step = decide(RUN, replace(observation(), unreadable="no"), RULES)
    assert step == Wait(DEADLINE, "The instance is running.")


def test_a_reclaimed_instance_is_followed_by_the_next_attempt_at_once() -> None:
    step = decide(RUN, observation(instance=RECLAIMED), RULES)
    assert step == Retry(Outcome.RECLAIMED, 2, SOON, "AWS reclaimed the spot instance.")


def test_a_warned_instance_whose_reason_is_forgotten_counts_as_reclaimed() -> None:
    warned = RUN.with_attempt(warned_at=START)
    later = observation(now=START + timedelta(hours=2), instance=None)
    step = decide(warned, later, RULES)
    assert isinstance(step, Retry)


def test_a_warned_backup_that_saved_itself_in_time_counts_as_reclaimed() -> None:
    warned = RUN.with_attempt(warned_at=START)
    saved = Progress(1, "interrupted", 37, 120)
    step = decide(warned, observation(instance=ENDED, progress=saved), RULES)
    assert isinstance(step, Retry)
    assert step.outcome is Outcome.RECLAIMED


def test_the_last_attempt_reclaimed_is_told_as_interrupted() -> None:
    step = decide(LAST, observation(instance=RECLAIMED), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.INTERRUPTED


def test_a_reclaimed_instance_that_had_finished_is_a_completed_run() -> None:
    step = decide(RUN, observation(instance=RECLAIMED, marker=MARKER), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.COMPLETED


def test_a_paused_backup_goes_on_in_the_next_attempt() -> None:
    paused = Progress(1, "interrupted", 37, 120)
    step = decide(RUN, observation(instance=ENDED, progress=paused), RULES)
    assert isinstance(step, Retry)
    assert step.outcome is Outcome.PAUSED


def test_at_the_deadline_the_instance_is_terminated() -> None:
    assert decide(RUN, observation(now=DEADLINE), RULES) == Terminate(
        "i-1", "It was still running."
    )


def test_a_terminated_instance_is_watched_until_it_ended() -> None:
    answer = RUN.with_attempt(terminated_at=DEADLINE)
    ending = observation(
        now=DEADLINE + timedelta(minutes=1), instance=InstanceView("i-1", "shutting-down")
    )
    assert isinstance(decide(answer, ending, RULES), Wait)
    step = decide(answer, observation(now=DEADLINE + timedelta(minutes=2), instance=ENDED), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.TIMED_OUT


def test_an_instance_that_was_to_end_and_still_runs_is_told_again() -> None:
    answer = RUN.with_attempt(terminated_at=DEADLINE)
    step = decide(answer, observation(now=DEADLINE + timedelta(minutes=1)), RULES)
    assert step == Terminate("i-1", "It is still running.")


def test_an_instance_that_will_not_end_is_named_in_the_mail() -> None:
    answer = RUN.with_attempt(terminated_at=DEADLINE)
    step = decide(answer, observation(now=DEADLINE + timedelta(minutes=16)), RULES)
    assert isinstance(step, Report)
    assert "i-1 should have terminated" in step.reason


def test_no_capacity_is_tried_again_after_the_delay_and_at_last_told() -> None:
    full = UNLAUNCHED.with_attempt(outcome=Outcome.NO_CAPACITY)
    step = decide(full, observation(instance=None), RULES)
    assert step == Retry(
        Outcome.NO_CAPACITY, 2, START + timedelta(minutes=30), "No pool had capacity."
    )
    last = replace(full, attempts=(*full.attempts, replace(full.attempt, number=3)))
    final = decide(last, observation(instance=None), RULES)
    assert isinstance(final, Report)
    assert final.ending is Ending.NOT_LAUNCHED


def test_a_refused_launch_is_told_at_once_with_its_problem() -> None:
    refused = UNLAUNCHED.with_attempt(outcome=Outcome.REFUSED, problem="GitHubOwner: no such.")
    step = decide(refused, observation(instance=None), RULES)
    assert step == Report(Ending.NOT_LAUNCHED, Outcome.REFUSED, "GitHubOwner: no such.")


@pytest.mark.parametrize(("after", "kind"), [(SOON, Wait), (DEADLINE, Retry)])
def test_a_launcher_that_fell_silent_is_given_until_the_deadline(
    after: datetime, kind: type[Wait] | type[Retry]
) -> None:
    assert isinstance(decide(UNLAUNCHED, observation(now=after, instance=None), RULES), kind)


def test_a_completed_run_whose_launch_was_never_written_down_is_still_completed() -> None:
    step = decide(UNLAUNCHED, observation(now=DEADLINE, instance=None, marker=MARKER), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.COMPLETED


def test_a_run_that_never_began_is_missed() -> None:
    step = decide(replace(RUN, attempts=()), observation(instance=None), RULES)
    assert isinstance(step, Report)
    assert step.ending is Ending.MISSED


def test_a_reported_run_needs_nothing() -> None:
    answer = replace(RUN, reported_at=SOON)
    assert decide(answer, observation(instance=RECLAIMED), RULES) == Done("already reported")


@pytest.mark.parametrize("outcome", [Outcome.RECLAIMED, Outcome.PAUSED, Outcome.LOST])
def test_a_next_attempt_that_never_began_is_asked_for_again(outcome: Outcome) -> None:
    step = decide(RUN.with_attempt(outcome=outcome), observation(instance=RECLAIMED), RULES)
    assert isinstance(step, Retry)
    assert step.attempt == 2


@pytest.mark.parametrize(
    ("run", "outcome", "ending"),
    [
        (RUN, Outcome.RECLAIMED, Ending.INTERRUPTED),
        (RUN, Outcome.PAUSED, Ending.TIMED_OUT),
        (RUN, Outcome.TIMED_OUT, Ending.TIMED_OUT),
        (RUN, Outcome.FAILED, Ending.FAILED),
        (RUN, Outcome.LOST, Ending.FAILED),
        (UNLAUNCHED, Outcome.LOST, Ending.NOT_LAUNCHED),
        (UNLAUNCHED, Outcome.NO_CAPACITY, Ending.NOT_LAUNCHED),
    ],
)
def test_a_next_attempt_that_does_not_begin_for_days_is_not_asked_for_forever(
    run: Run, outcome: Outcome, ending: Ending
) -> None:
    over = run.with_attempt(outcome=outcome, ended_at=SOON)
    soon = decide(
        over,
        observation(now=SOON + LAUNCH_OVERDUE_AFTER - timedelta(minutes=10), instance=None),
        RULES,
    )
    assert isinstance(soon, Retry)
    late = SOON + LAUNCH_OVERDUE_AFTER + RULES.retry_delay
    step = decide(over, observation(now=late, instance=None), RULES)
    assert isinstance(step, Report)
    assert (step.ending, step.outcome) == (ending, outcome)
    assert "never began: the launcher's log" in step.reason


def test_fewer_attempts_than_were_made_when_the_stack_was_changed_end_the_run() -> None:
    over = LAST.with_attempt(outcome=Outcome.RECLAIMED, ended_at=SOON)
    step = decide(over, observation(now=SOON, instance=None), replace(RULES, max_attempts=2))
    assert isinstance(step, Report)
    assert step.ending is Ending.INTERRUPTED


@pytest.mark.parametrize("terminated_at", [None, DEADLINE])
@pytest.mark.parametrize("minutes", [9, 179, 180, 181, 240])
@pytest.mark.parametrize("state", ["running", "pending", "shutting-down", "stopped"])
def test_nothing_in_the_bucket_decides_about_an_instance_that_is_there(
    state: str, minutes: int, terminated_at: datetime | None
) -> None:
    run = RUN.with_attempt(terminated_at=terminated_at)
    bare = Observation(START + timedelta(minutes=minutes), InstanceView("i-1", state), None, None)
    for evidence in (
        {"marker": MARKER},
        {"progress": Progress(1, "failed", 3, 7)},
        {"unreadable": "it may not be read"},
        {"damage": ("progress",)},
    ):
        assert decide(run, replace(bare, **evidence), RULES) == decide(run, bare, RULES)
