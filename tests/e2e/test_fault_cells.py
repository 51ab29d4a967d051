"""A dozen cells of the fault matrix, on the deployed system: one run, one mail, nothing left."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from backup_contract.moments import run_id_of
from local_cloud.github import Fault, GitHubStandIn
from local_cloud.stack import Stack
from tests import fault_matrix
from tests.e2e.fault_cells import ATTEMPTS, CASES, Case, Weather, put_in_front, weather
from tests.e2e.test_whole_run import Started, runs_of, schedules

LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
numbers = count()


@pytest.fixture(scope="module")
def stormy(stack: Stack) -> Iterator[Weather]:
    """microburst between the functions and the cloud."""
    with weather(stack.session) as found, put_in_front(stack.session, stack.name, found):
        yield found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}: {case.fault}")
def test_the_page_shows_each_cell(case: Case) -> None:
    row = f"| {' | '.join([*case.row, case.verdict])} |"
    assert row in fault_matrix.PAGE.read_text(), "run: make fault-matrix MATRIX_OPTIONS=--embedded"


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}: {case.fault}")
def test_one_run_gets_its_mail_and_leaves_nothing_behind(
    case: Case,
    stack: Stack,
    hub: GitHubStandIn,
    stormy: Weather,
    record_property: Callable[[str, object], None],
) -> None:
    if case.scenario != "whole run":
        hub.faults.add(Fault("*/info/refs", "hang"))
    letters = dead_letters(stack)
    run = begin(case, stack, stormy)
    if case.scenario == "whole run":
        instance = run.instance_in("running")
    else:
        instance = run.visible_instance()
    if case.since == "report":
        stormy.set(case.rules)
    if case.scenario == "reclaimed":
        stack.session.post(f"instances/{instance['id']}/interrupt", {"notice_seconds": 1})
        run.instance_in("terminated", 1)
        hub.faults.clear()
    elif case.scenario == "hanging":
        store = runs_of(stack)
        stored = store.load(run.run_id)
        assert stored is not None
        store.save(stored.with_attempt(deadline_at=datetime.now(UTC)))
        stack.session.post(f"schedules/deadline-{run.run_id}-1/fire")
    hits = mailed(case, run, stormy, letters)
    verdict = run.report()["verdict"]
    assert verdict == case.verdict
    stack.session.wait_for(
        "the clean-up",
        lambda: True if not [n for n in schedules(stack) if run.run_id in n] else None,
        seconds=90,
    )
    mails = len(run.mails())
    assert 1 <= mails <= case.mails
    mine = [i for i in stack.instances() if i["tags"]["online-backup:run-id"] == run.run_id]
    attempts = [each["tags"]["online-backup:attempt"] for each in mine]
    assert len(attempts) == len(set(attempts))
    assert {each["state"] for each in mine} == {"terminated"}
    record_property(fault_matrix.ROW, json.dumps([*case.row, verdict, hits, mails]))


def begin(case: Case, stack: Stack, stormy: Weather) -> Started:
    """The schedule fires for a moment of its own, with or without the fault."""
    due = LONG_AGO + timedelta(minutes=next(numbers))
    stormy.set(case.rules if case.since == "launch" else [])
    stack.session.client("lambda").invoke(
        FunctionName=f"{stack.name}-launcher",
        InvocationType="Event",
        Payload=json.dumps({"trigger": "schedule", "scheduled_time": due.isoformat()}).encode(),
    )
    return Started(stack, run_id_of(due))


def mailed(case: Case, run: Started, stormy: Weather, letters: int) -> int:
    """Wait for the mail, of the watchdog if need be; how many requests the fault has hit."""
    session, leases = run.stack.session, count(ATTEMPTS, ATTEMPTS)
    ends = next(leases)

    def look() -> bool | None:
        nonlocal ends
        if case.operation == "sns.Publish" and stormy.struck() >= ends:
            # Lambda waits a minute before it tries again; here it is seconds.
            expire_the_mail_lease(run)
            ends = next(leases)
        if case.dead_letter:
            return True if dead_letters(run.stack) > letters else None
        return True if run.mails() else None

    session.wait_for("a dead letter" if case.dead_letter else "the mail", look, seconds=150)
    hits = stormy.struck()
    assert hits
    if case.dead_letter:
        assert not run.mails()
        stormy.set([])
        session.post("schedules/watchdog/fire")
        run.mail()
    return hits


def expire_the_mail_lease(run: Started) -> None:
    """As if the minute had passed that a reporter may mail alone."""
    store = runs_of(run.stack)
    stored = store.load(run.run_id)
    assert stored is not None
    store.save(replace(stored, mail_lease_until=None))


def dead_letters(stack: Stack) -> int:
    """How many messages wait in the stack's dead-letter queue."""
    resource = stack.session.client("cloudformation").describe_stack_resource(
        StackName=stack.name, LogicalResourceId="DeadLetterQueue"
    )
    answer = stack.session.client("sqs").get_queue_attributes(
        QueueUrl=resource["StackResourceDetail"]["PhysicalResourceId"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
