"""The arithmetic of cost, against sums done by hand from AWS's list prices.

us-east-1, November 2026: gp3 0.08 USD per GB-month (https://aws.amazon.com/ebs/pricing/), a public
IPv4 address 0.005 USD an hour (https://aws.amazon.com/vpc/pricing/), S3 Standard 0.023 USD per
GB-month and 0.0004 USD per 1,000 GET and HEAD requests (https://aws.amazon.com/s3/pricing/);
instances by the second, a minute at least (https://aws.amazon.com/ec2/pricing/).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from reporter.judge.cost import Cost, estimate
from shared.model.run import Attempt, Instance, Market

START = datetime(2026, 11, 27, 17, tzinfo=UTC)
SPOT = Instance("i-1", "c7g.medium", "eu-1a", Market.SPOT, "0.0131", START)


def attempt(minutes: float, instance: Instance | None = SPOT) -> Attempt:
    end = START + timedelta(minutes=minutes)
    return Attempt(1, START, START + timedelta(hours=3), instance=instance, ended_at=end)


def cost(
    *attempts: Attempt, archives: int = 0, uploads: int = 0, stored: int = 0, address: bool = False
) -> Cost:
    return estimate(
        attempts,
        START,
        volume_gib=16,
        public_address=address,
        archives=archives,
        uploads=uploads,
        bytes_stored=stored,
    )


def test_an_hour_of_a_spot_instance_with_its_volume() -> None:
    # 0.0131 + 16 x 0.08 / 730 = 0.0131 + 0.0017534…
    assert float(cost(attempt(60)).run) == pytest.approx(0.0148534, abs=1e-7)


def test_an_address_is_half_a_cent_an_hour_on_top() -> None:
    difference = cost(attempt(60), address=True).run - cost(attempt(60)).run
    assert difference == Decimal("0.005")


def test_an_upload_costs_as_much_as_a_dozen_looks_at_an_archive() -> None:
    assert cost(archives=1000).run == Decimal("0.0004")
    assert cost(archives=1000, uploads=1000).run == Decimal("0.0054")


def test_less_than_a_minute_is_billed_as_one() -> None:
    assert cost(attempt(0.2)).run == cost(attempt(1)).run


def test_every_attempt_counts_and_one_without_an_instance_is_free() -> None:
    three = cost(attempt(30), attempt(30), attempt(30, None))
    assert float(three.run) == pytest.approx(float(cost(attempt(60)).run))


def test_an_on_demand_instance_is_told_apart_with_its_type_and_time() -> None:
    """Of an hour only the volume is priced: 16 x 0.08 / 730 = 0.0017534…"""
    dear = replace(SPOT, market=Market.ON_DEMAND, price=None)
    assert cost(attempt(60, dear)).unpriced == (("c7g.medium", timedelta(hours=1)),)
    assert float(cost(attempt(60, dear)).run) == pytest.approx(0.0017534, abs=1e-7)


def test_storage_is_billed_by_the_gib_and_month() -> None:
    assert cost(stored=100 * 2**30).storage == Decimal("2.3")


def test_ten_thousand_checks_cost_less_than_half_a_cent() -> None:
    assert cost(archives=10_000).run == Decimal("0.004")


def test_a_weekly_run_of_twelve_minutes_that_was_reclaimed_once() -> None:
    """Six minutes and twelve, 300 archives, 40 GiB kept, at 0.0131 USD an hour.

    18 min = 0.3 h: instance 0.3 x 0.0131 = 0.00393; volume 0.3 x 16 x 0.08 / 730 = 0.000526;
    address 0.3 x 0.005 = 0.0015; checks 300 x 0.0000004 = 0.00012: 0.006076 in all.
    Kept for a month: 40 x 0.023 = 0.92.
    """
    found = cost(attempt(6), attempt(12), archives=300, stored=40 * 2**30, address=True)
    assert float(found.run) == pytest.approx(0.006076, abs=1e-6)
    assert found.storage == Decimal("0.92")
