"""From whatever lies in the bucket to the mail: the whole reporter, fed with documents that lie.

``make test`` tries a few; ``pytest -m slow`` hundreds.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from backup_contract.documents.manifest import Manifest
from tests.integration.functions.account import ACCOUNT, REGION, TOPIC_ARN
from tests.integration.functions.world import (
    RUN_ID,
    SCHEDULED,
    World,
    new_world,
    terminated,
)
from tests.integration.mutations import documents

FORMER = "github_backups/octo/former.zip"
EARLIER = "2026-11-20T17-00-00Z"
MARKER = "github_backups/2026-11-27-17-09.txt"
few = settings(max_examples=10, derandomize=True, suppress_health_check=list(HealthCheck))
many = settings(max_examples=600, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
"""What fails is shown as it was found: to make each smaller takes longer than to find it."""


class Ended:
    """A run whose instance is gone and of which nobody was told yet, again and again."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.send("launcher", SCHEDULED)
        world.write(FORMER, b"former")
        world.complete(notices=["a notice"], kept=[_kept()])
        self.own = {name: world.own(name) for name in ("evidence.json", "progress.json")}
        world.progress("backing-up")
        s3 = world.aws.client("s3")
        self.manifest = world.object(self.own["evidence.json"])
        self.progress = world.object(self.own["progress.json"])
        self.marker: bytes = s3.get_object(Bucket="backups", Key=MARKER)["Body"].read()
        world.now += timedelta(minutes=9)
        self.instance = world.end_instance(tell=False)
        last = {"pk": {"S": "last-reported"}, "run_id": {"S": EARLIER}}
        world.aws.client("dynamodb").put_item(TableName="runs", Item=last)
        self._objects = s3_backends[ACCOUNT]["aws"].buckets["backups"].keys
        self._items = dynamodb_backends[ACCOUNT][REGION].tables["runs"].items
        self._before = [(key, self._objects.getlist(key)) for key in self._objects]
        self._item_before = deepcopy(dict(self._items))
        self._now = world.now

    def again(self) -> None:
        """As it was when the instance ended."""
        self._objects.clear()
        for key, versions in self._before:
            self._objects.setlist(key, [*versions])
        self._items.clear()
        self._items.update(deepcopy(self._item_before))
        sns_backends[ACCOUNT][REGION].topics[TOPIC_ARN].sent_notifications.clear()
        self.world.now = self._now
        self.world.surprises.clear()
        self.world.dead_letters.clear()

    def vouched_for(self, manifest: bytes) -> bytes:
        """The marker with the hash of another manifest."""
        before = sha256(json.dumps(self.manifest).encode()).hexdigest()
        return self.marker.replace(before.encode(), sha256(manifest).hexdigest().encode())


def _kept() -> dict[str, Any]:
    archive = {"key": FORMER, "bytes": 6, "sha256": "0" * 64, "run_id": EARLIER}
    names = {"id": 2, "owner": "octo", "name": "former", "wiki": False, "lfs": False}
    upstream = {"state": "not-visible", "name": None}
    return {
        **names,
        "key": FORMER,
        "refs_digest": "0",
        "refs": 1,
        "archive": archive,
        "upstream": upstream,
    }


@pytest.fixture
def ended(deployment: Path) -> Iterator[Ended]:
    """Such a run."""
    with new_world(deployment, INSTANCE_TYPES="c7g.medium", MAX_ATTEMPTS="1") as world:
        yield Ended(world)


def assert_told_once(world: World) -> None:
    """One mail, in text that anything can show, and no word too much in it."""
    assert (world.surprises, world.dead_letters) == ([], [])
    (mail,) = world.mails
    assert mail.subject.isascii()
    assert mail.subject.isprintable()
    assert all(line.isprintable() for line in mail.body.splitlines()), mail.body
    mail.body.encode()
    assert world.running() == []
    assert world.schedules() == {}


def assert_true(world: World, manifest: bytes) -> None:
    """What is called verified is what the attempt wrote, and lies in the bucket."""
    if world.verdicts != ["verified"]:
        return
    judged = Manifest.from_json(manifest)
    assert judged.complete
    assert not judged.in_state("failed")
    there = {
        each["Key"]: each["Size"]
        for each in world.aws.client("s3").list_objects_v2(Bucket="backups")["Contents"]
    }
    for item in judged.archived:
        assert item.archive
        assert there[item.archive.key] == item.archive.bytes


def _fuzz_documents(
    ended: Ended, caplog: pytest.LogCaptureFixture, limits: Callable[[Any], Any]
) -> None:
    world = ended.world
    launch = world.object(f"runs/{RUN_ID}/launch.json")

    @limits
    @given(
        manifest=documents(ended.manifest),
        earlier=documents({**ended.manifest, "run_id": EARLIER}),
        progress=documents(ended.progress),
        marker=documents(ended.marker),
        launched=documents(launch),
        vouched=st.integers(0, 3),
    )
    def whatever_lies_there(
        manifest: bytes,
        earlier: bytes,
        progress: bytes,
        marker: bytes,
        launched: bytes,
        vouched: int,
    ) -> None:
        ended.again()
        caplog.clear()
        world.write(ended.own["evidence.json"], manifest)
        world.write(ended.own["progress.json"], progress)
        world.write(f"runs/{EARLIER}/manifest.json", earlier)
        world.write(f"runs/{RUN_ID}/launch.json", launched)
        world.write(MARKER, ended.vouched_for(manifest) if vouched else marker)
        world.send("reporter", terminated(ended.instance))
        assert_told_once(world)
        assert_true(world, manifest)

    whatever_lies_there()


def test_whatever_the_documents_say_one_true_mail_is_sent(
    ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    _fuzz_documents(ended, caplog, few)


@pytest.mark.slow
def test_whatever_the_documents_say_one_true_mail_is_sent_hundreds_of_times(
    ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    _fuzz_documents(ended, caplog, many)
