"""The world that these tests happen in."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from local_cloud.github import Account, Catalogue, GitHubStandIn, Repository
from tests.integration.functions.account import TOPIC_ARN
from tests.integration.functions.checking import open_way_out
from tests.integration.functions.matrix import deployed
from tests.integration.functions.world import World, new_world


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launcher artifact's root."""
    return deployed(tmp_path_factory.mktemp("deployment"))


@pytest.fixture(scope="package", autouse=True)
def one_aws() -> Iterator[None]:
    """moto starts once for all tests: that takes as long as a few dozen of its answers."""
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield


@pytest.fixture
def world(deployment: Path) -> Iterator[World]:
    """A fresh account and a clock that stands at the schedule's time."""
    with new_world(deployment) as fresh:
        yield fresh


@pytest.fixture
def s3(world: World) -> Any:
    """A client of the account."""
    return world.aws.client("s3")


@pytest.fixture
def asked(s3: Any) -> Iterator[Counter[str]]:
    """The operations of S3 that a test called by ``s3``, by name."""
    called: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        called[model.name] += 1

    s3.meta.events.register("before-call.s3", count)
    yield called
    s3.meta.events.unregister("before-call.s3", count)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubStandIn]:
    """A GitHub that knows octo."""
    with GitHubStandIn(tmp_path) as running:
        running.catalogue = Catalogue({"octo": Account("octo")}, {}, {})
        running.catalogue.add(Repository(1, "octo", "hello"))
        monkeypatch.setenv("GITHUB_API_URL", running.api_url)
        yield running


@pytest.fixture
def ready(world: World, hub: GitHubStandIn) -> World:
    """An account in which everything is as it should be."""
    aws = world.aws
    aws.client("sns").subscribe(TopicArn=TOPIC_ARN, Protocol="email", Endpoint="me@example.com")
    aws.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")
    aws.client("scheduler").delete_schedule(Name="backup", GroupName="stack")
    aws.client("scheduler").create_schedule(
        Name="backup",
        GroupName="stack",
        ScheduleExpression="cron(0 17 ? * FRI *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:lambda:::function:launcher", "RoleArn": "arn:aws:iam:::role/r"},
    )
    s3 = aws.client("s3")
    s3.put_public_access_block(
        Bucket="backups",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket="backups",
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "replaced",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
                }
            ]
        },
    )
    open_way_out(world)
    return world
