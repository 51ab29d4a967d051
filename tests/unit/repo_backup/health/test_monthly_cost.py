"""What an account would cost, against figures worked out by hand."""

from decimal import Decimal

import pytest

from repo_backup.health.monthly_cost import Estimate, Habits, assumptions, estimate

WEEKLY = Habits(days_between_runs=7, changed_percent=Decimal(3), keep_days=365)
GIB = 2**30


def near(value: Decimal, by_hand: str) -> bool:
    return abs(value - Decimal(by_hand)) < Decimal("0.000001")


def test_storage_of_the_newest_archives_is_their_gibibytes() -> None:
    found = estimate([60 * GIB, 40 * GIB], WEEKLY)
    assert found.storage_newest == Decimal("2.3")  # 100 x 0.023


def test_a_change_keeps_its_new_objects_and_every_sixtieth_an_archive() -> None:
    """3 % of 100 GiB change in each of 52.142857 weeks, and 30 overlays belong to the present.

    3 GiB x (1 % x (52.142857 + 30) + 52.142857 / 60) = 5.0714286 GiB, and 0.03 x 10,000 bytes x
    82.142857 = 24,642.857 bytes: x 0.023 USD = 0.116643 USD. Whole archives would be 3.597857.
    """
    found = estimate([100 * GIB], WEEKLY)
    assert near(found.storage_replaced, "0.116643")


def test_runs_cost_their_seconds() -> None:
    """One repository of 20 GB, of which a tenth changes, every 73 days: five runs a year.

    Each moves 2 GB x (1 % x 73 / 7 new + 10 % index + 3 / 60) + 1000 bytes = 508,572,429 bytes:
    90 s + 0.1 s + 25.428621 s = 115.528621 s = 0.03209128 h. An hour: 0.0363 + 0.005 + 0.08 x 16 /
    730 = 0.0430534... USD. So 0.00138164 USD a run, and 5 / 12 of that a month: 0.00057568.
    """
    found = estimate([20_000_000_000], Habits(73, Decimal(10), 365))
    assert near(found.runs, "0.000575683")


@pytest.mark.parametrize(("days", "said"), [(1, "adds 1 %"), (7, "adds 1 %"), (28, "adds 4 %")])
def test_rarer_runs_find_more_that_is_new(days: int, said: str) -> None:
    assert said in "; ".join(assumptions(Habits(days, Decimal(3), 365)))


def test_requests_are_counted_by_overlay_link_part_and_check() -> None:
    """Two repositories of 160 MiB, half of it changed, every 365 days.

    Writes: 10 + 2 for the overlay + (1 + 160 MiB / 16 MiB) / 60 for the archive = 12.183333, x
    0.000005 = 0.0000609167. Reads: 30 links x 4 + 2 checks = 122, x 0.0000004 = 0.0000488. A
    twelfth of 0.0001097167 a month: 0.0000091431.
    """
    found = estimate([160 * 2**20] * 2, Habits(365, Decimal(50), 365))
    assert abs(found.requests - Decimal("0.0000091431")) < Decimal("0.0000000001")


def test_the_first_run_fetches_everything() -> None:
    """90 + 0.1 + 40 s = 130.1 s = 0.0361389 h x 0.0430534 USD = 0.00155590, and the requests.

    Writes: 10 + 1 + 800,000,000 / 16,777,216 = 58.6837, x 0.000005 = 0.00029342; reads 2 x
    0.0000004. Together 0.00185013.
    """
    found = estimate([800_000_000], WEEKLY)
    assert near(found.first_run, "0.001850126")


def test_the_month_is_the_sum_of_what_recurs() -> None:
    found = Estimate(0, 0, Decimal(1), Decimal(2), Decimal(3), Decimal(4), Decimal(100))
    assert found.month == 10


def test_an_empty_account_costs_only_its_runs() -> None:
    found = estimate([], WEEKLY)
    assert found.storage_newest == found.storage_replaced == 0
    assert found.runs > 0


@pytest.mark.parametrize(
    "word",
    ["every 7 days", "3 %", "adds 1 %", "after 60 changes", "365 days", "0.0363", "list prices"],
)
def test_what_the_figures_rest_on_is_said(word: str) -> None:
    assert word in "; ".join(assumptions(WEEKLY))
