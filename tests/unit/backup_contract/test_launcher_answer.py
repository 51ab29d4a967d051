"""What the launcher answers is what the commands read, of this version, an earlier and a later."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.launch import Launched, LaunchRecord, Refused, read_launch
from backup_contract.documents.launcher_answer import (
    CheckAnswer,
    DryRunAnswer,
    RunAnswer,
    Status,
)

RUN_ID = "2026-11-27T17-00-00Z"
DUE = datetime(2026, 11, 27, 17, tzinfo=UTC)
RECORD = LaunchRecord(
    RUN_ID,
    2,
    "schedule",
    DUE,
    DUE,
    "i-2",
    "c7g.medium",
    "eu-1a",
    "spot",
    None,
    (Refused("m7g.medium", "eu-1b", "spot", "InsufficientInstanceCapacity"),),
    attempts=(Launched(2, "i-2", f"runs/{RUN_ID}/attempts/AROA:i-2/"), Launched(1, "i-1")),
)
ANSWERS = {
    "launched": RunAnswer(Status.LAUNCHED, RUN_ID, 2, launch=RECORD, advice="A.", mail="M."),
    "already": RunAnswer(Status.ALREADY_LAUNCHED, RUN_ID, 1),
    "waiting": RunAnswer(Status.NOT_LAUNCHED, RUN_ID, 1, "No pool had capacity.", DUE),
    "refused": RunAnswer(Status.REFUSED, RUN_ID, 1, "BackupOptions: …"),
    "busy": RunAnswer(Status.REFUSED, problem="Run … is in progress."),
    "too late": RunAnswer(Status.TOO_LATE, RUN_ID, 1, "This attempt ends …"),
}
OF_97D46B3: dict[str, Any] = {
    **{"status": "launched", "schema": 1, "run_id": RUN_ID, "attempt": 1, "trigger": "manual"},
    **{"launched_at": "2026-11-27T17:00:05+00:00", "deadline_at": "2026-11-27T20:00:00+00:00"},
    **{"instance_id": "i-1", "instance_type": "c7g.medium", "zone": "eu-1a", "market": "spot"},
    **{"usd_per_hour": "0.0123", "refused": [["m7g.medium", "eu-1a", "spot", "Code"]]},
}
"""As the launcher of commit 97d46b3 answered."""


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_is_answered_is_read(answer: RunAnswer) -> None:
    document = json.loads(json.dumps(answer.document))
    read = RunAnswer.read(document)
    assert read == replace(answer, refused=(), launch=None, advice="", mail="")
    assert (read.launched, read.succeeded) == (answer.launched, answer.succeeded)


def test_the_answer_of_an_earlier_launcher_is_read_and_a_later_ones_fields_are_ignored() -> None:
    assert RunAnswer.read(OF_97D46B3) == RunAnswer("launched", RUN_ID, 1)
    later = {**OF_97D46B3, "status": "launched twice", "workers": {"a": 1}}
    assert not RunAnswer.read(later).succeeded


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"status": None}, "status is not text"),
        ({"run_id": "../x"}, "run_id is not a run id"),
        ({"run_id": None}, "run_id is not a run id"),
        ({"attempt": -1}, "attempt is not a whole number"),
        ({"next_attempt_at": "soon"}, "next_attempt_at is not a date"),
        ({"problem": ["no"]}, "problem is not text"),
    ],
)
def test_a_damaged_answer_is_named_by_its_field(damage: dict[str, Any], named: str) -> None:
    with pytest.raises(DamagedError, match=named):
        RunAnswer.read({**OF_97D46B3, **damage})


def test_a_dry_run_is_read_as_every_answer() -> None:
    dry = DryRunAnswer(Status.WOULD_LAUNCH, ("octo",), (), ("c7g.medium spot in eu-1a",), 3, ())
    assert dry.document["dry_run"] is True
    assert "mail" not in dry.document
    assert RunAnswer.read(dry.document).succeeded
    objected = replace(dry, status=Status.REFUSED, objections={"spot": "Code: no"}, mail="M.")
    assert not RunAnswer.read(objected.document).succeeded
    assert (objected.document["objections"], objected.document["mail"]) == (
        {"spot": "Code: no"},
        "M.",
    )


def test_a_check_survives_the_way_through_json() -> None:
    check = CheckAnswer(
        "mend", "action needed: mail", {"mail": "action needed: nobody", "plan": "ok: paid"}
    )
    read = CheckAnswer.read({**json.loads(json.dumps(check.document)), "later": 1})
    assert (read, read.in_order) == (check, False)
    with pytest.raises(DamagedError, match="checks is not an object of texts"):
        CheckAnswer.read({**check.document, "checks": {"mail": 1}})


def test_the_record_of_a_launch_is_read_and_its_latest_attempt_is_answered() -> None:
    assert read_launch(RECORD.to_json(), RUN_ID) == tuple(reversed(RECORD.attempts))
    answered = ANSWERS["launched"].document
    assert {**answered, **json.loads(RECORD.to_json())}.keys() - answered.keys() == {"attempts"}
