"""The watchdog, the heartbeat and the alarms: what tells that no good run came."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from backup_contract.moments import run_id_of
from local_cloud.github import GitHubStandIn
from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World


def test_a_mail_that_could_never_be_sent_comes_from_the_watchdog_once_sns_is_back(
    world: World,
) -> None:
    fault = Fault("error", operation="sns.Publish", times=10**6)
    world.faults.append(fault)
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert world.mails == []
    assert world.dead_letters
    fault.times = 0
    world.dead_letters.clear()
    world.pass_time(timedelta(days=1))
    assert_settled(world, "verified")


def test_a_scheduled_run_that_never_came_is_mailed_once_and_not_daily(world: World) -> None:
    """Not even a stack's very first run can be lost in silence."""
    world.pass_time(timedelta(days=10))
    missed = [mail.subject for mail in world.mails]
    assert missed == [
        "[OnlineBackup] missed: the scheduled run never started, 2026-11-27",
        "[OnlineBackup] missed: the scheduled run never started, 2026-12-04",
    ]


def test_a_run_that_came_is_not_missed(world: World) -> None:
    world.scheduled_since = world.now
    world.now += timedelta(days=7)
    world.send("launcher", {**SCHEDULED, "scheduled_time": world.now.isoformat()})
    run_id = run_id_of(world.now)
    world.complete(run_id=run_id)
    world.end_instance()
    world.pass_time(timedelta(days=3))
    assert [mail.subject.split(":")[0] for mail in world.mails] == ["[OnlineBackup] verified"]


def test_a_schedule_that_was_disabled_even_by_hand_misses_nothing(world: World) -> None:
    scheduler = world.aws.client("scheduler")
    shown = scheduler.get_schedule(Name="backup", GroupName="stack")
    names = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{name: shown[name] for name in names}, State="DISABLED")
    world.pass_time(timedelta(days=20))
    assert world.mails == []


def test_the_report_tells_of_the_schedule_in_force_and_not_of_the_deployed_one(
    world: World,
) -> None:
    scheduler = world.aws.client("scheduler")
    shown = scheduler.get_schedule(Name="backup", GroupName="stack")
    kept = {name: shown[name] for name in ("Name", "GroupName", "FlexibleTimeWindow", "Target")}
    monthly = "cron(0 4 1 * ? *)"
    scheduler.update_schedule(
        **kept,
        ScheduleExpression=monthly,
        ScheduleExpressionTimezone="Europe/Vienna",
        State="ENABLED",
    )
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    reported = world.object(f"runs/{RUN_ID}/report.json")["schedule"]
    assert reported == {"expression": monthly, "timezone": "Europe/Vienna", "state": "ENABLED"}
    assert "2026-12-01 04:00" in world.mails[0].body


def test_without_its_schedule_the_age_of_the_newest_run_alarms(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    world.aws.client("scheduler").delete_schedule(Name="backup", GroupName="stack")
    world.pass_time(timedelta(days=10))
    assert world.verdicts == ["verified", "missed"]


@pytest.mark.parametrize(("failed", "beats"), [(0, 1), (1, 0)])
def test_the_heartbeat_follows_a_verified_run_only(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: int, beats: int
) -> None:
    with GitHubStandIn(tmp_path) as listener:
        monkeypatch.setenv("HEARTBEAT_URL", f"{listener.api_url}/ping")
        world.send("launcher", SCHEDULED)
        world.complete(failed=failed)
        world.end_instance()
    assert [request.path for request in listener.requests] == ["/ping"] * beats


def test_the_alarms_hear_of_a_failed_run_and_of_a_verified_one_that_does_not_come(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(name: str) -> list[float]:
        lines = capsys.readouterr().out.splitlines()
        found = [json.loads(each) for each in lines if f'"{name}"' in each]
        return [figure for each in found for figure in each[name]]

    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert measured("VerifiedRunOverdue") == [0]
    world.aws.client("scheduler").delete_schedule(Name="backup", GroupName="stack")
    world.pass_time(timedelta(days=10))
    reported = measured("VerifiedRunOverdue")
    assert sorted(reported) == reported, "0 each day, then 1"
    assert {*reported} == {0, 1}
