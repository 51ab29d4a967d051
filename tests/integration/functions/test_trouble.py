"""Runs that meet trouble: what is tried again, what is told, and what must not hide the rest."""

from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World


def fail(world: World, attempt: int, output: str) -> None:
    """The running instance fails by itself after three minutes."""
    world.now += timedelta(minutes=3)
    world.progress("failed", attempt=attempt, done=0)
    world.save_log(f"bootstrap: run\n{output}\n")
    world.end_instance()


def test_a_scheduled_run_outlasts_an_outage_of_github_of_an_hour(world: World) -> None:
    world.send("launcher", SCHEDULED)
    fail(world, 1, "repo-backup: api.github.com: HTTP 503")
    assert world.mails == []
    assert world.running() == []
    world.pass_time(timedelta(minutes=32))
    fail(world, 2, "repo-backup: api.github.com: HTTP 502")
    world.pass_time(timedelta(minutes=32))
    world.complete(attempt=3)
    world.end_instance()
    assert_settled(world, "verified")
    story = [line for line in world.mails[0].body.splitlines() if line.startswith("  - attempt")]
    assert story[0].startswith("  - attempt 1 failed after 3 min")
    assert story[0].endswith(": repo-backup: api.github.com: HTTP 503")
    assert story[1].endswith(": repo-backup: api.github.com: HTTP 502")
    assert story[2].startswith("  - attempt 3 ended after")


def test_a_run_that_fails_at_every_attempt_is_told_once_with_all_of_them(world: World) -> None:
    world.send("launcher", SCHEDULED)
    for attempt in (1, 2, 3):
        fail(world, attempt, f"it went wrong {attempt} times")
        world.pass_time(timedelta(minutes=32))
    assert_settled(world, "failed")
    assert world.launches == {"1": 1, "2": 1, "3": 1}
    assert all(f"it went wrong {attempt} times" in world.mails[0].body for attempt in (1, 2, 3))


def test_a_failure_that_the_next_launch_finds_to_be_final_is_told_with_both(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launcher's check is what tells it from an outage; here the token's parameter is gone."""
    world.send("launcher", SCHEDULED)
    fail(world, 1, "repo-backup: the token could not be read")
    monkeypatch.setenv("GITHUB_TOKEN_PARAMETER", "/no/such")
    world.pass_time(timedelta(minutes=32))
    assert_settled(world, "not-launched")
    mail = world.mails[0]
    assert "0 of 120 repositories done" in mail.subject
    assert "GitHubTokenParameter" in mail.body
    assert "attempt 1 failed after 3 min" in mail.body
    assert "attempt 2 got no instance: refused" in mail.body
    assert world.launches == {"1": 1}


def test_an_early_wake_up_does_not_shorten_the_pause_after_a_failure(world: World) -> None:
    world.send("launcher", SCHEDULED)
    fail(world, 1, "HTTP 503")
    world.send("reporter", {"trigger": "recheck", "run_id": RUN_ID})
    world.send("reporter", {"trigger": "watchdog"})
    assert world.running() == []
    world.pass_time(timedelta(minutes=32))
    assert world.launches == {"1": 1, "2": 1}


def test_a_launcher_that_never_begins_the_next_attempt_is_told_within_days(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send("launcher", SCHEDULED)
    world.progress("backing-up")
    with monkeypatch.context() as broken:
        broken.setenv("INSTANCE_TYPES", "")  # which only the launcher reads
        world.end_instance("Server.SpotInstanceTermination")
        world.pass_time(timedelta(hours=40))
        assert world.mails == []
        world.pass_time(timedelta(days=2))
    assert world.verdicts == ["interrupted"]
    assert "never began: the launcher's log" in world.mails[0].body
    assert world.schedules() == {}
    reported = len(world.dead_letters)
    world.pass_time(timedelta(days=2))
    assert len(world.dead_letters) == reported
    assert len(world.mails) == 1


def test_lambda_s_retry_of_a_run_by_hand_is_the_same_run(world: World) -> None:
    world.faults.append(Fault("error", operation="ec2.DescribeSubnets", times=2))
    world.send("launcher", {})
    assert world.dead_letters == []
    runs = [name for name in world.schedules() if name.startswith("deadline-")]
    assert runs == [f"deadline-{RUN_ID}-1"]
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")


def test_a_run_by_hand_whose_answer_was_lost_is_not_launched_twice(world: World) -> None:
    world.faults.append(Fault("after", operation="ec2.RunInstances"))
    world.send("launcher", {})
    assert world.launches == {"1": 1}
    assert len(world.running()) == 1


def test_a_run_by_hand_while_another_is_at_work_spends_nothing(world: World) -> None:
    first = world.invoke("launcher", {})["run_id"]
    world.now += timedelta(minutes=1)
    answer = world.invoke("launcher", {})
    assert answer["status"] == "refused"
    assert f"Run {first} is in progress, until 2026-11-27 20:00 UTC" in answer["problem"]
    assert world.launches == {"1": 1}
    world.complete()
    world.end_instance()
    second = world.invoke("launcher", {})
    assert second["status"] == "launched"
    assert second["run_id"] != first


@pytest.mark.parametrize("kind", ["error", "unreached"])
def test_a_schedule_that_cannot_be_read_does_not_hide_a_run_from_the_watchdog(
    world: World, kind: str
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.faults.append(Fault("error", operation="sns.Publish", times=10))
    world.end_instance()
    world.faults.clear()
    world.faults.append(Fault(kind, operation="scheduler.GetSchedule", times=10))
    world.send("reporter", {"trigger": "watchdog"})
    assert world.verdicts == ["verified"]
    assert ("reporter", {"trigger": "watchdog"}) in world.dead_letters


def test_a_run_that_cannot_be_looked_at_does_not_hide_the_next_one(world: World) -> None:
    """AWS is not reached for the older of two runs."""
    for trouble in (Fault("error", operation="sns.Publish", times=10), None):
        due = {**SCHEDULED, "scheduled_time": world.now.isoformat()}
        world.send("launcher", {} if trouble else due)
        if trouble:
            world.progress("failed")
            world.faults.append(trouble)
            world.end_instance()
            world.faults.clear()
            world.now += timedelta(minutes=10)
    world.end_instance("Client.VolumeLimitExceeded", tell=False)
    world.faults.append(Fault("unreached", operation="s3.ListObjectsV2", times=1))
    with pytest.raises(EndpointConnectionError):
        world.invoke("reporter", {"trigger": "watchdog"})
    assert world.verdicts == ["failed"]
    world.invoke("reporter", {"trigger": "watchdog"})
    assert world.verdicts == ["failed", "failed"]


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException"])
def test_a_bucket_that_may_not_be_read_any_more_is_told_as_unverified(
    world: World, code: str
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    for operation in ("s3.GetObject", "s3.PutObject"):
        denied = Fault("error", operation=operation, code=code, status=403, times=10**6)
        world.faults.append(denied)
    world.end_instance()
    world.pass_time(timedelta(hours=4))
    assert world.verdicts == ["unverified"]
    assert f"may not be read ({code}: no)" in world.mails[0].body
    assert "bucket's policy" in world.mails[0].body
    assert "archives named above" not in world.mails[0].body
    assert world.dead_letters == []
    assert world.schedules() == {}


def test_a_bucket_that_may_be_read_again_before_the_deadline_is_verified(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    denied = Fault("error", operation="s3.GetObject", code="AccessDenied", status=403, times=10**6)
    world.faults.append(denied)
    world.end_instance()
    world.faults.clear()
    world.pass_time(timedelta(hours=4))
    assert_settled(world, "verified")


def test_archives_that_may_not_be_looked_at_are_named(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    denied = Fault("error", operation="s3.HeadObject", code="403", status=403, times=10**6)
    world.faults.append(denied)
    world.send("reporter", {"trigger": "recheck", "run_id": RUN_ID})
    world.pass_time(timedelta(hours=4))
    assert world.verdicts == ["unverified"]
    assert "hello.zip could not be checked (403: no)" in world.mails[0].body
