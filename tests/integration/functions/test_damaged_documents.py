"""Whatever lies in the bucket: an instance ends at its deadline, and the run is told once."""

import json
from datetime import timedelta
from typing import Any

import pytest

from reporter.publish.facts import Facts
from reporter.publish.sections import Message
from reporter.publish.summary import summary as summary_of
from shared.aws import run_items
from shared.model.run import Run
from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import (
    DUE,
    RUN_ID,
    SCHEDULED,
    Fault,
    World,
)
from tests.surplus import slow_but
from tests.unit.repo_backup import test_parsers as inputs

EARLIER = "2026-11-20T17-00-00Z"
SAID = json.dumps(inputs.PROGRESS).replace('"done": 1', '"done": %s')
assert "%s" in SAID
DAMAGED = {
    "infinite": (SAID % "Infinity").encode(),
    "not a number": (SAID % "NaN").encode(),
    "out of range": (SAID % "1e400").encode(),
    "400 digits": (SAID % ("9" * 400)).encode(),
    "5000 digits": (SAID % ("9" * 5000)).encode(),
    "nested": b"[" * 100_000,
    "large": b'{"a": "' + b"x" * 2**17 + b'"}',
    "UTF-16, cut": '{"attempt": 1}'.encode("utf-16")[:-1],
    "a lone surrogate": (SAID % "1").replace("backing-up", "\\ud800").encode(),
    "no object": b"[1]",
    "nothing": b"",
}


@pytest.mark.parametrize("data", slow_but({0, 4, 7, 9}, DAMAGED.values()), ids=DAMAGED)
def test_no_progress_keeps_an_instance_alive_or_a_mail_from_being_sent(
    world: World, data: bytes
) -> None:
    world.send("launcher", SCHEDULED)
    world.write(world.own("progress.json"), data)
    world.pass_time(timedelta(hours=4))
    assert_settled(world, "timed-out")
    assert world.surprises == []
    assert f"{world.own('progress.json')} is damaged: " in world.mails[0].body


def test_an_instance_is_ended_at_its_deadline_whether_or_not_s3_answers(world: World) -> None:
    world.send("launcher", SCHEDULED)
    (name,) = world.running()
    for operation in ("s3.ListObjectsV2", "s3.GetObject", "s3.HeadObject"):
        world.faults.append(Fault("error", operation=operation, times=10**6))
    world.pass_time(timedelta(hours=3, minutes=5))
    assert world.running() == []
    assert world.ends[name][0] == DUE + timedelta(hours=3)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("totals", "bytes_stored"), -1e308),
        (("repositories", 0, "archive", "bytes"), int("9" * 400)),
        (("repositories", 0, "archive", "key"), ""),
    ],
)
def test_a_manifest_with_one_damaged_field_is_unverified_and_the_field_is_named(
    world: World, path: tuple[str | int, ...], value: object
) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    document = world.object(world.own("evidence.json"))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    vouched_for(world, json.dumps(document).encode())
    world.calls.clear()
    world.end_instance()
    assert_settled(world, "unverified")
    field = ".".join(map(str, path)).replace(".0", "[0]")
    key = world.own("evidence.json")
    assert f"{key} is damaged: {field} is " in world.mails[0].body
    assert world.mails[0].body.count(key) == 1
    # The log's is the only HEAD: none of the archives is asked for.
    assert world.calls.count("s3.HeadObject") <= 3


def vouched_for(world: World, manifest: bytes) -> None:
    """The attempt's manifest and a marker that goes with it."""
    world.write(world.own("evidence.json"), manifest)
    world.mark(world.own("evidence.json"), manifest)


def test_a_damaged_manifest_of_the_last_run_is_named_once_and_costs_only_the_comparison(
    world: World,
) -> None:
    world.write(f"runs/{EARLIER}/manifest.json", b'{"schema": 1, "owners": null}')
    item = {"pk": {"S": "last-reported"}, "run_id": {"S": EARLIER}}
    world.aws.client("dynamodb").put_item(TableName="runs", Item=item)
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")
    assert world.mails[0].body.count(f"runs/{EARLIER}/manifest.json is damaged: ") == 1
    (output,) = world.object(f"runs/{RUN_ID}/report.json")["damage"]
    assert output.startswith(f"runs/{EARLIER}/manifest.json is damaged: ")


def test_trouble_that_nobody_foresaw_costs_a_line_and_the_word_verified(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.observe.observer.estimate", lambda *_, **__: 1 / 0)
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert_settled(world, "unverified")
    assert "  - The cost could not be read (ZeroDivisionError)" in world.mails[0].body
    assert "2 repositories" in world.mails[0].body


def test_a_summary_that_cannot_be_written_is_sent_without_what_the_run_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def summary(facts: Facts) -> Message:
        if facts.manifest:
            raise ZeroDivisionError
        return summary_of(facts)

    monkeypatch.setattr("reporter.observe.summary.summary", summary)
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance()
    assert_settled(world, "unverified")
    assert "could not be read (ZeroDivisionError)" in world.mails[0].body


def test_documents_that_s3_does_not_hand_out_cost_no_mail(world: World) -> None:
    """In an archive tier, as any writer may put them, and with a key that only the writer has."""
    world.send("launcher", SCHEDULED)
    world.complete()
    world.progress("backing-up", done=0)
    world.save_log("hello")
    s3 = world.aws.client("s3")
    documents = [world.own("progress.json"), world.own("evidence.json")]
    for key in (*documents, "github_backups/2026-11-27-17-10.txt"):
        s3.put_object(Bucket="backups", Key=key, Body=b"{}", StorageClass="DEEP_ARCHIVE")
    world.faults.append(Fault("error", operation="s3.HeadObject", code="400", status=400, times=9))
    world.end_instance("Client.VolumeLimitExceeded")
    assert_settled(world, "failed")
    for key in documents:
        assert f"{key} is damaged: S3 does not return it" in world.mails[0].body


def test_trouble_of_aws_while_the_evidence_is_read_is_tried_again(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.faults.append(Fault("error", operation="s3.HeadObject", times=1))
    world.end_instance()
    assert_settled(world, "verified")


def change_item(world: World, change: Any) -> None:
    """Rewrite the run's stored document."""
    client = world.aws.client("dynamodb")
    item = client.get_item(TableName="runs", Key={"pk": {"S": RUN_ID}})["Item"]
    item["document"]["S"] = change(item["document"]["S"])
    client.put_item(TableName="runs", Item=item)


def change_attributes(world: World, key: str, **attributes: Any) -> None:
    """Rewrite attributes of an item of the run table."""
    client = world.aws.client("dynamodb")
    item = client.get_item(TableName="runs", Key={"pk": {"S": key}})["Item"]
    client.put_item(TableName="runs", Item={**item, **attributes})


def test_a_run_that_a_later_version_wrote_is_looked_at_after_a_roll_back(world: World) -> None:
    def later(text: str) -> str:
        document = json.loads(text)
        for each in (document, document["options"], document["attempts"][0]):
            each["of a later version"] = {"x": 1}
        return json.dumps(document)

    world.send("launcher", SCHEDULED)
    change_item(world, later)
    world.complete()
    world.end_instance()
    assert_settled(world, "verified")


def second_run_that_fails_untold(world: World) -> None:
    """One that was due ten minutes after the first."""
    world.now += timedelta(minutes=10)
    due = {**SCHEDULED, "scheduled_time": world.now.isoformat()}
    assert world.invoke("launcher", due)["status"] == "launched"
    world.end_instance("Client.VolumeLimitExceeded", tell=False)


@pytest.mark.parametrize(
    "text",
    slow_but(
        {0, 2, 5},
        ["[", "[]", "{}", "[" * 10_000, "null", '{"options": {"only": []}, "attempts": []}'],
    ),
    ids=lambda text: text[:20],
)
def test_a_damaged_item_is_named_and_hides_no_other_run(world: World, text: str) -> None:
    world.send("launcher", SCHEDULED)
    world.end_instance(tell=False)
    change_item(world, lambda _: text)
    second_run_that_fails_untold(world)
    for _ in range(2):
        world.invoke("reporter", {"trigger": "watchdog"})
    world.send("reporter", {"trigger": "deadline", "run_id": RUN_ID, "attempt": 1})
    damaged, summary = world.mails
    assert damaged.subject == f"[OnlineBackup] run {RUN_ID} cannot be read: stack"
    assert f"The run table's item {RUN_ID} is damaged: " in damaged.body
    assert "[OnlineBackup] failed" in summary.subject
    assert (world.surprises, world.dead_letters) == ([], [])


@pytest.mark.parametrize(
    ("damaged", "named"),
    [
        ({"roles": {"S": "["}}, "it is not JSON"),
        ({"version": {"S": "1"}}, "version is not a whole number."),
        ({"document": {"N": "1"}}, "document is not a text."),
    ],
)
def test_an_item_whose_attributes_are_damaged_is_named(
    world: World, damaged: Any, named: str
) -> None:
    world.send("launcher", SCHEDULED)
    change_attributes(world, RUN_ID, **damaged)
    world.invoke("reporter", {"trigger": "watchdog"})
    (mail,) = world.mails
    assert named in mail.body


def test_after_the_damaged_item_is_repaired_its_run_is_told(world: World) -> None:
    world.send("launcher", SCHEDULED)
    world.complete()
    world.end_instance(tell=False)
    change_attributes(world, RUN_ID, version={"N": "1.5"})
    world.invoke("reporter", {"trigger": "watchdog"})
    change_attributes(world, RUN_ID, version={"N": "3"})
    world.invoke("reporter", {"trigger": "watchdog"})
    assert "[OnlineBackup] verified" in world.mails[1].subject


def test_what_is_damaged_of_other_items_is_taken_for_not_there(world: World) -> None:
    world.send("launcher", SCHEDULED)
    (instance,) = world.running()
    for key in ("launching", "dead-letters-told", "last-reported", f"instance#{instance}"):
        item = {"pk": {"S": key}, "run_id": {"N": "1"}, "until": {"S": "x"}, "count": {"N": "-1"}}
        world.aws.client("dynamodb").put_item(TableName="runs", Item=item)
    world.complete()
    world.end_instance()
    world.pass_time(timedelta(hours=4))
    assert_settled(world, "verified")
    assert "item last-reported is damaged: run_id is not a text." in world.mails[0].body
    assert world.surprises == []


def test_a_look_that_fails_for_a_reason_that_nobody_foresaw_hides_no_other_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send("launcher", SCHEDULED)
    world.end_instance("Client.VolumeLimitExceeded", tell=False)
    second_run_that_fails_untold(world)
    read, surprised = run_items.read_run, RuntimeError("nobody foresaw this")

    def read_all_but_one(item: run_items.Item) -> Run:
        if item["pk"]["S"] == RUN_ID:
            raise surprised
        return read(item)

    monkeypatch.setattr(run_items, "read_run", read_all_but_one)
    with pytest.raises(RuntimeError, match="nobody foresaw this"):
        world.invoke("reporter", {"trigger": "watchdog"})
    assert world.verdicts == ["failed"]


def test_a_damaged_item_is_named_by_the_check_and_keeps_nobody_from_starting_a_backup(
    world: World,
) -> None:
    world.send("launcher", SCHEDULED)
    change_item(world, lambda _: "{}")
    output = world.invoke("launcher", {"action": "check"})["checks"]["last run"]
    assert output.startswith(f"unknown: The run table's item {RUN_ID} is damaged: ")
    world.now += timedelta(minutes=10)
    assert world.invoke("launcher", {})["status"] == "launched"
