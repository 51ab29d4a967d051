"""When time is up: what is ended, what is continued, what is told, and what is not begun."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from reporter.reporter import MAIL_LEASE
from shared.aws.run_table import RunStore
from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World, terminated


def test_an_instance_that_does_nothing_is_terminated_at_the_deadline_and_told(
    world: World,
) -> None:
    world.send("launcher", SCHEDULED)
    world.pass_time(timedelta(hours=4))
    assert_settled(world, "timed-out")
    assert "attempt 1 timed out after" in world.mails[0].body


def test_one_that_hangs_on_the_way_is_continued_once_and_told_when_it_hangs_there_again(
    world: World,
) -> None:
    world.send("launcher", SCHEDULED)
    world.progress("backing-up", done=37)
    world.pass_time(timedelta(hours=3, minutes=5))
    assert world.mails == []
    world.progress("backing-up", attempt=2, done=37)
    world.pass_time(timedelta(hours=4))
    assert_settled(world, "timed-out")
    assert world.mails[0].subject == (
        "[OnlineBackup] timed-out: 37 of 120 repositories done, 2026-11-27"
    )
    assert "attempt 2 timed out after 181 min with 37 of 120 done" in world.mails[0].body
    assert world.launches == {"1": 1, "2": 1}


@pytest.mark.parametrize("phase", ["interrupted", "backing-up"])
def test_an_account_too_large_for_one_deadline_is_finished_in_several_attempts(
    world: World, phase: str
) -> None:
    """Whether the backup stopped in time by itself or its instance was powered off beneath it."""
    world.send("launcher", SCHEDULED)
    for attempt, done in ((1, 50), (2, 100)):
        world.now += timedelta(minutes=176)
        world.progress(phase, attempt=attempt, done=done)
        world.end_instance()
        assert world.mails == []
    world.complete(attempt=3)
    world.end_instance()
    assert_settled(world, "verified")


def test_steady_progress_is_not_followed_for_ever(world: World) -> None:
    world.send("launcher", SCHEDULED)
    for attempt in (1, 2, 3):
        world.now += timedelta(minutes=171)
        world.progress("interrupted", attempt=attempt, done=30 * attempt)
        world.end_instance()
    assert_settled(world, "timed-out")
    assert "MaxAttempts" in world.mails[0].body


def test_an_instance_that_powered_itself_off_at_its_time_has_timed_out_and_not_failed(
    world: World,
) -> None:
    world.send("launcher", SCHEDULED)
    world.now += timedelta(minutes=176)
    world.end_instance()
    assert_settled(world, "timed-out")


def test_one_that_failed_early_has_failed_even_if_its_event_was_lost(world: World) -> None:
    """What its log's time tells; EC2 has forgotten the instance by then."""
    world.send("launcher", SCHEDULED)
    world.now += timedelta(minutes=2)
    world.save_log("dnf: no mirror\n")
    world.end_instance(tell=False)
    world.pass_time(timedelta(hours=3, minutes=5))
    assert world.launches == {"1": 1, "2": 1}
    world.complete(attempt=2)
    world.end_instance()
    assert_settled(world, "verified")
    assert "attempt 1 failed after 2 min" in world.mails[0].body
    assert "dnf: no mirror" in world.mails[0].body


def test_one_that_vanished_without_a_trace_is_tried_again(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.now += timedelta(minutes=2)
    world.end_instance("Server.SpotInstanceTermination", tell=False)
    world.pass_time(timedelta(hours=3, minutes=1))
    assert world.mails == []
    world.complete(attempt=2)
    world.end_instance()
    assert_settled(world, "verified")


def second_attempt_after_a_reclaimed_one(world: World) -> None:
    """The first one saved its log before AWS took the instance."""
    world.send("launcher", SCHEDULED)
    world.now += timedelta(minutes=5)
    world.progress("reclaimed")
    world.save_log("this was the first attempt\n")
    world.now += timedelta(minutes=1)
    world.end_instance("Server.SpotInstanceTermination")


def test_the_log_of_an_earlier_attempt_is_not_the_end_of_one_that_left_none(world: World) -> None:
    second_attempt_after_a_reclaimed_one(world)
    world.pass_time(timedelta(hours=3, minutes=30))
    assert_settled(world, "timed-out")
    assert "this was the first attempt" not in world.mails[0].body


def test_one_that_vanished_is_tried_again_whatever_an_earlier_attempt_saved(world: World) -> None:
    second_attempt_after_a_reclaimed_one(world)
    world.now += timedelta(minutes=2)
    world.end_instance(tell=False)
    world.pass_time(timedelta(hours=3, minutes=1))
    assert world.mails == []
    world.complete(attempt=3)
    world.end_instance()
    assert_settled(world, "verified")
    assert world.launches == {"1": 1, "2": 1, "3": 1}


def test_a_launch_that_was_held_up_until_its_deadline_is_left_to_the_next_attempt(
    world: World,
) -> None:
    fault = Fault("before", operation="ec2.DescribeSubnets", times=3)
    world.faults.append(fault)
    world.send("launcher", SCHEDULED)
    world.dead_letters.clear()
    world.now += timedelta(hours=2, minutes=50)
    assert world.invoke("launcher", SCHEDULED)["status"] == "too late"
    assert world.running() == []
    world.pass_time(timedelta(minutes=15))
    assert world.launches == {"2": 1}
    world.complete(attempt=2)
    world.end_instance()
    assert_settled(world, "verified")
    assert f"runs/{RUN_ID}/manifest.json" in world.mails[0].body


def test_a_reporter_that_fails_at_the_deadline_and_in_both_retries_is_woken_once_more(
    world: World,
) -> None:
    world.send("launcher", SCHEDULED)
    world.faults.append(Fault("error", operation="dynamodb.GetItem", times=3))
    world.pass_time(timedelta(hours=3, minutes=40))
    assert world.running() == []
    assert world.verdicts == ["timed-out"]


def test_an_instance_that_may_not_be_ended_is_told_and_not_only_tried(world: World) -> None:
    world.send("launcher", SCHEDULED)
    forbidden = Fault(
        "error",
        operation="ec2.TerminateInstances",
        code="OperationNotPermitted",
        status=400,
        lasting=timedelta(days=1),
    )
    world.faults.append(forbidden)
    world.pass_time(timedelta(hours=4))
    assert world.verdicts == ["timed-out"]
    assert "Terminate it by hand" in world.mails[0].body
    assert world.dead_letters == []


def test_the_lease_of_the_mail_begins_when_the_archives_are_checked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.faults.append(Fault("error", operation="sns.Publish", code="x", status=400, times=1))
    clock = iter((0.0, 300.0))
    monkeypatch.setattr("reporter.reporter.monotonic", lambda: next(clock))
    instance = world.end_instance(tell=False)
    with pytest.raises(ClientError):
        world.invoke("reporter", terminated(instance))
    run = RunStore(world.aws.client("dynamodb"), "runs").load(RUN_ID)
    assert run
    assert run.mail_lease_until == world.now + timedelta(minutes=5) + MAIL_LEASE
