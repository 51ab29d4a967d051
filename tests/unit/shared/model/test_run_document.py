"""A run survives its storage, whichever version of the functions wrote or reads it."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backup_contract.documents.fields import DamagedError
from shared.model.run import Attempt, Instance, Market, Outcome
from shared.model.run_document import from_json, role_ids, to_json
from tests.unit.shared.model.test_run import FULL

RUN_ID = FULL.id
DAMAGED: list[tuple[Callable[[Any], None], str]] = [
    (lambda run: run.pop("attempts"), "attempts is missing"),
    (lambda run: run.pop("created_at"), "created_at is missing"),
    (lambda run: run.update(id="2026-11-20T17-00-00Z"), "id is that of another run"),
    (lambda run: run.update(id="../../etc"), "id is not a run id"),
    (lambda run: run.update(wakes="many"), "wakes is not a whole number"),
    (lambda run: run.update(wakes=10**9), "wakes is more than"),
    (lambda run: run.update(created_at="2026-11-27T12:00:00"), "created_at is a date without"),
    (lambda run: run.update(reported_at=True), "reported_at is not text"),
    (lambda run: run["options"].update(only=[1]), r"options.only\[0\] is not text"),
    (lambda run: run["options"].update(full="yes"), "options.full is neither"),
    (lambda run: run["attempts"].pop(0), "attempts are not numbered from 1 on"),
    (
        lambda run: run["attempts"][1].update(deadline_at="9999-12-31T00:00:00Z"),
        "a date after",
    ),
    (lambda run: run["attempts"][0].update(outcome="later"), r"attempts\[0\].outcome is not one"),
    (lambda run: run["attempts"][0].update(pools=[[]]), r"attempts\[0\].pools\[0\] is not an"),
    (lambda run: run["attempts"][1]["instance"].pop("id"), r"attempts\[1\].instance.id is missing"),
    (lambda run: run["attempts"][1]["instance"].update(price="1e400"), "price is not a price"),
    (lambda run: run["attempts"][1]["instance"].update(market="mars"), "market is not one of"),
    (lambda run: run["attempts"][1].update(role_id="../x"), r"attempts\[1\].role_id is not a role"),
]

OF_97D46B3 = """{"id": "2026-11-27T12-00-00Z", "trigger": "schedule",
"created_at": "2026-11-27T12:00:00+00:00", "options": {"only": [], "full": false,
"on_demand": false}, "attempts": [{"number": 1, "started_at": "2026-11-27T12:00:00+00:00",
"deadline_at": "2026-11-27T15:00:00+00:00", "pools": [], "user_data": "", "answers": [{
"instance_type": "c7g.medium", "zone": "eu-1a", "market": "spot", "code": "Code", "kind": "pool",
"message": "", "subnet_id": "subnet-a"}], "instance": {"id": "i-1", "instance_type": "m7g.medium",
"zone": "eu-1b", "market": "on-demand", "price": null, "launched_at": "2026-11-27T12:00:09+00:00"},
"outcome": "timed-out", "problem": null, "ended_at": "2026-11-27T15:02:00+00:00",
"warned_at": null, "terminated_at": "2026-11-27T15:00:00+00:00", "done": 3, "listed": 7}],
"mail_lease_until": null, "verdict": null, "reported_at": null, "wakes": 2}"""
"""As the functions of commit 97d46b3 wrote it."""

RUN_AT_97D46B3 = {
    *("id", "trigger", "created_at", "options", "attempts", "mail_lease_until", "verdict"),
    *("reported_at", "wakes"),
}
ATTEMPT_AT_97D46B3 = {
    *("number", "started_at", "deadline_at", "pools", "user_data", "answers", "instance"),
    *("outcome", "problem", "ended_at", "warned_at", "terminated_at", "done", "listed"),
}
"""What those functions read; any other name would make them refuse the whole run."""


def stored(run: Any = FULL) -> Any:
    """The document as the table has it."""
    return json.loads(to_json(run))


def read(document: Any, **roles: str) -> Any:
    """The run of a document."""
    return from_json(json.dumps(document), RUN_ID, 4, roles)


def test_a_run_survives_the_way_through_json() -> None:
    assert read(stored()) == FULL
    with_role = FULL.with_attempt(role_id="AROAEXAMPLE")
    assert from_json(to_json(with_role), RUN_ID, 4, role_ids(with_role)) == with_role


def test_a_run_of_an_earlier_version_is_read() -> None:
    run = from_json(OF_97D46B3, RUN_ID, 4, {})
    begun = datetime(2026, 11, 27, 12, tzinfo=UTC)
    instance = Instance(
        "i-1", "m7g.medium", "eu-1b", Market.ON_DEMAND, None, begun + timedelta(seconds=9)
    )
    assert (run.id, run.created_at, run.wakes, run.version) == (RUN_ID, begun, 2, 4)
    assert (run.attempt.instance, run.attempt.outcome) == (instance, Outcome.TIMED_OUT)
    assert (run.attempt.done, run.attempt.listed, run.attempt.role_id) == (3, 7, "")


def test_a_run_is_written_with_no_field_that_the_earlier_version_would_refuse() -> None:
    document = stored(FULL.with_attempt(role_id="AROAEXAMPLE"))
    assert set(document) == RUN_AT_97D46B3
    assert all(set(each) == ATTEMPT_AT_97D46B3 for each in document["attempts"])


def test_answers_of_before_their_subnet_was_kept_and_role_ids_within_the_document_are_read() -> (
    None
):
    document = stored()
    del document["attempts"][0]["answers"][0]["subnet_id"]
    document["attempts"][1]["role_id"] = "AROAEXAMPLE"
    assert read(document) == FULL.with_attempt(role_id="AROAEXAMPLE")


def test_fields_of_a_later_version_are_ignored_wherever_they_are() -> None:
    document = stored()
    first, second = document["attempts"]
    parts = (document["options"], first, first["pools"][0], first["answers"][0], second["instance"])
    for each in (document, *parts):
        each["of_a_later_version"] = [1]
    assert read(document, **{"9": "AROALATER"}) == FULL


@pytest.mark.parametrize(("damage", "named"), DAMAGED, ids=[named for _, named in DAMAGED])
def test_what_is_damaged_is_named_by_its_field(damage: Callable[[Any], None], named: str) -> None:
    document = copy.deepcopy(stored())
    damage(document)
    with pytest.raises(DamagedError, match=named):
        read(document)


def test_every_attempt_that_a_run_may_have_is_read() -> None:
    run = FULL
    for number in range(3, 11):
        run = run.with_new_attempt(Attempt(number, FULL.created_at, FULL.created_at))
    assert from_json(to_json(run), RUN_ID, 5, {}) == replace(run, version=5)
