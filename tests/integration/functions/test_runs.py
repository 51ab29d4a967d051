"""Whole runs through both handlers: what is launched, what is mailed, what is left behind."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from backup_contract.moments import run_id_of
from local_cloud.github import GitHubStandIn
from shared.errors import EventError
from tests.integration.functions.account import TOPIC_ARN
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World, terminated


def assert_settled(world: World, verdict: str) -> None:
    """One mail with this verdict, and nothing left that runs, waits or bills."""
    assert [mail.subject.split(":")[0] for mail in world.mails] == [f"[OnlineBackup] {verdict}"]
    assert world.running() == []
    assert world.schedules() == {}
    assert world.dead_letters == []
    assert world.object(f"runs/{RUN_ID}/report.json")["verdict"] == verdict


def test_a_scheduled_run_launches_one_spot_instance_and_mails_verified(world: World) -> None:
    world.send("launcher", SCHEDULED)
    (instance,) = world.aws.client("ec2").describe_instances()["Reservations"][0]["Instances"]
    assert instance["InstanceLifecycle"] == "spot"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags["online-backup:run-id"] == RUN_ID
    assert sorted(world.schedules()) == [f"deadline-{RUN_ID}-1", f"overdue-{RUN_ID}-1"]
    assert world.object(f"runs/{RUN_ID}/launch.json")["instance_id"] == instance["InstanceId"]

    world.complete()
    world.now += timedelta(minutes=9)
    world.end_instance()

    assert_settled(world, "verified")
    assert world.mails[0].subject == (
        "[OnlineBackup] verified: 2 repositories, 2 changed, 2026-11-27"
    )


def test_the_program_is_published_under_its_own_hash_before_the_launch(world: World) -> None:
    world.send("launcher", SCHEDULED)
    listed = world.aws.client("s3").list_objects_v2(Bucket="backups", Prefix="admin/")["Contents"]
    digest = sha256(b"the program").hexdigest()
    assert [each["Key"] for each in listed] == [f"admin/init_scripts/repo_backup-{digest}.zip"]
    assert world.calls.index("s3.PutObject") < world.calls.index("ec2.RunInstances")


def test_the_same_schedule_delivered_twice_launches_once(world: World) -> None:
    world.send("launcher", SCHEDULED)
    again = world.invoke("launcher", SCHEDULED)
    assert again["status"] == "already launched"
    assert len(world.running()) == 1


def test_a_terminated_event_delivered_twice_and_late_mails_once(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    gone = world.end_instance()
    world.send("reporter", terminated(gone))
    world.pass_time(timedelta(days=2))
    world.send("reporter", terminated(gone))
    assert_settled(world, "verified")


def test_a_lost_terminated_event_is_made_good_at_the_deadline(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance(tell=False)
    assert world.mails == []
    world.pass_time(timedelta(hours=4))
    assert_settled(world, "verified")


def test_a_failed_repository_makes_the_run_partial_and_is_named(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete(failed=1)
    world.end_instance()
    assert_settled(world, "partial")
    assert "octo/broken: HTTP 500" in world.mails[0].body


def test_a_known_failure_stays_listed_but_the_run_is_verified(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWN_FAILURES", "Octo/Broken")
    world.send("launcher", SCHEDULED)
    world.complete(failed=1)
    world.end_instance()
    assert_settled(world, "verified")
    assert "octo/broken: HTTP 500" in world.mails[0].body


@pytest.mark.parametrize("harm", ["delete", "overwrite", "truncate"])
def test_an_archive_that_is_not_what_the_manifest_says_is_never_verified(
    world: World, harm: str
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    s3, key = world.aws.client("s3"), "github_backups/octo/world.zip"
    if harm == "delete":
        s3.delete_object(Bucket="backups", Key=key)
    elif harm == "overwrite":
        s3.put_object(Bucket="backups", Key=key, Body=b"ARCHIVE OF world")
    else:
        s3.put_object(Bucket="backups", Key=key, Body=b"arch")
    world.end_instance()
    assert_settled(world, "unverified")
    assert "octo/world: github_backups/octo/world.zip" in world.mails[0].body


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"schema": 2}', b'{"schema": 1}'])
def test_a_marker_without_a_sound_manifest_is_never_verified(world: World, manifest: bytes) -> None:
    world.send("launcher", SCHEDULED)
    key = world.own("evidence.json")
    world.write(key, manifest)
    world.mark(key, manifest)
    world.end_instance()
    assert_settled(world, "unverified")


def test_a_run_by_hand_that_ends_without_a_marker_has_failed_and_shows_its_log(
    world: World,
) -> None:
    world.send("launcher", {})
    world.save_log("dnf: no mirror\n")
    world.end_instance()
    assert_settled(world, "failed")
    assert "dnf: no mirror" in world.mails[0].body


def test_a_reclaimed_instance_is_followed_by_another_and_one_mail_tells_both(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.progress("backing-up")
    world.now += timedelta(minutes=6)
    world.end_instance("Server.SpotInstanceTermination")
    assert world.mails == []
    assert len(world.running()) == 1
    world.complete(attempt=2)
    world.end_instance()
    assert_settled(world, "verified")
    assert "attempt 1 reclaimed after 6 min with 37 of 120 done" in world.mails[0].body
    assert world.launches == {"1": 1, "2": 1}


def test_the_last_attempt_is_on_demand_and_its_end_is_final(world: World) -> None:
    world.send("launcher", SCHEDULED)
    for _ in range(2):
        world.end_instance("Server.SpotInstanceTermination")
    found = world.aws.client("ec2").describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
    )
    (instance,) = found["Reservations"][0]["Instances"]
    assert "InstanceLifecycle" not in instance
    world.end_instance("Server.SpotInstanceTermination")
    assert_settled(world, "interrupted")


NO_CAPACITY = Fault(
    "error", operation="ec2.RunInstances", code="InsufficientInstanceCapacity", times=10**6
)


@pytest.mark.parametrize("attempts", [3, 1])
def test_a_person_is_told_whether_and_when_another_attempt_follows_one_without_capacity(
    world: World, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    monkeypatch.setenv("MAX_ATTEMPTS", str(attempts))
    world.faults.append(NO_CAPACITY)
    answer = world.invoke("launcher", {})
    world.send(*world.queue.pop())
    assert answer["status"] == "not launched"
    if attempts == 1:
        assert answer["next_attempt_at"] is None
        assert "next attempt" not in answer["problem"]
        assert world.verdicts == ["not-launched"]
    else:
        planned = datetime.fromisoformat(answer["next_attempt_at"])
        said = f"The next attempt is planned for {planned:%Y-%m-%d %H:%M} UTC."
        assert answer["problem"].endswith(said)
        assert world.schedules()[f"retry-{answer['run_id']}-2"] == planned


def test_no_capacity_anywhere_is_tried_three_times_and_then_told_with_every_code(
    world: World,
) -> None:
    world.faults.append(NO_CAPACITY)
    world.send("launcher", SCHEDULED)
    assert set(world.schedules()) == {
        *(f"deadline-{RUN_ID}-1", f"overdue-{RUN_ID}-1", f"retry-{RUN_ID}-2")
    }
    world.pass_time(timedelta(hours=2))
    assert_settled(world, "not-launched")
    lines = [line for line in world.mails[0].body.splitlines() if "InsufficientInst" in line]
    assert len(lines) == 2 * 2  # types x markets
    assert all(line.endswith("(eu-central-1a, b, c; attempts 1, 2, 3)") for line in lines)
    told = world.object(f"runs/{RUN_ID}/report.json")["attempts"]
    assert [len(attempt["refused"]) for attempt in told] == [2 * 2 * 3] * 3


def test_a_spot_quota_leads_straight_to_on_demand(world: World) -> None:
    world.faults.append(
        Fault(
            "error", operation="ec2.RunInstances", code="MaxSpotInstanceCountExceeded", status=400
        )
    )
    world.send("launcher", SCHEDULED)
    (instance,) = world.aws.client("ec2").describe_instances()["Reservations"][0]["Instances"]
    assert "InstanceLifecycle" not in instance


def test_trouble_with_the_account_stops_at_once_and_names_the_remedy(world: World) -> None:
    world.faults.append(
        Fault("error", operation="ec2.RunInstances", code="OptInRequired", status=401, times=99)
    )
    world.send("launcher", SCHEDULED)
    assert_settled(world, "not-launched")
    assert "Finish the sign-up of this AWS account" in world.mails[0].body
    assert world.calls.count("ec2.RunInstances") == 1


def test_an_ambiguous_answer_after_a_launch_finds_the_same_instance(world: World) -> None:
    world.faults.append(Fault("after", operation="ec2.RunInstances", times=1))
    world.send("launcher", SCHEDULED)
    assert len(world.running()) == 1
    assert world.launches == {"1": 1}


def test_an_owner_that_is_malformed_is_refused_before_anything_is_spent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OWNERS", "https://github.com/octo")
    answer = world.invoke("launcher", {})
    assert answer["status"] == "refused"
    assert "GitHubOwner" in answer["problem"]
    assert "ec2.RunInstances" not in world.calls


def test_a_token_parameter_that_does_not_exist_is_refused_with_the_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN_PARAMETER", "/no/such")
    answer = world.invoke("launcher", {})
    assert "aws ssm put-parameter --type SecureString --name /no/such" in answer["problem"]


def test_an_unknown_instance_type_is_refused_by_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_TYPES", "c99.gigantic")
    answer = world.invoke("launcher", {"dry_run": True})
    assert answer["status"] == "refused"
    assert "InstanceTypes" in answer["problem"]


def test_a_region_without_the_image_is_refused_before_anything_is_spent(world: World) -> None:
    world.faults.append(
        Fault("error", operation="ssm.GetParameter", code="ParameterNotFound", status=400)
    )
    answer = world.invoke("launcher", {})
    assert answer["status"] == "refused"
    assert "no Amazon Linux 2023 image" in answer["problem"]


def test_a_dry_run_asks_aws_and_keeps_nothing(world: World) -> None:
    answer = world.invoke("launcher", {"dry_run": True})
    assert answer["status"] == "would launch"
    assert answer["objections"] == {}
    assert world.calls.count("ec2.RunInstances") == 2
    assert world.running() == []
    assert world.schedules() == {}
    assert world.aws.client("dynamodb").scan(TableName="runs")["Count"] == 0


def test_a_typo_in_a_manual_event_is_an_error_that_names_it(world: World) -> None:
    with pytest.raises(EventError, match="dryrun: unknown field"):
        world.invoke("launcher", {"dryrun": True})
    assert world.calls == []


def test_an_instance_of_somebody_else_is_ignored(world: World) -> None:
    world.send("launcher", SCHEDULED)
    answer = world.invoke("reporter", terminated("i-0f0f0f0f0f0f0f0f0"))
    assert answer["status"] == "ignored"
    assert world.mails == []


def test_a_note_is_mailed_at_launch_when_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_ON_LAUNCH", "true")
    world.send("launcher", SCHEDULED)
    assert [mail.subject for mail in world.mails] == [f"[OnlineBackup] started: octo, run {RUN_ID}"]


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
    told = world.object(f"runs/{RUN_ID}/report.json")["schedule"]
    assert told == {"expression": monthly, "timezone": "Europe/Vienna", "state": "ENABLED"}
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
    told = measured("VerifiedRunOverdue")
    assert sorted(told) == told, "0 each day, then 1"
    assert {*told} == {0, 1}


def test_a_narrowed_run_says_so_and_gives_no_heartbeat(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GitHubStandIn(tmp_path) as listener:
        monkeypatch.setenv("HEARTBEAT_URL", f"{listener.api_url}/ping")
        world.send("launcher", {"only": ["hello"]})
        world.complete(run_id=run_id_of(world.now), only=("hello",))
        world.end_instance()
    assert world.verdicts == ["verified"]
    assert world.mails[0].subject.startswith("[OnlineBackup] verified (only hello): ")
    assert listener.requests == []


@pytest.mark.parametrize(("there", "verdict"), [(True, "verified"), (False, "unverified")])
def test_a_vanished_repository_is_named_with_its_kept_archive_which_is_checked(
    world: World, there: bool, verdict: str
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    hello, *_ = world.object(f"runs/{RUN_ID}/manifest.json")["repositories"]
    gone = {"state": "not-visible", "name": None}
    kept = {**hello, "wiki": False, "key": hello["archive"]["key"], "upstream": gone}
    if not there:
        world.aws.client("s3").delete_object(Bucket="backups", Key=kept["key"])
    world.now += timedelta(days=7)
    world.send("launcher", {**SCHEDULED, "scheduled_time": world.now.isoformat()})
    world.complete(run_id=run_id_of(world.now), names=("world",), kept=[kept])
    world.end_instance()
    assert world.verdicts == ["verified", verdict]
    text, key = world.mails[1].body, "github_backups/octo/hello.zip"
    remove = (
        "aws s3 rm s3://backups/github_backups/octo/ --recursive --exclude '*' "
        "--include hello.zip --include 'hello+*'"
    )
    assert f"octo/hello: {key} (16 B) is kept until you remove it: {remove}" in text
    missing = f"octo/hello (kept, id {hello['id']}): {key} is not in the bucket"
    assert (missing in text) is not there


def test_a_run_that_lists_nothing_is_mailed_with_the_remedy(world: World) -> None:
    said = "GitHub lists no repository of octo; without a token only public repositories are seen"
    world.send("launcher", {})
    run_id = run_id_of(world.now)
    world.write_manifest([], run_id=run_id, errors=[said])
    world.end_instance()
    assert world.verdicts == ["failed"]
    assert f"Errors of the whole run:\n  - {said}\n" in world.mails[0].body


def test_a_reported_run_leaves_metrics_and_the_same_figures_in_its_report(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete(failed=1)
    world.end_instance()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    metrics = {
        (definition["Name"], line.get("verdict") or line.get("state")): line[definition["Name"]]
        for line in lines
        for definition in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert metrics[("Runs", "partial")] == [1]
    assert metrics[("Repositories", "backed-up")] == [2]
    assert metrics[("Repositories", "failed")] == [1]
    assert metrics[("Attempts", None)] == [1]
    report = world.object(f"runs/{RUN_ID}/report.json")
    assert report["repositories"]["failed"] == 1
    assert metrics[("BytesStored", None)] == [report["bytes_stored"]]
    assert {line["stack"] for line in lines} == {"stack"}


def test_a_late_event_of_the_first_instance_does_not_end_the_second_attempt(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.faults.append(Fault("before", operation="ec2.RunInstances", times=3))
    gone = world.end_instance("Server.SpotInstanceTermination")
    assert world.running() == []
    world.send("reporter", terminated(gone))
    assert world.mails == []
    world.pass_time(timedelta(hours=4))
    world.complete(attempt=3)
    world.end_instance()
    assert [mail.subject.split(":")[0] for mail in world.mails] == ["[OnlineBackup] verified"]


def test_a_warned_backup_that_powered_off_in_time_is_continued(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.progress("reclaimed")
    world.end_instance("Client.InstanceInitiatedShutdown")
    assert world.mails == []
    world.complete(attempt=2)
    world.end_instance()
    assert_settled(world, "verified")
    assert "attempt 1 reclaimed after" in world.mails[0].body


@pytest.mark.parametrize("event", [{}, {"dry_run": True}])
def test_a_bucket_that_is_not_there_is_refused_by_its_parameter(
    world: World, monkeypatch: pytest.MonkeyPatch, event: dict[str, bool]
) -> None:
    monkeypatch.setenv("BUCKET", "somebody-elses")
    answer = world.invoke("launcher", event)
    assert answer["status"] == "refused"
    assert answer["problem"].startswith("ExistingBucketName: somebody-elses cannot be used")


def test_on_demand_that_the_stack_forbids_is_refused_and_not_silently_spot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOW_ON_DEMAND", "false")
    answer = world.invoke("launcher", {"on_demand": True})
    assert answer["problem"].startswith("AllowOnDemand: it is false")
    assert world.running() == []


@pytest.mark.parametrize("event", [{}, {"dry_run": True}])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--exclude 'test-*", "No closing quotation: close every quotation mark"),
        ("--no-fork", "did you mean --no-forks?"),
        ("--destination /tmp/x", "--destination: the archives go to the stack's own bucket"),
    ],
)
def test_options_that_the_program_would_refuse_are_refused_before_anything_is_spent(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    event: dict[str, bool],
    options: str,
    said: str,
) -> None:
    monkeypatch.setenv("BACKUP_OPTIONS", options)
    answer = world.invoke("launcher", event)
    assert answer["status"] == "refused"
    assert answer["problem"].startswith("BackupOptions: ")
    assert said in answer["problem"]
    assert world.running() == []


def test_a_bucket_that_is_gone_is_told_and_not_only_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "somebody-elses")
    world.send("launcher", SCHEDULED)
    assert world.verdicts == ["not-launched"]
    assert "ExistingBucketName: somebody-elses cannot be used" in world.mails[0].body
    assert world.dead_letters == []
    assert world.schedules() == {}


def test_a_bucket_that_somebody_deletes_in_mid_run_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send("launcher", SCHEDULED)
    world.save_log("NoSuchBucket\n")
    monkeypatch.setenv("BUCKET", "gone")
    world.end_instance()
    world.pass_time(timedelta(hours=3))
    assert world.verdicts == ["unverified"]
    assert "There is no bucket gone (NoSuchBucket: " in world.mails[0].body
    assert "another ExistingBucketName" in world.mails[0].body
    assert f"runs/{RUN_ID}/report.json could not be written (NoSuchBucket" in world.mails[0].body
    assert world.launches == {"1": 1}
    assert world.dead_letters == []


def test_an_unfinished_listing_is_no_list_of_vanished_repositories(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    world.now += timedelta(days=7)
    run_id = run_id_of(world.now)
    world.send("launcher", {**SCHEDULED, "scheduled_time": world.now.isoformat()})
    world.write_manifest([], run_id=run_id)
    world.end_instance("Client.VolumeLimitExceeded")
    assert world.verdicts == ["verified", "failed"]
    assert "No longer" not in world.mails[1].body
    world.now += timedelta(days=7)
    world.send("launcher", {**SCHEDULED, "scheduled_time": world.now.isoformat()})
    world.complete(run_id=run_id_of(world.now))
    world.end_instance()
    assert "New on GitHub" not in world.mails[2].body


@pytest.mark.parametrize("event", [{}, {"dry_run": True}])
def test_that_nobody_has_confirmed_the_mails_is_said_in_the_answer(
    world: World, event: dict[str, bool]
) -> None:
    answer = world.invoke("launcher", event)
    assert answer["mail"].startswith("NOBODY WILL GET THE SUMMARY")
    assert f"--topic-arn {TOPIC_ARN}" in answer["mail"]


def test_of_confirmed_mails_the_answer_says_nothing(world: World) -> None:
    sns = world.aws.client("sns")
    sns.subscribe(TopicArn=TOPIC_ARN, Protocol="email", Endpoint="you@example.com")
    assert "mail" not in world.invoke("launcher", {})


def test_a_subscription_that_waits_for_its_link_hears_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sns = world.aws.client("sns")
    arn = sns.subscribe(TopicArn=TOPIC_ARN, Protocol="email", Endpoint="you@example.com")
    world.unconfirmed.add(arn["SubscriptionArn"])
    assert "mail" in world.invoke("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["Listeners"] for line in lines if "Listeners" in line] == [[0]]


def test_a_question_about_listeners_that_fails_costs_nothing(world: World) -> None:
    world.faults.append(Fault("error", operation="sns.ListSubscriptionsByTopic", times=9))
    assert "mail" not in world.invoke("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")
