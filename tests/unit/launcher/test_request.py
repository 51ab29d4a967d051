"""Every event that may reach the launcher becomes one request, or one clear refusal."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.request import CheckRequest, LaunchRequest, read_request
from shared.errors import EventError
from shared.model.run import Options

NOW = datetime(2026, 11, 27, 17, 3, 9, tzinfo=UTC)
EVENTS = Path(__file__).parents[3] / "events"


def event(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return document


@pytest.mark.parametrize("name", ["schedule", "cron_rule"])
def test_a_schedule_of_either_kind_names_the_run_by_the_time_it_was_due(name: str) -> None:
    assert read_request(event(name), NOW) == LaunchRequest("2026-11-27T17-00-00Z", 1, "schedule")


def test_an_empty_manual_event_runs_now() -> None:
    assert read_request({}, NOW) == LaunchRequest("2026-11-27T17-03-09Z", 1, "manual")


def test_a_check_is_no_launch() -> None:
    assert read_request(event("manual_check"), NOW) == CheckRequest()


def test_manual_options_reach_the_request() -> None:
    asked = {"only": ["a*", "b"], "full": True, "on_demand": True, "dry_run": True}
    request = read_request(asked, NOW)
    assert isinstance(request, LaunchRequest)
    assert request.options == Options(("a*", "b"), full=True, on_demand=True)
    assert request.dry_run


def test_a_retry_names_run_and_attempt() -> None:
    assert read_request(event("retry"), NOW) == LaunchRequest("2026-11-27T17-00-00Z", 2, "retry")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"dryrun": True}, "dryrun: unknown field"),
        ({"key1": "value1"}, "key1: unknown field"),
        ({"dry_run": "yes"}, "dry_run: expected true or false"),
        ({"full": 1}, "full: expected true or false"),
        ({"only": "hello"}, "only: expected a list"),
        ({"only": [1]}, "only: expected name patterns"),
        ({"only": [" "]}, "only: expected name patterns"),
        ({"trigger": "schedule", "scheduled_time": "<aws.scheduler.scheduled-time>"}, "scheduled"),
        ({"action": "chekc"}, 'action: expected "check"'),
        ({"action": "check", "full": True}, "full: a check takes no other field"),
        ({"trigger": "retry", "run_id": "yesterday", "attempt": 1}, "run_id"),
        ({"trigger": "retry", "run_id": "2026-11-27T17-00-00Z", "attempt": True}, "attempt"),
    ],
)
def test_a_wrong_event_is_refused_by_the_name_of_its_field(
    wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(EventError, match=named):
        read_request(wrong, NOW)


scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
json_values: st.SearchStrategy[Any] = scalars | st.lists(scalars, max_size=2) | st.just({})
fields = st.sampled_from(
    [
        "trigger",
        "run_id",
        "attempt",
        "scheduled_time",
        "time",
        "detail-type",
        "only",
        "full",
        "x",
        "action",
    ]
)
words = st.sampled_from(["schedule", "retry", "Scheduled Event", "2026-11-27T17-00-00Z"])


@given(st.dictionaries(fields, json_values | words))
def test_no_event_raises_anything_but_its_own_error(anything: dict[str, Any]) -> None:
    try:
        request = read_request(anything, NOW)
    except EventError:
        return
    assert isinstance(request, CheckRequest) or request.attempt >= 1
