"""Every event that may reach the reporter is a hint at one thing, or a clear error."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporter.events import Interruption, RunEvent, Terminated, Trigger, Watchdog, read_trigger
from shared.errors import EventError

EVENTS = Path(__file__).parents[3] / "events"


@pytest.mark.parametrize(
    ("name", "trigger"),
    [
        ("terminated", Terminated("i-0123456789abcdef0")),
        ("terminated_foreign", Terminated("i-0f0f0f0f0f0f0f0f0")),
        ("spot_interruption", Interruption("i-0123456789abcdef0")),
        ("deadline", RunEvent("2026-11-27T17-00-00Z")),
        ("launch_failed", RunEvent("2026-11-27T17-00-00Z")),
        ("watchdog", Watchdog()),
    ],
)
def test_each_event_of_the_folder_is_understood(name: str, trigger: Trigger) -> None:
    assert read_trigger(json.loads((EVENTS / f"{name}.json").read_text())) == trigger


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "invoke the launcher"),
        ({"trigger": "deadline", "run_id": "../x"}, "run_id"),
        ({"detail-type": "EC2 Instance State-change Notification"}, r"detail\.instance-id"),
    ],
)
def test_a_wrong_event_is_refused_by_the_name_of_its_field(
    wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(EventError, match=named):
        read_trigger(wrong)


names = st.sampled_from(["detail-type", "detail", "trigger", "run_id"])
values = (
    st.sampled_from(["deadline", "watchdog", "EC2 Spot Instance Interruption Warning"])
    | st.text(max_size=9)
    | st.dictionaries(st.just("instance-id"), st.none() | st.text(max_size=3))
    | st.lists(st.integers(), max_size=1)
)


@given(st.dictionaries(names, values))
def test_no_event_raises_anything_but_its_own_error(anything: dict[str, Any]) -> None:
    try:
        read_trigger(anything)
    except EventError:
        return
