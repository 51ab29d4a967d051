"""Pools are asked in the order that promises most, and each answer closes exactly its part."""

from datetime import UTC, datetime

import pytest

from launcher.launch.pools import (
    Place,
    Purchase,
    Spot,
    plan_pools,
    purchase_options,
    reclaimed_pools,
    remaining,
)
from launcher.launch.refusals import Kind
from shared.model.run import Attempt, Instance, Market, Outcome, Pool, PoolAnswer

PLACES = [Place("subnet-a", "eu-1a", "eu1-az3"), Place("subnet-b", "eu-1b", "eu1-az1")]
IMAGES = {"c7g.medium": "ami-arm", "m6i.large": "ami-x86"}
PRICES = {
    ("c7g.medium", "eu-1a"): "0.0150",
    ("c7g.medium", "eu-1b"): "0.0100",
    ("m6i.large", "eu-1a"): "0.0120",
}
BOTH = Purchase((Market.SPOT, Market.ON_DEMAND))
SPOT = Spot(PRICES)
POOLS = plan_pools(PLACES, IMAGES, SPOT, BOTH)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def named(pools: tuple[Pool, ...]) -> list[str]:
    return [f"{p.instance_type} {p.zone} {p.market}" for p in pools]


def refusal(pool: Pool, kind: Kind) -> PoolAnswer:
    return PoolAnswer(
        pool.instance_type, pool.zone, pool.market, "Code", kind, "no", pool.subnet_id
    )


def test_spot_pools_go_from_cheap_to_dear_and_on_demand_comes_last() -> None:
    assert named(POOLS) == [
        "c7g.medium eu-1b spot",
        "m6i.large eu-1a spot",
        "c7g.medium eu-1a spot",
        "m6i.large eu-1b spot",
        "c7g.medium eu-1a on-demand",
        "c7g.medium eu-1b on-demand",
        "m6i.large eu-1a on-demand",
        "m6i.large eu-1b on-demand",
    ]


def test_each_type_gets_the_image_of_its_own_architecture() -> None:
    assert {(p.instance_type, p.image_id) for p in POOLS} == set(IMAGES.items())


@pytest.mark.parametrize(
    ("attempt", "allowed", "asked", "markets"),
    [
        (1, True, False, (Market.SPOT, Market.ON_DEMAND)),
        (2, True, False, (Market.SPOT, Market.ON_DEMAND)),
        (3, True, False, (Market.ON_DEMAND, Market.SPOT)),
        (1, True, True, (Market.ON_DEMAND,)),
        (3, False, False, (Market.SPOT,)),
        (1, False, True, (Market.SPOT,)),
    ],
)
def test_the_last_attempt_goes_to_on_demand_where_that_is_allowed(
    attempt: int, allowed: bool, asked: bool, markets: tuple[Market, ...]
) -> None:
    assert purchase_options(attempt, 3, allow_on_demand=allowed, requested=asked).markets == markets


def test_a_pool_without_capacity_closes_only_itself() -> None:
    assert remaining(POOLS, [refusal(POOLS[0], Kind.POOL)]) == POOLS[1:]


def test_a_zone_without_addresses_closes_the_zone_in_both_markets() -> None:
    left = remaining(POOLS, [refusal(POOLS[0], Kind.ZONE)])
    assert {pool.zone for pool in left} == {"eu-1a"}
    assert {pool.market for pool in left} == {Market.SPOT, Market.ON_DEMAND}


def test_a_subnet_without_addresses_leaves_the_other_subnet_of_its_zone_open() -> None:
    places = [Place("subnet-a", "eu-1a"), Place("subnet-b", "eu-1a")]
    pools = plan_pools(places, IMAGES, SPOT, BOTH)
    left = remaining(pools, [refusal(pools[0], Kind.SUBNET)])
    assert {pool.subnet_id for pool in left} == {"subnet-b"}
    assert len(left) == len(pools) / 2


def test_of_two_subnets_in_one_zone_a_pool_without_capacity_closes_only_itself() -> None:
    places = [Place("subnet-a", "eu-1a"), Place("subnet-b", "eu-1a")]
    pools = plan_pools(places, IMAGES, SPOT, BOTH)
    assert remaining(pools, [refusal(pools[0], Kind.POOL)]) == pools[1:]


def test_a_spot_quota_leaves_on_demand_and_the_other_way_round() -> None:
    assert {p.market for p in remaining(POOLS, [refusal(POOLS[0], Kind.SPOT)])} == {
        Market.ON_DEMAND
    }
    assert {p.market for p in remaining(POOLS, [refusal(POOLS[4], Kind.ON_DEMAND)])} == {
        Market.SPOT
    }


def test_trouble_with_the_account_ends_the_walk() -> None:
    assert remaining(POOLS, [refusal(POOLS[0], Kind.ACCOUNT)]) == ()


def test_a_type_that_may_not_be_launched_is_closed_in_all_zones_and_markets() -> None:
    left = remaining(POOLS, [refusal(POOLS[0], Kind.TYPE)])
    assert {pool.instance_type for pool in left} == {"m6i.large"}
    assert len(left) == len(POOLS) / 2


def test_a_zone_with_more_capacity_comes_before_a_cheaper_one() -> None:
    spot = Spot(PRICES, {"eu1-az3": 9, "eu1-az1": 3})
    assert named(plan_pools(PLACES, IMAGES, spot, BOTH))[:4] == [
        "m6i.large eu-1a spot",
        "c7g.medium eu-1a spot",
        "c7g.medium eu-1b spot",
        "m6i.large eu-1b spot",
    ]


def test_a_zone_that_aws_does_not_score_comes_after_those_that_it_does() -> None:
    pools = plan_pools(PLACES, IMAGES, Spot(PRICES, {"eu1-az3": 1}), BOTH)
    assert [pool.zone for pool in pools[:4]] == ["eu-1a", "eu-1a", "eu-1b", "eu-1b"]


def test_the_types_of_the_free_plan_come_after_all_others_in_both_markets() -> None:
    images = {"m7i-flex.large": "ami-x86", "c7g.medium": "ami-arm"}
    pools = plan_pools(PLACES[:1], images, Spot({("m7i-flex.large", "eu-1a"): "0.0001"}), BOTH)
    assert named(pools) == [
        "c7g.medium eu-1a spot",
        "c7g.medium eu-1a on-demand",
        "m7i-flex.large eu-1a spot",
        "m7i-flex.large eu-1a on-demand",
    ]


def test_a_pool_that_reclaimed_an_instance_comes_last_of_all() -> None:
    pools = plan_pools(PLACES, IMAGES, Spot(PRICES, {}, [("c7g.medium", "eu-1b")]), BOTH)
    assert named(pools)[-1] == "c7g.medium eu-1b spot"
    assert named(pools)[:-1] == named(POOLS)[1:]


def test_only_the_pools_of_attempts_whose_instance_was_reclaimed_are_called_so() -> None:
    def ended(zone: str, outcome: Outcome) -> Attempt:
        instance = Instance("i-1", "c7g.medium", zone, Market.SPOT, "0.01", NOON)
        return Attempt(1, NOON, NOON, instance=instance, outcome=outcome)

    attempts = [
        ended("eu-1a", Outcome.RECLAIMED),
        ended("eu-1b", Outcome.FAILED),
        Attempt(3, NOON, NOON, outcome=Outcome.NO_CAPACITY),
    ]
    assert reclaimed_pools(attempts) == {("c7g.medium", "eu-1a")}
