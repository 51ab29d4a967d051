"""``{"action": "check"}``: every check is a line, in order, whatever AWS says to the others.

moto knows neither the limits on vCPUs nor AWS's defaults for them: ``world`` and a Stubber do.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from launcher import app
from launcher.config import Config
from launcher.preflight.account_plan import AccountPlan
from launcher.preflight.findings import Quota
from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import init_repository
from tests.integration.functions.account import REGION
from tests.integration.functions.checking import CHECK, give_token, lines
from tests.integration.functions.world import Fault, World
from tests.surplus import slow_but

NAMES = [
    *("mail", "GitHub", "project data", "gists", "plan", "types", "image", "network", "spot role"),
    *("quota spot", "quota on-demand", "launch"),
    *("bucket versions", "bucket encryption", "bucket public", "bucket lifecycle"),
    *("schedule", "dead letters", "last run"),
]


def test_everything_in_order_is_said_line_by_line(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue.tokens["good"] = "octo"
    hub.catalogue.add(Repository(2, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    give_token(ready, monkeypatch)
    checks = lines(ready)
    assert list(checks) == NAMES
    repairs = {name: line for name, line in checks.items() if line.startswith("action needed")}
    assert repairs == {}
    assert checks["mail"] == "ok: me@example.com"
    assert checks["GitHub"] == "ok: octo, 2 repositories seen (1 private)"
    assert checks["launch"].startswith("ok: AWS would launch c7g.medium spot in eu-central-1")
    assert checks["schedule"].startswith("ok: Fri 2026-12-04 17:00, Fri 2026-12-11 17:00")
    assert checks["last run"].startswith("note: none yet")


def test_options_that_the_program_would_refuse_are_to_be_mended(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_OPTIONS", "--no-fork")
    assert lines(ready)["launch"].startswith(
        "action needed: BackupOptions: unknown: '--no-fork'; did you mean --no-forks? Correct"
    )


def test_a_check_launches_and_keeps_nothing(ready: World) -> None:
    lines(ready)
    assert ready.running() == []
    assert ready.aws.client("dynamodb").scan(TableName="runs")["Items"] == []
    assert [call for call in ready.calls if ".Put" in call or ".Create" in call] == [
        call for call in ready.calls if call == "s3.PutObject"
    ]


def test_a_bare_account_is_told_what_to_mend(world: World, hub: GitHubStandIn) -> None:
    world.aws.client("scheduler").delete_schedule(Name="backup", GroupName="stack")
    answer = world.invoke("launcher", CHECK)
    graded = {name: line.partition(":")[0] for name, line in answer["checks"].items()}
    assert answer["status"] == "mend"
    assert graded["mail"] == graded["network"] == graded["bucket public"] == "action needed"
    assert "the schedule is gone" in answer["checks"]["schedule"]
    assert "aws ec2 create-route" in answer["checks"]["network"]


OPERATIONS = {
    "mail": "sns.ListSubscriptionsByTopic",
    "plan": "freetier.GetAccountPlanState",
    "types": "ec2.DescribeInstanceTypes",
    "image": "ssm.GetParameter",
    "network": "ec2.DescribeRouteTables",
    "spot role": "iam.GetRole",
    "quota spot": "service-quotas.GetServiceQuota",
    "launch": "ec2.DescribeSpotPriceHistory",
    "bucket versions": "s3.GetBucketVersioning",
    "bucket encryption": "s3.GetBucketEncryption",
    "bucket public": "s3.GetPublicAccessBlock",
    "bucket lifecycle": "s3.GetBucketLifecycleConfiguration",
    "schedule": "scheduler.GetSchedule",
    "dead letters": "sqs.GetQueueAttributes",
    "last run": "dynamodb.Scan",
}


@pytest.mark.parametrize(
    ("check", "code", "status"),
    slow_but(
        {0, 5, 10, 14, 15},
        [*((check, "AccessDenied", 403) for check in OPERATIONS), ("mail", "InternalError", 500)],
    ),
)
def test_what_aws_denies_or_fails_is_one_line_and_the_others_go_on(
    ready: World, check: str, code: str, status: int
) -> None:
    operation = OPERATIONS[check]
    before = lines(ready)
    ready.faults.append(Fault("error", operation=operation, code=code, status=status, times=1000))
    after = lines(ready)
    assert after[check].startswith("unknown: ")
    name, later = operation.partition(".")[2], ": check again later" if status >= 500 else ""
    denied = f"AWS denies the launcher {name}: {code}: no"
    assert after[check].endswith(f"{name} failed ({code}: no){later}" if later else denied)
    assert list(after) == NAMES
    shared = {"types", "image", "launch", "quota spot", "quota on-demand"}
    untouched = set(NAMES) - {check} - shared
    assert {n: after[n] for n in untouched} == {n: before[n] for n in untouched}


def test_events_that_were_given_up_on_are_counted(ready: World) -> None:
    sqs = ready.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert lines(ready)["dead letters"].startswith("action needed: 1 events could not be processed")


def test_a_run_that_is_under_way_and_one_that_ended_are_told(ready: World) -> None:
    ready.invoke("launcher", {})
    assert "is under way: running(1)" in lines(ready)["last run"]


class TestPlan:
    @pytest.fixture
    def freetier(self, world: World) -> Iterator[Stubber]:
        """What AWS's Free Tier service answers."""
        client = boto3.client("freetier", region_name=app.BILLING_REGION)
        self.aws = replace(app.aws_facts(Config.from_env(os.environ)), freetier=client)
        with Stubber(client) as stubber:
            yield stubber

    def test_a_free_plan_has_a_day_on_which_it_ends(self, freetier: Stubber) -> None:
        ends = datetime(2027, 5, 1, tzinfo=UTC)
        freetier.add_response(
            "get_account_plan_state",
            {
                "accountId": "123456789012",
                "accountPlanType": "FREE",
                "accountPlanStatus": "ACTIVE",
                "accountPlanRemainingCredits": {"amount": 100.0, "unit": "USD"},
                "accountPlanExpirationDate": ends,
            },
            {},
        )
        assert self.aws.account_plan() == AccountPlan("FREE", "ACTIVE", ends)

    def test_an_account_without_a_plan_has_none(self, freetier: Stubber) -> None:
        freetier.add_client_error("get_account_plan_state", "ResourceNotFoundException")
        assert self.aws.account_plan() is None

    def test_what_aws_refuses_to_tell_is_raised_for_the_line_to_say_so(
        self, freetier: Stubber
    ) -> None:
        freetier.add_client_error("get_account_plan_state", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDeniedException"):
            self.aws.account_plan()


def test_an_account_on_the_free_plan_is_to_be_mended(ready: World) -> None:
    ready.account_plan = {
        "accountPlanType": "FREE",
        "accountPlanStatus": "ACTIVE",
        "accountPlanExpirationDate": datetime(2027, 5, 1, tzinfo=UTC),
    }
    assert lines(ready)["plan"].startswith(
        "action needed: the free plan until 2027-05-01: then AWS closes"
    )


class TestQuotas:
    @pytest.fixture
    def quotas(self, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
        """What Service Quotas answers."""
        client = boto3.client("service-quotas", region_name=REGION)
        self.aws = replace(app.aws_facts(Config.from_env(os.environ)), quotas=client)
        with Stubber(client) as stubber:
            yield stubber

    def add(self, stubber: Stubber, operation: str, value: float) -> None:
        asked = {"ServiceCode": "ec2", "QuotaCode": "L-34B43A08"}
        stubber.add_response(operation, {"Quota": {"Value": value}}, asked)

    def test_the_accounts_own_limit_is_asked_first(self, quotas: Stubber) -> None:
        self.add(quotas, "get_service_quota", 5.0)
        assert self.aws.quota("spot", ["c7g.medium", "m7g.large"]) == Quota(
            "L-34B43A08", "spot", "MaxSpotInstanceCountExceeded", 5, 1
        )

    def test_without_one_of_its_own_awss_default_holds(self, quotas: Stubber) -> None:
        quotas.add_client_error("get_service_quota", "NoSuchResourceException")
        self.add(quotas, "get_aws_default_service_quota", 32.0)
        found = self.aws.quota("spot", ["m7g.large"])
        assert found is not None
        assert (found.allowed, found.need) == (32, 2)

    @pytest.mark.parametrize("kind", ["g5.xlarge", "inf2.xlarge", "trn1.2xlarge", "dl1.24xlarge"])
    def test_types_with_limits_of_their_own_are_left_alone(
        self, quotas: Stubber, kind: Any
    ) -> None:
        assert self.aws.quota("spot", [kind]) is None
