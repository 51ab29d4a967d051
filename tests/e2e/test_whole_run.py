"""The deployed system on the embedded cloud, from the launcher's invocation to the mail.

Each instance costs three seconds of CPU. A run that takes another turn is marked slow where the
tests of the functions and of the bootstrap take the same turn without one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import CORPUS_OWNER, Fault, GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from local_cloud.session import ROOT
from local_cloud.stack import Stack
from shared.aws.run_table import RunStore
from tests.e2e.conftest import TOKEN_PARAMETER


@dataclass(frozen=True, slots=True)
class Started:
    """A run that the launcher started."""

    stack: Stack
    run_id: str

    def instance(self) -> dict[str, Any] | None:
        """The run's newest instance."""
        mine = [
            each
            for each in self.stack.instances()
            if each["tags"]["online-backup:run-id"] == self.run_id
        ]
        return mine[-1] if mine else None

    def mails(self) -> list[dict[str, str]]:
        """The e-mails about this run."""
        return [mail for mail in self.stack.mails() if self.run_id in mail["body"]]

    def mail(self) -> dict[str, str]:
        """The first e-mail about this run, waited for."""
        return self.stack.session.wait_for(
            "the mail", lambda: next(iter(self.mails()), None), seconds=120
        )

    def instance_in(self, state: str, number: int = 1) -> dict[str, Any]:
        """The run's instance of this attempt once it is in ``state``."""

        def look() -> dict[str, Any] | None:
            found = self.instance()
            if found is None or found["tags"]["online-backup:attempt"] != str(number):
                return None
            return found if found["state"] == state else None

        return self.stack.session.wait_for(f"instance {number} {state}", look, seconds=120)

    def visible_instance(self) -> dict[str, Any]:
        """The run's first instance once it is running and DescribeInstances shows it."""
        instance = self.instance_in("running")
        ec2 = self.stack.session.client("ec2")
        by_id = {"Filters": [{"Name": "instance-id", "Values": [instance["id"]]}]}
        self.stack.session.wait_for(
            "the instance to be seen",
            lambda: ec2.describe_instances(**by_id)["Reservations"] or None,
            seconds=30,
        )
        return instance

    def report(self) -> dict[str, Any]:
        """The run's report, once it is mailed; a failed run's comes with its log."""
        self.mail()
        report: dict[str, Any] = json.loads(self.stack.read(f"runs/{self.run_id}/report.json"))
        report["log"] = self.stack.log(self.run_id)
        return report

    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        document: dict[str, Any] = json.loads(self.stack.read(f"runs/{self.run_id}/manifest.json"))
        return document

    def states(self) -> dict[str, str]:
        """Every listed repository's state, by name."""
        return {each["name"]: each["state"] for each in self.manifest()["repositories"]}


def start(stack: Stack, event: Mapping[str, Any] | None = None) -> Started:
    """Start a run."""
    answer = stack.start(event)
    assert answer["status"] == "launched", answer
    return Started(stack, answer["run_id"])


def runs_of(stack: Stack) -> RunStore:
    """The stack's run table."""
    resource = stack.session.client("cloudformation").describe_stack_resource(
        StackName=stack.name, LogicalResourceId="RunTable"
    )
    table = resource["StackResourceDetail"]["PhysicalResourceId"]
    return RunStore(stack.session.client("dynamodb"), table)


def terminated_event(instance_id: str) -> dict[str, Any]:
    """EC2's event about an instance that is gone, as it reaches the reporter."""
    event: dict[str, Any] = json.loads(Path("events/terminated.json").read_text())
    event["detail"]["instance-id"] = instance_id
    return event


def schedules(stack: Stack) -> list[str]:
    """The names of the one-time schedules that wait."""
    return [
        each["Name"]
        for each in stack.session.get("schedules")
        if each["GroupName"] == stack.name and each["ScheduleExpression"].startswith("at(")
    ]


@pytest.fixture(scope="module")
def followed(stack: Stack) -> subprocess.CompletedProcess[str]:
    """What a person sees who starts the first run from a shell and follows it to its report."""
    return shell(stack, "run-now", "--stack", stack.name, "--json")


@pytest.fixture(scope="module")
def first(stack: Stack, followed: subprocess.CompletedProcess[str]) -> Started:
    """A first, complete and reported run."""
    assert followed.returncode == 0, followed.stderr
    return Started(stack, json.loads(followed.stdout)["answer"]["run_id"])


def test_everything_is_backed_up_and_the_mail_says_so(first: Started) -> None:
    states = first.states()
    assert {name for name, state in states.items() if state == "backed-up"} >= {
        "hello",
        "secret",
        "unicode",
        "octo.github.io",
    }
    assert states["empty"] == "empty"
    assert "failed" not in states.values()
    objects = first.stack.objects()
    assert "github_backups/octo/hello.zip" in objects
    assert "github_backups/octo/hello.wiki.zip" in objects
    assert first.stack.latest(first.run_id, "backup.log") in objects
    assert f"runs/{first.run_id}/report.json" in objects
    assert any(key.startswith("github_backups/20") for key in objects)
    assert first.report()["verdict"] == "verified"


def test_the_instance_ended_itself_and_its_deadline_was_called_off(first: Started) -> None:
    instance = first.instance_in("terminated")
    assert instance["reason"] == "Client.InstanceInitiatedShutdown"
    first.stack.session.wait_for(
        "the clean-up", lambda: True if not schedules(first.stack) else None, seconds=60
    )


def test_no_secret_reaches_the_log_or_the_console(first: Started) -> None:
    log = first.stack.log(first.run_id)
    assert "stand-in-token" not in log + first.instance_in("terminated")["console"]


def test_repeated_events_about_one_run_make_one_mail(first: Started) -> None:
    instance = first.instance_in("terminated")
    event = json.dumps(terminated_event(instance["id"])).encode()

    def deliver(_: int) -> dict[str, Any]:
        answer = first.stack.session.client("lambda").invoke(
            FunctionName=f"{first.stack.name}-reporter", Payload=event
        )
        return dict(answer)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(deliver, range(3)))
    assert not any("FunctionError" in answer for answer in answers)
    assert len(first.mails()) == 1


def start_by_schedule(stack: Stack) -> Started:
    """Have the schedule fire: the run that it started, by the name that its instance has."""
    scheduled = [
        each["Name"]
        for each in stack.session.get("schedules")
        if each["GroupName"] == stack.name and "launcher" in each["Target"]["Arn"]
    ]
    before = len(stack.instances())
    stack.session.post(f"schedules/{scheduled[0]}/fire")

    def launched() -> dict[str, Any] | None:
        return stack.instances()[before] if len(stack.instances()) > before else None

    instance = stack.session.wait_for("a scheduled instance", launched, seconds=60)
    return Started(stack, instance["tags"]["online-backup:run-id"])


def test_the_schedule_starts_a_run_of_its_own_name_which_uploads_no_archive_again(
    first: Started,
) -> None:
    before = first.stack.objects("github_backups/octo/")
    second = start_by_schedule(first.stack)
    second.mail()
    assert second.run_id != first.run_id
    assert set(second.states().values()) == {"unchanged", "empty"}
    assert second.manifest()["totals"]["bytes_uploaded"] == 0
    assert first.stack.objects("github_backups/octo/") == before


def test_the_page_tells_the_run_as_its_mail_does(first: Started, tmp_path: Path) -> None:
    html = first.stack.report(tmp_path / "page").read_text()
    assert '<h1 id="answer">Everything is backed up</h1>' in html
    assert re.search(r"<p>(\d+) runs? in all: \1 verified\.</p>", html)
    assert f"s3://{first.stack.bucket}" in html


def test_a_restored_repository_has_every_branch_and_tag(first: Started, tmp_path: Path) -> None:
    mirror = first.stack.restore("octo/hello", tmp_path)
    names = subprocess.run(
        ["git", "-C", mirror, "for-each-ref", "--format=%(refname)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {
        *("refs/heads/main", "refs/heads/develop"),
        *("refs/tags/v0.1", "refs/tags/v1.0", "refs/pull/1/head"),
    } <= set(names)


@pytest.mark.slow
def test_a_repository_that_fails_is_named_and_costs_only_itself(
    stack: Stack, hub: GitHubStandIn, first: Started
) -> None:
    hub.faults.add(Fault("/octo/hello.git/*", status=451, body=b"DMCA"))
    run = start(stack, {"full": True})
    mail = run.mail()
    states = run.states()
    assert states.pop("hello") == "failed"
    assert "failed" not in states.values()
    assert "octo/hello" in mail["body"]
    assert run.report()["verdict"] == "partial"


@pytest.mark.slow
def test_an_instance_that_hangs_is_terminated_at_its_deadline(
    stack: Stack, hub: GitHubStandIn, first: Started
) -> None:
    hub.faults.add(Fault("*/info/refs", "hang"))
    run = start(stack, {"full": True})
    run.visible_instance()
    store = runs_of(stack)
    stored = store.load(run.run_id)
    assert stored is not None
    store.save(stored.with_attempt(deadline_at=datetime.now(UTC)))
    stack.session.post(f"schedules/deadline-{run.run_id}-1/fire")
    instance = run.instance_in("terminated")
    assert instance["reason"] == "Client.UserInitiatedShutdown"
    report = run.report()
    assert report["verdict"] == "timed-out"


@pytest.mark.slow
def test_a_reclaimed_instance_is_replaced_within_the_same_run(
    stack: Stack, hub: GitHubStandIn, first: Started
) -> None:
    hub.faults.add(Fault("*/info/refs", "hang"))
    run = start(stack, {"full": True})
    reclaimed = run.visible_instance()
    stack.session.post(f"instances/{reclaimed['id']}/interrupt", {"notice_seconds": 1})
    run.instance_in("terminated", 1)
    hub.faults.clear()
    run.instance_in("terminated", 2)
    report = run.report()
    assert report["verdict"] == "verified", report["log"]
    assert [each["outcome"] for each in report["attempts"]] == ["reclaimed", "ended"]
    assert len(run.mails()) == 1


@pytest.mark.slow
def test_an_exchanged_program_is_refused_and_the_mail_names_it(
    stack: Stack, first: Started
) -> None:
    (key,) = stack.objects("admin/init_scripts/")
    s3, program = stack.session.client("s3"), stack.read(key)
    s3.put_object(Bucket=stack.bucket, Key=key, Body=program + b"something else")
    try:
        run = start(stack)
        mail = run.mail()
    finally:
        s3.put_object(Bucket=stack.bucket, Key=key, Body=program)
    assert mail["subject"].startswith("[OnlineBackup] failed")
    assert f"refused: {key} is not the program that was deployed" in mail["body"]
    assert not stack.objects(f"runs/{run.run_id}/manifest.json")


@pytest.mark.slow
def test_pools_without_capacity_are_passed_over(stack: Stack, first: Started) -> None:
    stack.session.post("faults", {"code": "InsufficientInstanceCapacity", "times": 3})
    answer = stack.start({"only": ["no-wiki"]})
    assert answer["status"] == "launched"
    assert [refused[3] for refused in answer["refused"]] == ["InsufficientInstanceCapacity"] * 3
    Started(stack, answer["run_id"]).mail()


def test_a_dry_run_launches_nothing(stack: Stack) -> None:
    before = len(stack.instances())
    assert stack.start({"dry_run": True})["status"] == "would launch"
    assert len(stack.instances()) == before


def test_a_check_looks_at_everything_with_the_rights_that_the_launcher_has(stack: Stack) -> None:
    """The account's plan and quotas, which the emulator lacks, are tested with the functions."""
    checks = stack.start({"action": "check"})["checks"]
    unlike_aws = ("plan", "quota spot", "quota on-demand")
    graded = {name: line.partition(":")[0] for name, line in checks.items()}
    assert {name for name, grade in graded.items() if grade in ("action needed", "unknown")} == {
        *unlike_aws
    }
    assert graded["launch"] == graded["GitHub"] == graded["schedule"] == "ok"


def shell(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``repo-backup`` as a person runs it."""
    return subprocess.run(
        [sys.executable, "-m", "repo_backup", *arguments],
        env={**stack.session.environment(), "PYTHONPATH": str(ROOT / "instance_scripts")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_is_started_and_followed_from_a_shell(
    first: Started, followed: subprocess.CompletedProcess[str]
) -> None:
    output = json.loads(followed.stdout)
    assert output["answer"]["status"] == "launched"
    assert output["report"]["verdict"] == "verified"
    listed = f"of {len(first.states())} repositories"
    assert listed in followed.stderr or "the instance starts" in followed.stderr


def test_a_store_tells_from_a_shell_how_its_backups_stand(stack: Stack, first: Started) -> None:
    done = shell(stack, "status", "--source", f"s3://{stack.bucket}", "--json", "--runs", "50")
    output = json.loads(done.stdout)
    verdicts = {run["run_id"]: run["verdict"] for run in output["runs"]}
    assert verdicts[first.run_id] == "verified"
    assert (done.returncode == 0) == output["good"]


def test_a_mistyped_stack_is_answered_with_those_there_are(stack: Stack) -> None:
    done = shell(stack, "run-now", "--stack", "online-backup-e2")
    assert done.returncode == 2
    assert f"did you mean {stack.name}?" in done.stderr


def two_tips(mirror: Path) -> list[str]:
    """Where two branches of a bare repository stand."""
    return [git(mirror, "rev-parse", f"refs/heads/{name}") for name in ("main", "develop")]


@pytest.mark.slow
def test_a_commit_between_two_runs_becomes_an_overlay_and_both_can_be_restored(
    stack: Stack, hub: GitHubStandIn, tmp_path: Path
) -> None:
    upstream = hub.root / "octo/hello.git"
    first, before = start(stack), two_tips(upstream)
    assert first.report()["verdict"] == "verified"
    commit_files(upstream, {"new.txt": "new\n"}, message="New")
    second, after = start(stack), two_tips(upstream)
    assert second.report()["verdict"] == "verified", second.report()["log"]
    mail = second.mail()
    assert mail["subject"].startswith("[OnlineBackup] verified: ")
    assert "octo/hello" in mail["body"]
    entry = next(each for each in second.manifest()["repositories"] if each["name"] == "hello")
    assert (entry["state"], entry["chain"]["links"]) == ("backed-up", 1)
    uploaded = second.manifest()["totals"]["bytes_uploaded"]
    assert 0 < uploaded == entry["chain"]["bytes"]
    there = "\n".join(stack.objects("github_backups/octo/hello+"))
    assert re.fullmatch(r"(\S*/hello\+\w{12})\.0001\.zip\n\1\.json", there)
    for run, expected in ((first, before), (second, after)):
        into = tmp_path / run.run_id
        source = ("--source", f"s3://{stack.bucket}", "--at", run.run_id, "--into", str(into))
        done = shell(stack, "restore", "octo/hello", *source)
        assert done.returncode == 0, done.stderr
        assert two_tips(into / "hello.git") == expected


@pytest.mark.slow
def test_changed_parameters_leave_everything_that_was_saved(stack: Stack, first: Started) -> None:
    before = stack.objects()
    changed = Stack.deploy(
        stack.session,
        stack.name,
        {
            "KeepVersionsDays": "30",
            "ScheduleExpression": '"cron(0 4 ? * SUN *)"',
            "MaxAttempts": "2",
        },
    )
    assert changed.bucket == stack.bucket
    assert stack.objects() == before
    known = runs_of(stack).load(first.run_id)
    assert known is not None
    assert known.verdict == "verified"
    checks = stack.start({"action": "check"})["checks"]
    assert " 04:00, " in checks["schedule"]
    again = start(stack)
    again.mail()
    assert set(again.states().values()) == {"unchanged", "empty"}


@pytest.mark.slow
def test_a_deleted_stack_leaves_its_backups_for_the_next_to_adopt(
    stack: Stack, first: Started, hub: GitHubStandIn
) -> None:
    """The last test of this module: it takes the stack down."""
    session, bucket = stack.session, stack.bucket
    before = stack.objects("github_backups/octo/")
    stack.delete()
    names = [each["Name"] for each in session.client("s3").list_buckets()["Buckets"]]
    assert bucket in names
    adopter = Stack.deploy(
        session,
        "online-backup-e2e-next",
        {
            "GitHubOwner": CORPUS_OWNER,
            "GitHubApiUrl": hub.api_url,
            "GitHubTokenParameter": TOKEN_PARAMETER,
            "NotificationEmail": "you@example.com",
            "ExistingBucketName": bucket,
        },
    )
    run = start(adopter)
    run.mail()
    assert run.report()["verdict"] == "verified"
    assert set(run.states().values()) == {"unchanged", "empty"}
    assert adopter.objects("github_backups/octo/") == before
