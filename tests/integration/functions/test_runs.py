"""Whole runs through both handlers: what is launched, what is mailed, what is left behind."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from backup_contract.moments import run_id_of
from local_cloud.github import GitHubStandIn
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
def test_a_repository_that_is_no_longer_listed_is_named_with_its_archive_which_is_checked(
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
    assert f"octo/hello: {key} (16 B) is retained until you remove it: {remove}" in text
    missing = f"octo/hello (kept, id {hello['id']}): {key} is not in the bucket"
    assert (missing in text) is not there


def test_a_run_that_lists_nothing_is_mailed_with_the_remedy(world: World) -> None:
    output = "GitHub lists no repository of octo; without a token only public repositories are seen"
    world.send("launcher", {})
    run_id = run_id_of(world.now)
    world.write_manifest([], run_id=run_id, errors=[output])
    world.end_instance()
    assert world.verdicts == ["failed"]
    assert f"Errors of the whole run:\n  - {output}\n" in world.mails[0].body


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
