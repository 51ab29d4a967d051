"""What an instance says counts for its own attempt alone, whoever writes what in whose name."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from backup_contract.documents.manifest import Manifest
from local_cloud.variables import ROLE_ID
from tests.integration.functions.test_damaged_documents import change_item
from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, World

PUBLISHED = f"runs/{RUN_ID}/manifest.json"
FOREIGN = f"runs/{RUN_ID}/attempts/{ROLE_ID}:i-0f0f0f0f0f0f0f0f0/"


def whole(world: World, **more: Any) -> bytes:
    """A complete manifest of two archives that are there, as an intruder can make one."""
    world.complete(**more)
    key = world.own("evidence.json", **more)
    data = world.aws.client("s3").get_object(Bucket="backups", Key=key)["Body"].read()
    assert isinstance(data, bytes)
    return data


@pytest.mark.parametrize("place", [PUBLISHED, f"{FOREIGN}evidence.json"])
def test_a_marker_and_a_manifest_written_in_advance_verify_no_reclaimed_run(
    world: World, place: str
) -> None:
    """By an instance that was taken over in an earlier run, for each attempt of a later one."""
    forged = whole(world)
    for attempt in (1, 2, 3):
        manifest = forged.replace(b'"attempt": 1', b'"attempt": %d' % attempt)
        world.write(place, manifest)
        world.mark(place, manifest, attempt=attempt)
    world.send("launcher", SCHEDULED)
    for _ in range(3):
        world.end_instance("Server.SpotInstanceTermination")
    assert_settled(world, "interrupted")
    assert world.launches == {"1": 1, "2": 1, "3": 1}


def test_no_name_that_is_nearly_the_instances_own_speaks_for_it(world: World) -> None:
    """Written after the launch, by somebody who knows the instance's id and may not write there."""
    world.send("launcher", SCHEDULED)
    own = world.own("evidence.json")
    launched = own.rpartition("/")[0]
    places = (
        *(f"{launched}0/evidence.json", f"{launched[:-1]}/evidence.json", f"{own}/evidence.json"),
        *(own.replace(ROLE_ID, f"{ROLE_ID}X"), own.replace(ROLE_ID, ROLE_ID.lower())),
        *(own.replace("i-", "I-"), f"{launched}//evidence.json", f" {own}", f"{own} "),
        *(f"{launched}/attempts/{own}", own.replace(RUN_ID, f"{RUN_ID}x")),
    )
    forged = whole(world)
    world.aws.client("s3").delete_object(Bucket="backups", Key=own)
    for minute, place in enumerate(places):
        world.write(place, forged)
        marker = (
            f"run_id={RUN_ID}\nattempt=1\nmanifest={place}\n"
            f"manifest_sha256={sha256(forged).hexdigest()}\n"
        )
        world.write(f"github_backups/2026-11-27-17-{10 + minute}.txt", marker.encode())
    world.end_instance("Client.VolumeLimitExceeded")
    assert_settled(world, "failed")


def test_a_marker_of_somebody_else_hides_no_true_one(world: World) -> None:
    world.send("launcher", SCHEDULED)
    forged = whole(world).replace(b"hello", b"jello")
    own = world.own("evidence.json")
    for minute, (key, manifest) in enumerate([(own, forged), (PUBLISHED, forged), ("", forged)]):
        world.mark(key, manifest)
        marker = "github_backups/2026-11-27-17-09.txt"
        copy = {"Bucket": "backups", "Key": marker}
        later = f"github_backups/2026-11-27-17-1{minute}.txt"
        world.aws.client("s3").copy_object(Bucket="backups", Key=later, CopySource=copy)
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")


def test_a_manifest_that_is_replaced_after_the_marker_is_never_verified(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.write(world.own("evidence.json"), b"{}")
    world.end_instance("Client.VolumeLimitExceeded")
    assert_settled(world, "failed")
    assert f"{world.own('evidence.json')} is damaged: " in world.mails[0].body


@pytest.mark.parametrize("name", ["verdict", "evidence", "evidence_sha256"])
def test_evidence_that_gives_itself_a_verdict_is_damaged(world: World, name: str) -> None:
    world.send("launcher", SCHEDULED)
    key = world.own("evidence.json")
    manifest = json.dumps({**json.loads(whole(world)), name: "verified"}).encode()
    world.write(key, manifest)
    world.mark(key, manifest)
    world.end_instance()
    assert_settled(world, "unverified")
    assert f"{key} is damaged: {name} is the reporter's to write." in world.mails[0].body


def test_a_verified_run_is_published_with_its_verdict_and_where_that_is_from(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")
    answer, own = world.object(PUBLISHED), world.object(world.own("evidence.json"))
    assert answer["verdict"] == "verified"
    assert answer["evidence"] == world.own("evidence.json")
    assert {name: answer[name] for name in own} == own


def test_an_interrupted_run_publishes_the_newest_checkpoint_of_its_attempts(world: World) -> None:
    world.send("launcher", SCHEDULED)
    for attempt in (1, 2):
        world.write_manifest([], attempt=attempt)
        world.end_instance("Server.SpotInstanceTermination")
    world.write(world.own("evidence.json", attempt=3), b"cut off")
    world.end_instance("Server.SpotInstanceTermination")
    assert_settled(world, "interrupted")
    answer = world.object(PUBLISHED)
    assert (answer["verdict"], answer["attempt"]) == ("interrupted", 2)
    assert answer["evidence"] == world.own("evidence.json", attempt=2)


def test_a_run_without_a_checkpoint_publishes_nothing(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.end_instance("Client.VolumeLimitExceeded")
    assert_settled(world, "failed")
    listed = world.aws.client("s3").list_objects_v2(Bucket="backups", Prefix=PUBLISHED)
    assert listed["KeyCount"] == 0


def test_a_report_that_is_repeated_publishes_once(world: World) -> None:
    fault = Fault("error", operation="sns.Publish", times=10**6)
    world.faults.append(fault)
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    fault.times = 0
    world.dead_letters.clear()
    world.pass_time(timedelta(days=1))
    assert_settled(world, "verified")
    s3 = world.aws.client("s3")
    found = s3.list_object_versions(Bucket="backups", Prefix=PUBLISHED)["Versions"]
    assert len(found) == 1


def test_a_manifest_that_cannot_be_published_costs_a_line_of_the_mail(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.faults.append(
        Fault("error", operation="s3.PutObject", code="AccessDenied", status=403, times=1)
    )
    world.end_instance()
    assert_settled(world, "verified")
    output = (
        f"{PUBLISHED} could not be published (AccessDenied: no); see {world.own('evidence.json')}"
    )
    assert f"  - {output} instead." in world.mails[0].body


def test_the_launch_is_written_down_with_every_attempt_and_where_it_writes(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.end_instance("Server.SpotInstanceTermination")
    record = world.object(f"runs/{RUN_ID}/launch.json")
    assert record["attempt"] == 2
    assert [(each["attempt"], each["evidence"]) for each in record["attempts"]] == [
        (attempt, world.own("", attempt=attempt)) for attempt in (1, 2)
    ]


def test_an_instance_whose_launch_was_not_written_down_is_known_by_the_note_of_it(
    world: World,
) -> None:
    """The launcher was cut off between the two."""

    def not_written_down(text: str) -> str:
        document = json.loads(text)
        document["attempts"][0]["instance"] = None
        return json.dumps(document)

    world.send("launcher", SCHEDULED)
    change_item(world, not_written_down)
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")


def test_a_launch_that_the_bucket_did_not_take_is_written_down_by_the_next_try(
    world: World,
) -> None:
    world.send("launcher", SCHEDULED)
    world.aws.client("s3").delete_object(Bucket="backups", Key=f"runs/{RUN_ID}/launch.json")
    assert world.invoke("launcher", SCHEDULED)["status"] == "already launched"
    assert world.object(f"runs/{RUN_ID}/launch.json")["attempts"][0]["evidence"] == world.own("")


def test_a_run_of_an_older_launcher_is_repeated_whatever_its_instance_left(world: World) -> None:
    world.send("launcher", SCHEDULED)

    client = world.aws.client("dynamodb")
    item = client.get_item(TableName="runs", Key={"pk": {"S": RUN_ID}})["Item"]
    del item["roles"]
    client.put_item(TableName="runs", Item=item)
    manifest = whole(world)
    world.write(PUBLISHED, manifest)
    world.mark(PUBLISHED, manifest)
    world.end_instance()
    assert world.mails == []
    world.complete(attempt=2)
    world.end_instance()
    assert_settled(world, "verified")
    assert world.object(PUBLISHED)["attempt"] == 2


def test_what_is_published_is_read_by_the_program(world: World) -> None:
    world.send("launcher", SCHEDULED)
    manifest = Manifest.from_json((PROGRAM_MANIFEST % RUN_ID).encode())
    key = world.own("evidence.json")
    world.write(key, manifest.to_json())
    world.mark(key, manifest.to_json())
    world.end_instance()
    data = world.aws.client("s3").get_object(Bucket="backups", Key=PUBLISHED)["Body"].read()
    assert Manifest.from_json(data) == manifest


PROGRAM_MANIFEST = """{"schema": 1, "run_id": "%s", "attempt": 1, "owners": ["octo"],
"started_at": "2026-11-27T17:00:00Z", "finished_at": "2026-11-27T17:09:00Z", "complete": true,
"token_expires_at": null, "totals": {"listed": 0}, "repositories": [], "drill": null}"""
