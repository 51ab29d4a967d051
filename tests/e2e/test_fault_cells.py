"""A dozen cells of the fault matrix, on the deployed system: one run, one mail, nothing left."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from local_cloud.github import Fault, GitHubStandIn
from local_cloud.session import SessionError
from local_cloud.stack import Stack
from shared.run import run_id_of
from tests import fault_matrix
from tests.e2e.fault_cells import CASES, Case, Weather, put_in_front, table, weather
from tests.e2e.test_whole_run import Started, runs_of, schedules

pytestmark = pytest.mark.slow
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
numbers = count()


@pytest.fixture(scope="module")
def stormy(stack: Stack) -> Iterator[Weather]:
    """microburst between the functions and the cloud."""
    with weather(stack.session) as found:
        put_in_front(stack.session, stack.name, found)
        yield found


def test_the_page_shows_these_cells() -> None:
    assert table() in fault_matrix.PAGE.read_text(), "run: make fault-matrix"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}: {case.fault}")
def test_one_run_gets_its_mail_and_leaves_nothing_behind(
    case: Case, stack: Stack, hub: GitHubStandIn, stormy: Weather
) -> None:
    if case.scenario != "whole run":
        hub.faults.add(Fault("*/info/refs", "hang"))
    run = begin(case, stack, stormy)
    if case.scenario == "whole run":
        instance = run.instance_in("running")
    else:
        instance = run.visible_instance()
    if case.since == "report":
        stormy.set(case.rules)
    if case.scenario == "reclaimed":
        stack.session.post(f"instances/{instance['id']}/interrupt", {"notice_seconds": 1})
        hub.faults.clear()
    elif case.scenario == "hanging":
        store = runs_of(stack)
        stored = store.load(run.run_id)
        assert stored is not None
        store.save(stored.with_attempt(deadline_at=datetime.now(UTC)))
        stack.session.post(f"schedules/deadline-{run.run_id}-1/fire")
    wait_for_mail(run, stormy)
    assert run.report()["verdict"] == case.verdict
    stack.session.wait_for(
        "the clean-up",
        lambda: True if not [n for n in schedules(stack) if run.run_id in n] else None,
        seconds=90,
    )
    assert 1 <= len(run.mails()) <= case.mails
    mine = [i for i in stack.instances() if i["tags"]["online-backup:run-id"] == run.run_id]
    attempts = [each["tags"]["online-backup:attempt"] for each in mine]
    assert len(attempts) == len(set(attempts))
    assert {each["state"] for each in mine} == {"terminated"}


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


def wait_for_mail(run: Started, stormy: Weather) -> None:
    """Until the mail is there; if it does not come, AWS recovers and the watchdog wakes up."""
    session = run.stack.session

    def look() -> bool | None:
        return True if run.mails() else None

    try:
        session.wait_for("the mail", look, seconds=45)
        assert stormy.struck()
    except SessionError:
        assert stormy.struck()
        stormy.set([])
        session.post("schedules/watchdog/fire")
        session.wait_for("the watchdog's mail", look, seconds=60)
