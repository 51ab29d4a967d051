"""The arithmetic of cost, against sums done by hand from AWS's list prices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from reporter.cost import Cost, estimate
from shared.run import Attempt, Instance, Market

START = datetime(2026, 11, 27, 17, tzinfo=UTC)
SPOT = Instance("i-1", "c7g.medium", "eu-1a", Market.SPOT, "0.0131", START)


def attempt(minutes: float, instance: Instance | None = SPOT) -> Attempt:
    end = START + timedelta(minutes=minutes)
    return Attempt(1, START, START + timedelta(hours=3), instance=instance, ended_at=end)


def cost(*attempts: Attempt, archives: int = 0, stored: int = 0, address: bool = False) -> Cost:
    return estimate(
        attempts,
        START,
        volume_gib=16,
        public_address=address,
        archives=archives,
        bytes_stored=stored,
    )


def test_an_hour_of_a_spot_instance_with_its_volume() -> None:
    # 0.0131 + 16 x 0.08 / 730 = 0.0131 + 0.0017534…
    assert float(cost(attempt(60)).run) == pytest.approx(0.0148534, abs=1e-7)


def test_an_address_is_half_a_cent_an_hour_on_top() -> None:
    difference = cost(attempt(60), address=True).run - cost(attempt(60)).run
    assert difference == Decimal("0.005")


def test_less_than_a_minute_is_billed_as_one() -> None:
    assert cost(attempt(0.2)).run == cost(attempt(1)).run


def test_every_attempt_counts_and_one_without_an_instance_is_free() -> None:
    three = cost(attempt(30), attempt(30), attempt(30, None))
    assert float(three.run) == pytest.approx(float(cost(attempt(60)).run))


def test_an_on_demand_instance_is_counted_as_unpriced() -> None:
    dear = replace(SPOT, market=Market.ON_DEMAND, price=None)
    assert cost(attempt(60, dear)).unpriced == 1
    assert float(cost(attempt(60, dear)).run) == pytest.approx(0.0017534, abs=1e-7)


def test_storage_is_billed_by_the_gib_and_month() -> None:
    assert cost(stored=100 * 2**30).storage == Decimal("2.3")


def test_ten_thousand_checks_cost_less_than_half_a_cent() -> None:
    assert cost(archives=10_000).run == Decimal("0.004")
