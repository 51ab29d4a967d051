"""What is refused before anything is spent, by the parameter or the field that is wrong."""

import pytest

from shared.errors import EventError
from tests.integration.functions.world import SCHEDULED, Fault, World


def test_an_owner_that_is_malformed_is_refused_before_anything_is_spent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OWNERS", "https://github.com/octo")
    answer = world.invoke("launcher", {})
    assert answer["status"] == "refused"
    assert "GitHubOwner" in answer["problem"]
    assert "ec2.RunInstances" not in world.calls


def test_a_token_in_the_place_of_an_owner_is_refused_and_not_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "ghp_" + 36 * "x"
    monkeypatch.setenv("GITHUB_OWNERS", f"octo,{token}")
    answer = world.invoke("launcher", {})
    assert answer["status"] == "refused"
    assert answer["problem"].startswith("GitHubOwner: it holds a token")
    assert token not in str(answer)
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
    ("options", "output"),
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
    output: str,
) -> None:
    monkeypatch.setenv("BACKUP_OPTIONS", options)
    answer = world.invoke("launcher", event)
    assert answer["status"] == "refused"
    assert answer["problem"].startswith("BackupOptions: ")
    assert output in answer["problem"]
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
