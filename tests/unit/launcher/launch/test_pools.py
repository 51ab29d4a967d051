"""Pools are asked from cheap to dear, and each answer closes exactly what it should."""

import pytest

from launcher.launch.pools import (
    Kind,
    Place,
    Purchase,
    classify,
    plan_pools,
    purchase,
    remaining,
    remedy,
)
from shared.model.run import Market, Pool, PoolAnswer

PLACES = [Place("subnet-a", "eu-1a"), Place("subnet-b", "eu-1b")]
IMAGES = {"c7g.medium": "ami-arm", "m6i.large": "ami-x86"}
PRICES = {
    ("c7g.medium", "eu-1a"): "0.0150",
    ("c7g.medium", "eu-1b"): "0.0100",
    ("m6i.large", "eu-1a"): "0.0120",
}
BOTH = Purchase((Market.SPOT, Market.ON_DEMAND))
POOLS = plan_pools(PLACES, IMAGES, PRICES, BOTH)


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
    assert purchase(attempt, 3, allow_on_demand=allowed, asked=asked).markets == markets


def test_a_pool_without_capacity_closes_only_itself() -> None:
    assert remaining(POOLS, [refusal(POOLS[0], Kind.POOL)]) == POOLS[1:]


def test_a_zone_without_addresses_closes_the_zone_in_both_markets() -> None:
    left = remaining(POOLS, [refusal(POOLS[0], Kind.ZONE)])
    assert {pool.zone for pool in left} == {"eu-1a"}
    assert {pool.market for pool in left} == {Market.SPOT, Market.ON_DEMAND}


def test_a_subnet_without_addresses_leaves_the_other_subnet_of_its_zone_open() -> None:
    places = [Place("subnet-a", "eu-1a"), Place("subnet-b", "eu-1a")]
    pools = plan_pools(places, IMAGES, PRICES, BOTH)
    left = remaining(pools, [refusal(pools[0], Kind.SUBNET)])
    assert {pool.subnet_id for pool in left} == {"subnet-b"}
    assert len(left) == len(pools) / 2


def test_of_two_subnets_in_one_zone_a_pool_without_capacity_closes_only_itself() -> None:
    places = [Place("subnet-a", "eu-1a"), Place("subnet-b", "eu-1a")]
    pools = plan_pools(places, IMAGES, PRICES, BOTH)
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


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InsufficientInstanceCapacity", 500, Kind.POOL),
        ("SpotMaxPriceTooLow", 400, Kind.POOL),
        ("Unsupported", 400, Kind.POOL),
        ("InsufficientFreeAddressesInSubnet", 400, Kind.SUBNET),
        ("InsufficientVolumeCapacity", 500, Kind.ZONE),
        ("MaxSpotInstanceCountExceeded", 400, Kind.SPOT),
        ("VcpuLimitExceeded", 400, Kind.ON_DEMAND),
        ("RequestLimitExceeded", 503, Kind.AMBIGUOUS),
        ("InternalError", 500, Kind.AMBIGUOUS),
        ("NeverHeardOf", 502, Kind.AMBIGUOUS),
        ("NeverHeardOf", 400, Kind.ACCOUNT),
        ("UnauthorizedOperation", 403, Kind.ACCOUNT),
        ("InvalidAMIID.NotFound", 400, Kind.ACCOUNT),
    ],
)
def test_error_codes_mean_what_aws_documents(code: str, status: int, kind: Kind) -> None:
    assert classify(code, status) is kind


def test_the_fresh_account_is_told_the_one_command_that_mends_it() -> None:
    advice = remedy("AuthFailure.ServiceLinkedRoleCreationNotPermitted")
    assert "create-service-linked-role --aws-service-name spot.amazonaws.com" in advice


def test_the_wrong_region_errors_of_the_seed_page_have_their_remedy() -> None:
    assert "KeyName" in remedy("InvalidKeyPair.NotFound")
    assert "region" in remedy("InvalidAMIID.NotFound")


def test_subnets_of_another_network_than_the_security_group_have_their_remedy() -> None:
    """EC2's code for "Security group ... and subnet ... belong to different networks"."""
    assert "SubnetIds" in remedy("InvalidParameter")
