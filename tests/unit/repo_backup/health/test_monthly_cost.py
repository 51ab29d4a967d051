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


def test_a_change_keeps_its_new_objects_and_a_fortieth_of_a_replaced_archive() -> None:
    """3 % of 100 GiB change in each of 52.142857 weeks by 1.25 %; 40 of that are half an archive.

    20 overlays belong to the present. 3 GiB x (1.25 % x (52.142857 + 20) + 52.142857 / 40) =
    6.6160714 GiB, and 0.03 x 10,000 bytes x 72.142857 = 21,642.857 bytes: x 0.023 USD = 0.152170
    USD. Whole archives would be 3.597857.
    """
    found = estimate([100 * GIB], WEEKLY)
    assert near(found.storage_replaced, "0.152170")


def test_runs_cost_their_seconds() -> None:
    """One repository of 20 GB, of which a tenth changes, every week.

    Each moves 2 GB x (1.25 % new + 10 % index + 3 / 40) + 1000 bytes = 375,001,000 bytes: 90 s +
    0.1 s + 18.75005 s = 108.85005 s = 0.0302361 h. An hour: 0.0363 + 0.005 + 0.08 x 16 / 730 =
    0.0430534... USD. So 0.00130177 USD a run, x 365 / 12 / 7 a month: 0.00565650.
    """
    found = estimate([20_000_000_000], Habits(7, Decimal(10), 365))
    assert near(found.runs, "0.005656495")


def test_requests_are_counted_by_overlay_link_part_and_check() -> None:
    """Two repositories of 160 MiB, half of it changed, every week.

    Writes: 10 + 2 for the overlay + (1 + 160 MiB / 16 MiB) / 40 for the archive = 12.275, x
    0.000005 = 0.000061375. Reads: 20 links x 4 + 2 checks = 82, x 0.0000004 = 0.0000328. Together
    0.000094175, x 365 / 12 / 7 a month: 0.00040921.
    """
    found = estimate([160 * 2**20] * 2, Habits(7, Decimal(50), 365))
    assert abs(found.requests - Decimal("0.0004092128")) < Decimal("0.0000000001")


@pytest.mark.parametrize(
    ("days", "output"),
    [
        (1, "adds 0.179 % of its archive and 10 kB; an archive is replaced after 60 changes"),
        (7, "adds 1.25 % of its archive and 10 kB; an archive is replaced after 40 changes"),
        (28, "adds 5 % of its archive and 10 kB; an archive is replaced after 10 changes"),
    ],
)
def test_rarer_runs_find_more_that_is_new_and_replace_an_archive_sooner(
    days: int, output: str
) -> None:
    assert output in "; ".join(assumptions(Habits(days, Decimal(3), 365)))


def test_the_first_run_fetches_everything() -> None:
    """90 + 0.1 + 40 s = 130.1 s = 0.0361389 h x 0.0430534 USD = 0.00155590, and the requests.

    Writes: 10 + 1 + 800,000,000 / 16,777,216 = 58.6837, x 0.000005 = 0.00029342; reads 2 x
    0.0000004. Together 0.00185013.
    """
    found = estimate([800_000_000], WEEKLY)
    assert near(found.first_run, "0.001850126")


def test_the_month_is_the_sum_of_what_recurs() -> None:
    found = Estimate(
        0, 0, Decimal(1), Decimal(2), Decimal(3), Decimal(4), Decimal(100), Decimal(90)
    )
    assert found.month == 10


def test_an_empty_account_costs_only_its_runs() -> None:
    found = estimate([], WEEKLY)
    assert found.storage_newest == found.storage_replaced == 0
    assert found.runs > 0


@pytest.mark.parametrize(
    "word",
    ["every 7 days", "3 %", "365 days", "0.0363", "list prices"],
)
def test_what_the_figures_rest_on_is_said(word: str) -> None:
    assert word in "; ".join(assumptions(WEEKLY))


def test_a_first_run_takes_as_many_attempts_as_its_bytes_and_repositories_need() -> None:
    small = estimate([10**6], Habits(7, Decimal(3), 365))
    assert small.first_run_attempts == 1
    assert small.first_run_hours < Decimal("0.03")
    large = estimate([10**9] * 500, Habits(7, Decimal(3), 365))
    assert large.first_run_hours == pytest.approx(Decimal("6.98"), abs=Decimal("0.01"))
    assert large.first_run_attempts == 3
