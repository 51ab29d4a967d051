"""``sam local invoke`` of both functions with every file in ``events/``, against an embedded cloud.

Needs docker, so it is no part of ``make test``: ``.ci/run`` runs it, or
``bash local_cloud/lambda_image/docker.sh start`` and ``pytest -m docker``.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_contract import evidence, object_keys
from local_cloud.lambda_image import image
from local_cloud.sam_local import EVENTS, SamLocal, deployed, event_file, function_of
from local_cloud.stack import Stack
from shared.aws.run_table import RunStore
from shared.model.run import Attempt, Instance, Market, Outcome, Run

pytestmark = pytest.mark.docker

RUN_ID = "2026-11-27T17-00-00Z"
ROLE_ID, INSTANCE_ID = "AROAEXAMPLEOFAROLEID", "i-0123456789abcdef0"
LOG = evidence.log(evidence.prefix(RUN_ID, ROLE_ID, INSTANCE_ID))
LOCK = object_keys.LOCK


@dataclass(frozen=True, slots=True)
class Invoked:
    """The deployed stack, and what its functions do in containers."""

    local: SamLocal

    @property
    def stack(self) -> Stack:
        """The stack."""
        return self.local.stack

    @property
    def runs(self) -> RunStore:
        """The stack's run table."""
        return RunStore(self.stack.session.client("dynamodb"), self._table)

    @property
    def _table(self) -> str:
        variables = json.loads(self.local.variables.read_text())
        return str(variables["LauncherFunction"]["RUNS_TABLE"])

    def invoke(self, function: str, event: str) -> dict[str, Any]:
        """What the function answers to ``events/EVENT.json``."""
        path = event_file(event)
        assert function_of(path) == function
        answer, _ = self.local.invoke(path)
        return answer

    def forget_everything(self) -> None:
        """End all instances and empty the run table; all runs here have one name, and one lease."""
        session = self.stack.session
        for each in [i for i in self.stack.instances() if i["state"] != "terminated"]:
            session.wait_for(
                "an instance that is new to be seen", partial(self._end, each["id"]), 30
            )
        session.wait_for("all instances to end", self._all_ended, 60)
        for key in (LOG, LOCK):
            session.client("s3").delete_object(Bucket=self.stack.bucket, Key=key)
        table = session.client("dynamodb")
        for item in table.scan(TableName=self._table)["Items"]:
            table.delete_item(TableName=self._table, Key={"pk": item["pk"]})

    def _all_ended(self) -> bool | None:
        return all(each["state"] == "terminated" for each in self.stack.instances()) or None

    def _end(self, instance_id: str) -> bool | None:
        """True once it could be told to end: EC2 does not know a new instance at once."""
        try:
            self.stack.session.client("ec2").terminate_instances(InstanceIds=[instance_id])
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidInstanceID.NotFound":
                raise
            return None
        return True

    def given_run(self, **attempt: Any) -> Run:
        """A run by hand of an hour ago whose first attempt has these further facts."""
        begun = datetime.now(UTC) - timedelta(hours=1)
        first = Attempt(1, begun, begun + timedelta(hours=3), role_id=ROLE_ID)
        run = Run(RUN_ID, "manual", begun, attempts=(replace(first, **attempt),))
        if run.attempt.instance:
            self.runs.remember_instance(run.attempt.instance.id, run)
        return self.runs.save(run)

    def log_saved(self) -> None:
        """The run's instance saves its log, the last thing that it does."""
        output = b"bootstrap: ending with status 1\n"
        self.stack.session.client("s3").put_object(Bucket=self.stack.bucket, Key=LOG, Body=output)

    def mail_after(self, act: Callable[[], object]) -> str:
        """Subject and body of the one mail that the act causes."""
        before = len(self.stack.mails())
        act()
        sent = self.stack.mails()[before:]
        assert len(sent) == 1, sent
        return f"{sent[0]['subject']}\n{sent[0]['body']}"


def instance(instance_id: str) -> Instance:
    """An instance that was launched with the run that it is given to."""
    launched_at = datetime.now(UTC) - timedelta(hours=1)
    return Instance(instance_id, "c7g.medium", "eu-central-1a", Market.SPOT, "0.01", launched_at)


@pytest.fixture(scope="module")
def deployed_stack() -> Iterator[Invoked]:
    """The stack, deployed as the demo does it, but deaf to its own events."""
    image.provide()
    with ExitStack() as cleanup:
        yield Invoked(deployed(cleanup, MaxAttempts="2"))


@pytest.fixture
def sam(deployed_stack: Invoked) -> Iterator[Invoked]:
    yield deployed_stack
    deployed_stack.forget_everything()


def test_every_event_file_is_tried() -> None:
    here = Path(__file__).read_text()
    assert [each.stem for each in EVENTS.glob("*.json") if f'"{each.stem}"' not in here] == []


def test_the_schedule_launches_a_spot_instance_with_a_deadline(sam: Invoked) -> None:
    answer = sam.invoke("LauncherFunction", "schedule")
    assert (answer["status"], answer["run_id"], answer["market"]) == ("launched", RUN_ID, "spot")
    launched = next(i for i in sam.stack.instances() if i["id"] == answer["instance_id"])
    assert launched["tags"]["online-backup:run-id"] == RUN_ID
    names = [
        each["Name"]
        for each in sam.stack.session.client("scheduler").list_schedules(GroupName="samlocal")[
            "Schedules"
        ]
    ]
    assert f"deadline-{RUN_ID}-1" in names


def test_a_classic_cron_rule_of_the_same_time_is_the_same_run(sam: Invoked) -> None:
    first = sam.invoke("LauncherFunction", "schedule")
    again = sam.invoke("LauncherFunction", "cron_rule")
    assert again == {"status": "already launched", "run_id": RUN_ID, "attempt": 1}
    assert first["run_id"] == RUN_ID


def test_a_manual_run_is_named_after_the_second_it_was_asked_for(sam: Invoked) -> None:
    answer = sam.invoke("LauncherFunction", "manual")
    asked = datetime.strptime(answer["run_id"], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    assert answer["status"] == "launched"
    assert timedelta(0) <= datetime.now(UTC) - asked < timedelta(minutes=2)


def test_a_dry_run_asks_aws_and_launches_nothing(sam: Invoked) -> None:
    before = len(sam.stack.instances())
    answer = sam.invoke("LauncherFunction", "manual_dry_run")
    assert (answer["status"], answer["objections"]) == ("would launch", {})
    assert len(sam.stack.instances()) == before


def test_a_manual_run_on_demand_buys_no_spot_instance(sam: Invoked) -> None:
    assert sam.invoke("LauncherFunction", "manual_on_demand")["market"] == "on-demand"


def test_a_manual_run_keeps_what_was_asked_of_it(sam: Invoked) -> None:
    answer = sam.invoke("LauncherFunction", "manual_only")
    run = sam.runs.load(answer["run_id"])
    assert run is not None
    assert run.options.only == ("hello*",)
    assert "--only 'hello*'" in run.attempt.user_data


def test_a_full_run_tells_the_instance_to_fetch_everything(sam: Invoked) -> None:
    run = sam.runs.load(sam.invoke("LauncherFunction", "manual_full")["run_id"])
    assert run is not None
    assert "--full" in run.attempt.user_data


def test_a_check_answers_line_by_line_and_launches_nothing(sam: Invoked) -> None:
    before = len(sam.stack.instances())
    checks = sam.invoke("LauncherFunction", "manual_check")["checks"]
    assert checks["launch"].startswith("ok: AWS would launch ")
    assert len(sam.stack.instances()) == before


def test_a_retry_launches_the_next_attempt_of_its_run(sam: Invoked) -> None:
    sam.given_run(outcome=Outcome.RECLAIMED, ended_at=datetime.now(UTC))
    answer = sam.invoke("LauncherFunction", "retry")
    assert (answer["status"], answer["run_id"], answer["attempt"]) == ("launched", RUN_ID, 2)


def test_the_end_of_our_instance_without_a_marker_is_mailed_as_a_failure(sam: Invoked) -> None:
    sam.given_run(instance=instance(INSTANCE_ID))
    sam.log_saved()
    mail = sam.mail_after(lambda: sam.invoke("ReporterFunction", "terminated"))
    assert "failed" in mail.lower()
    run = sam.runs.load(RUN_ID)
    assert run is not None
    assert run.reported_at


def test_the_end_of_a_foreign_instance_is_ignored(sam: Invoked) -> None:
    sam.given_run(instance=instance(INSTANCE_ID))
    answer = sam.invoke("ReporterFunction", "terminated_foreign")
    assert answer["status"] == "ignored"
    assert "i-0f0f0f0f0f0f0f0f0" in answer["reason"]


def test_an_interruption_warning_is_remembered(sam: Invoked) -> None:
    sam.given_run(instance=instance(INSTANCE_ID))
    assert sam.invoke("ReporterFunction", "spot_interruption")["status"] == "warned"
    run = sam.runs.load(RUN_ID)
    assert run is not None
    assert run.attempt.warned_at


def test_the_deadline_ends_an_instance_that_is_still_running(sam: Invoked) -> None:
    answer = sam.invoke("LauncherFunction", "schedule")
    run = sam.runs.load(RUN_ID)
    assert run is not None
    sam.runs.save(run.with_attempt(deadline_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert sam.invoke("ReporterFunction", "deadline")["status"] in ("Terminate", "Report")
    ended = next(i for i in sam.stack.instances() if i["id"] == answer["instance_id"])
    assert ended["state"] in ("shutting-down", "terminated")


def test_a_refused_launch_is_mailed_with_its_reason(sam: Invoked) -> None:
    sam.given_run(outcome=Outcome.REFUSED, problem="SubnetIds: there is no such subnet.")
    mail = sam.mail_after(lambda: sam.invoke("ReporterFunction", "launch_failed"))
    assert "SubnetIds: there is no such subnet." in mail


def test_the_watchdog_looks_at_what_was_forgotten(sam: Invoked) -> None:
    sam.given_run(instance=instance(INSTANCE_ID))
    sam.log_saved()
    answer = sam.invoke("ReporterFunction", "watchdog")
    assert [(each["status"], each["run_id"]) for each in answer["runs"]] == [("Report", RUN_ID)]
