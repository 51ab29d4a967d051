"""Whether anybody has confirmed the mails is told by whoever starts a run."""

import json

import pytest

from tests.integration.functions.account import TOPIC_ARN
from tests.integration.functions.test_runs import assert_settled
from tests.integration.functions.world import SCHEDULED, Fault, World


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
