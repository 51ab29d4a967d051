"""The fault matrix: whatever call fails or is the last before a crash, one run gets one mail.

The whole of it (``pytest -m slow``) takes minutes and is what ``docs/fault-matrix.md`` shows.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.functions import matrix
from tests.integration.functions.world import World
from tests.surplus import slow_but


@pytest.mark.parametrize("fault", slow_but({1, 3, 5}, matrix.FAULTS))
def test_a_fault_at_the_launch_itself_leaves_one_mail_and_nothing_running(
    fault: str, deployment: Path
) -> None:
    index = matrix.calls_of(matrix.verified, deployment).index("ec2.RunInstances")
    cell = matrix.play(matrix.verified, index, "ec2.RunInstances", fault, deployment)
    assert cell.broken == ()


@pytest.mark.parametrize("scenario", matrix.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_without_a_fault_each_scenario_ends_as_it_should(
    scenario: Callable[[World], None], deployment: Path
) -> None:
    cell = matrix.play(scenario, -1, "", "once", deployment)
    assert (cell.verdict, cell.mails, cell.broken) == (matrix.SCENARIOS[scenario], 1, ())


@pytest.mark.slow
def test_one_fault_at_any_call_breaks_no_promise() -> None:
    assert [cell for cell in matrix.whole() if cell.broken] == []
