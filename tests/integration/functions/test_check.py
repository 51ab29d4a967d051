"""``{"action": "check"}``: every check is a line, in order, whatever AWS says to the others.

moto knows neither the limits on vCPUs nor AWS's defaults for them: ``world`` and a Stubber do.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from launcher import app
from launcher.config import Config
from launcher.preflight.account_plan import AccountPlan
from launcher.preflight.data_rights import RIGHTS
from launcher.preflight.findings import Quota
from local_cloud.github import Account, Catalogue, GitHubStandIn, Repository, TokenRights
from local_cloud.github import Fault as GitHubFault
from local_cloud.github.corpus import init_repository
from tests.integration.functions.account import REGION, TOPIC_ARN
from tests.integration.functions.world import Fault, World

CHECK = json.loads((Path(__file__).parents[3] / "events/manual_check.json").read_text())
NAMES = [
    *("mail", "GitHub", "project data", "plan", "types", "image", "network", "spot role"),
    *("quota spot", "quota on-demand", "launch"),
    *("bucket versions", "bucket encryption", "bucket public", "bucket lifecycle"),
    *("schedule", "dead letters", "last run"),
]


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


def open_way_out(world: World) -> None:
    """An internet gateway in the default VPC, as every real one has."""
    ec2 = world.aws.client("ec2")
    (table,) = ec2.describe_route_tables()["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=table["VpcId"])
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=gateway,
    )


def lines(world: World) -> dict[str, str]:
    checks: dict[str, str] = world.invoke("launcher", CHECK)["checks"]
    return checks


def give_token(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stack have octo's token."""
    world.aws.client("ssm").put_parameter(Name="/t", Value="good", Type="SecureString")
    monkeypatch.setenv("GITHUB_TOKEN_PARAMETER", "/t")


def test_everything_in_order_is_said_line_by_line(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue.tokens["good"] = "octo"
    hub.catalogue.add(Repository(2, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    give_token(ready, monkeypatch)
    checks = lines(ready)
    assert list(checks) == NAMES
    mends = {name: line for name, line in checks.items() if line.startswith("action needed")}
    assert mends == {}
    assert checks["mail"] == "ok: me@example.com"
    assert checks["GitHub"] == "ok: octo, 2 repositories seen (1 private)"
    assert checks["launch"].startswith("ok: AWS would launch c7g.medium spot in eu-central-1")
    assert checks["schedule"].startswith("ok: Fri 2026-12-04 17:00, Fri 2026-12-11 17:00")
    assert checks["last run"].startswith("note: none yet")


def test_the_rights_that_project_data_lacks_are_named_with_what_they_save(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "project data"
    assert lines(ready)[name].startswith("note: not saved: it takes a token")
    hub.catalogue.tokens["good"] = "octo"
    hub.catalogue.add(Repository(2, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    give_token(ready, monkeypatch)
    assert lines(ready)[name] == "ok: every right is there"
    every = {"metadata", "contents", *(right.key for right in RIGHTS)} - {"issues", "secrets"}
    hub.rights["good"] = TokenRights(None, permissions=dict.fromkeys(every, "read"))
    assert lines(ready)[name] == (
        "note: not saved of octo unless you add these rights, read-only: Issues (issues, labels, "
        "milestones), Secrets (names of secrets)"
    )
    monkeypatch.setenv("BACKUP_OPTIONS", "--kinds git,wiki")
    assert lines(ready)[name] == "ok: left out by BackupOptions"


def test_that_nothing_would_be_backed_up_is_to_be_mended(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue = Catalogue({"octo": Account("octo")}, {}, {"good": "octo"})
    hub.catalogue.add(Repository(1, "octo", "secret", private=True))
    said = lines(ready)["GitHub"]
    assert said.startswith(
        "action needed: no repository of octo is seen: nothing would be backed up"
    )
    assert "GitHubTokenParameter" in said
    hub.catalogue.add(Repository(2, "octo", "other", private=True))
    give_token(ready, monkeypatch)
    assert "octo, 2 repositories seen (2 private)" in lines(ready)["GitHub"]


def test_no_token_is_to_be_mended_for_private_repositories_are_hidden(ready: World) -> None:
    assert lines(ready)["GitHub"].startswith(
        "action needed: octo, 1 repository seen; public only: without a token no private "
        "repository is visible. Store a token"
    )


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        (TokenRights(None, counts=True), "ok: octo, 3 repositories seen (2 private)"),
        (TokenRights(None), "ok: octo, 3 repositories seen (2 private), total unknown"),
        (
            TokenRights(None, frozenset({"octo/secret"}), counts=True),
            "action needed: octo, 2 repositories seen (1 private); 2 of 3 repositories of octo are "
            "visible: give the token access to all of them",
        ),
        (
            TokenRights(None, frozenset({"octo/secret"})),
            "ok: octo, 2 repositories seen (1 private), total unknown",
        ),
        (
            TokenRights(None, frozenset(), counts=True),
            "action needed: octo, 1 repository seen; 1 of 3 repositories of octo are visible",
        ),
        (
            TokenRights(frozenset({"public_repo"})),
            "action needed: octo, 1 repository seen; the token lacks the scope repo",
        ),
    ],
    ids=["fine-counted", "fine", "selected-counted", "selected", "none-counted", "classic-public"],
)
def test_repositories_that_a_token_hides_are_to_be_mended(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    rights: TokenRights,
    said: str,
) -> None:
    hub.catalogue.tokens["good"] = "octo"
    for number, name in enumerate(("secret", "other"), 2):
        hub.catalogue.add(Repository(number, "octo", name, private=True))
        init_repository(hub.root / "octo" / f"{name}.git")
    hub.rights["good"] = rights
    give_token(ready, monkeypatch)
    assert lines(ready)["GitHub"].startswith(said)


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        (TokenRights(), "ok: octo, 1 repository seen (1 private), total unknown"),
        (
            TokenRights(frozenset({"repo", "admin:org"})),
            "action needed: octo, 1 repository seen (1 private); "
            "1 of 3 repositories of octo are visible",
        ),
    ],
    ids=["member", "told"],
)
def test_an_organisations_count_is_compared_where_it_is_told(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    rights: TokenRights,
    said: str,
) -> None:
    hub.catalogue = Catalogue(
        {"octo": Account("octo", "Organization"), "ann": Account("ann")}, {}, {"good": "ann"}
    )
    hub.catalogue.add(Repository(1, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    hub.rights["good"] = rights
    if "admin:org" in (rights.scopes or ()):
        body = {"login": "octo", "public_repos": 0, "owned_private_repos": 3}
        hub.faults.add(GitHubFault("/orgs/octo", status=200, body=json.dumps(body).encode()))
    give_token(ready, monkeypatch)
    assert lines(ready)["GitHub"].startswith(said)


@pytest.mark.parametrize("selected", [None, frozenset({"octo/hello"})], ids=["all", "selected"])
def test_an_app_for_selected_repositories_is_to_be_mended(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    selected: frozenset[str] | None,
) -> None:
    key = hub.apps.create()
    hub.apps.install("octo", selected=selected)
    ready.aws.client("ssm").put_parameter(Name="/key", Value=key, Type="SecureString")
    monkeypatch.setenv("GITHUB_APP_ID", "4711")
    monkeypatch.setenv("GITHUB_APP_KEY_PARAMETER", "/key")
    line = lines(ready)["GitHub"]
    assert line.startswith(
        "action needed: the GitHub App is installed on selected" if selected else "ok: "
    )


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


def test_an_owner_that_github_does_not_know_is_one_line_and_stops_no_other(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OWNERS", "ghost")
    checks = lines(ready)
    assert checks["GitHub"].startswith(
        "action needed: GitHubOwner: GitHub knows no account named ghost"
    )
    assert checks["bucket versions"].startswith("ok")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (GitHubFault("*", status=503), "status 503: injected fault"),
        (GitHubFault("*", action="reset"), "no answer: ProtocolError"),
    ],
)
def test_a_github_that_does_not_answer_is_not_called_in_order(
    ready: World, hub: GitHubStandIn, fault: GitHubFault, said: str
) -> None:
    hub.faults.add(fault)
    line = lines(ready)["GitHub"]
    assert line == f"note: GitHub could not be asked about octo ({said}): check again later"


IP_LIST = (
    "Although you appear to have the correct authorization credentials, the `octo` organization "
    "has an IP allow list enabled, and your IP address is not permitted to access this resource."
)


@pytest.mark.parametrize(
    ("refused", "status", "message", "told"),
    [
        ("/users/octo", 403, IP_LIST, f"GitHub does not show octo (403: {IP_LIST}; the list must"),
        (
            "/user",
            403,
            "Sorry. Your account was suspended",
            "octo, 0 public repositories seen, total unknown; GitHub does not show whose the token "
            "is (403: Sorry. Your account was suspended)",
        ),
        (
            "/user/repos",
            403,
            IP_LIST,
            "octo, 0 public repositories seen, total unknown; GitHub does not show the private "
            f"repositories of octo (403: {IP_LIST}; the list must",
        ),
        ("/user/repos", 451, "Taken down", "repositories of octo (451: Taken down)"),
        ("/user/repos", 404, "Not Found", "repositories of octo (404)"),
    ],
)
def test_a_refused_listing_asks_for_action_with_githubs_message(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    refused: str,
    status: int,
    message: str,
    told: str,
) -> None:
    hub.catalogue = Catalogue({"octo": Account("octo")}, {}, {"good": "octo"})
    give_token(ready, monkeypatch)
    body = json.dumps({"message": message}).encode()
    hub.faults.add(GitHubFault(refused, status=status, body=body))
    answer = ready.invoke("launcher", CHECK)
    assert answer["status"] == "mend"
    assert answer["checks"]["GitHub"].startswith("action needed: ")
    assert told in answer["checks"]["GitHub"]


def test_a_listing_that_a_rate_limit_refuses_is_to_be_looked_at_later(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue.tokens["good"] = "octo"
    give_token(ready, monkeypatch)
    body = b'{"message": "API rate limit exceeded for user ID 1."}'
    hub.faults.add(GitHubFault("/user/repos", status=403, body=body))
    line = lines(ready)["GitHub"]
    assert line.startswith("note: ")
    assert "(status 403: API rate limit exceeded for user ID 1.): check again later" in line


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
    [*((check, "AccessDenied", 403) for check in OPERATIONS), ("mail", "InternalError", 500)],
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
    assert lines(ready)["dead letters"].startswith("action needed: 1 events were given up on")


def test_a_run_that_is_under_way_and_one_that_ended_are_told(ready: World) -> None:
    ready.invoke("launcher", {})
    assert "is under way: running(1)" in lines(ready)["last run"]


class TestPlan:
    @pytest.fixture
    def freetier(self, world: World) -> Iterator[Stubber]:
        """What AWS's Free Tier service answers."""
        client = boto3.client("freetier", region_name=app.BILLING_REGION)
        self.survey = replace(app.survey(Config.from_env(os.environ)), freetier=client)
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
        assert self.survey.account_plan() == AccountPlan("FREE", "ACTIVE", ends)

    def test_an_account_without_a_plan_has_none(self, freetier: Stubber) -> None:
        freetier.add_client_error("get_account_plan_state", "ResourceNotFoundException")
        assert self.survey.account_plan() is None

    def test_what_aws_refuses_to_tell_is_raised_for_the_line_to_say_so(
        self, freetier: Stubber
    ) -> None:
        freetier.add_client_error("get_account_plan_state", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDeniedException"):
            self.survey.account_plan()


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
        self.survey = replace(app.survey(Config.from_env(os.environ)), quotas=client)
        with Stubber(client) as stubber:
            yield stubber

    def add(self, stubber: Stubber, operation: str, value: float) -> None:
        asked = {"ServiceCode": "ec2", "QuotaCode": "L-34B43A08"}
        stubber.add_response(operation, {"Quota": {"Value": value}}, asked)

    def test_the_accounts_own_limit_is_asked_first(self, quotas: Stubber) -> None:
        self.add(quotas, "get_service_quota", 5.0)
        assert self.survey.quota("spot", ["c7g.medium", "m7g.large"]) == Quota(
            "L-34B43A08", "spot", "MaxSpotInstanceCountExceeded", 5, 1
        )

    def test_without_one_of_its_own_awss_default_holds(self, quotas: Stubber) -> None:
        quotas.add_client_error("get_service_quota", "NoSuchResourceException")
        self.add(quotas, "get_aws_default_service_quota", 32.0)
        found = self.survey.quota("spot", ["m7g.large"])
        assert found is not None
        assert (found.allowed, found.need) == (32, 2)

    @pytest.mark.parametrize("kind", ["g5.xlarge", "inf2.xlarge", "trn1.2xlarge", "dl1.24xlarge"])
    def test_types_with_limits_of_their_own_are_left_alone(
        self, quotas: Stubber, kind: Any
    ) -> None:
        assert self.survey.quota("spot", [kind]) is None
