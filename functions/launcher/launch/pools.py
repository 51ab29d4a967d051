"""Which pools to ask, in which order, and what an answer means for the rest. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from shared.model.run import Market, Pool, PoolAnswer


class Kind(StrEnum):
    """What a refused request for one pool says about the others."""

    POOL = "pool"
    SUBNET = "subnet"
    ZONE = "zone"
    SPOT = "spot"
    ON_DEMAND = "on-demand"
    ACCOUNT = "account"
    AMBIGUOUS = "ambiguous"


# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_KINDS = {
    "InsufficientInstanceCapacity": Kind.POOL,
    "InsufficientHostCapacity": Kind.POOL,
    "InsufficientReservedInstanceCapacity": Kind.POOL,
    "UnfulfillableCapacity": Kind.POOL,
    "Unsupported": Kind.POOL,
    "SpotMaxPriceTooLow": Kind.POOL,
    "InsufficientFreeAddressesInSubnet": Kind.SUBNET,
    "InsufficientVolumeCapacity": Kind.ZONE,
    "MaxSpotInstanceCountExceeded": Kind.SPOT,
    "VcpuLimitExceeded": Kind.ON_DEMAND,
    "InstanceLimitExceeded": Kind.ON_DEMAND,
    "RequestLimitExceeded": Kind.AMBIGUOUS,
    "Throttling": Kind.AMBIGUOUS,
    "ThrottlingException": Kind.AMBIGUOUS,
    "Unavailable": Kind.AMBIGUOUS,
    "ServiceUnavailable": Kind.AMBIGUOUS,
    "InternalError": Kind.AMBIGUOUS,
    "InternalFailure": Kind.AMBIGUOUS,
    "ServerInternal": Kind.AMBIGUOUS,
    "RequestTimeout": Kind.AMBIGUOUS,
}

_REMEDIES = {
    "MaxSpotInstanceCountExceeded": (
        "Ask for a higher spot quota (Service Quotas, EC2, 'All Standard Spot Instance Requests')."
    ),
    "VcpuLimitExceeded": (
        "Ask for a higher on-demand quota (Service Quotas, EC2, "
        "'Running On-Demand Standard instances')."
    ),
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted": (
        "Run once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
    ),
    "InvalidKeyPair.NotFound": (
        "KeyName names no key pair of this region: create it here, or leave KeyName empty."
    ),
    "InvalidGroup.NotFound": (
        "Somebody deleted the stack's security group: delete the stack, and deploy it anew with "
        "ExistingBucketName."
    ),
    "InvalidParameter": (
        "If it speaks of different networks, SubnetIds are not of VpcId (empty: of the default "
        "VPC): deploy with both."
    ),
    "InvalidSubnetID.NotFound": "Correct SubnetIds: this region has no such subnet.",
    "InvalidAMIID.NotFound": "Deploy the stack in the region that it is meant for.",
    "UnauthorizedOperation": (
        "The launcher's role or a policy of the organisation forbids this launch."
    ),
    "InvalidParameterCombination": (
        "An account on AWS's free plan may launch few types only: upgrade the plan, or deploy with "
        "InstanceTypes=t4g.small,m7i-flex.large."
    ),
    "OptInRequired": "Finish the sign-up of this AWS account for EC2.",
    "PendingVerification": "AWS is still verifying this account; wait for its mail.",
    "Blocked": "AWS has blocked this account: see the mails of AWS, or open a support case.",
}


def classify(code: str, status: int) -> Kind:
    """What an EC2 error code means; a server error we do not know leaves the launch open."""
    return _KINDS.get(code, Kind.AMBIGUOUS if status >= 500 else Kind.ACCOUNT)


def remedy(code: str) -> str:
    """What a person can do about this error code."""
    return _REMEDIES.get(
        code, "See the error in AWS's own words, and the README's troubleshooting."
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A subnet and the Availability Zone that it lies in."""

    subnet_id: str
    zone: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """Which ways of buying an attempt may use, and which of them comes first."""

    markets: tuple[Market, ...]


def purchase(attempt: int, max_attempts: int, *, allow_on_demand: bool, asked: bool) -> Purchase:
    """Spot first and on-demand last; the last attempt of several goes straight to on-demand.

    ``asked`` is a person's ``{"on_demand": true}``. Without ``allow_on_demand`` there is only spot.
    """
    if not allow_on_demand:
        return Purchase((Market.SPOT,))
    if asked:
        return Purchase((Market.ON_DEMAND,))
    if attempt > 1 and attempt >= max_attempts:
        return Purchase((Market.ON_DEMAND, Market.SPOT))
    return Purchase((Market.SPOT, Market.ON_DEMAND))


def plan_pools(
    places: Sequence[Place],
    images: Mapping[str, str],
    prices: Mapping[tuple[str, str], str],
    ways: Purchase,
) -> tuple[Pool, ...]:
    """Every pool in the order to ask for it.

    ``images`` maps each wanted instance type, in order of preference, to its AMI; ``prices`` maps
    (type, zone) to the current spot price in USD per hour. Spot pools go from cheap to dear,
    those without a published price last; on-demand pools keep the order of preference.
    """
    spot = [
        Pool(kind, place.subnet_id, place.zone, Market.SPOT, image, prices.get((kind, place.zone)))
        for kind, image in images.items()
        for place in places
    ]
    by_market = {
        Market.SPOT: sorted(spot, key=lambda pool: Decimal(pool.price or "Infinity")),
        Market.ON_DEMAND: [replace(p, market=Market.ON_DEMAND, price=None) for p in spot],
    }
    return tuple(pool for market in ways.markets for pool in by_market[market])


def remaining(pools: Iterable[Pool], answers: Sequence[PoolAnswer]) -> tuple[Pool, ...]:
    """The pools still worth asking after these refusals, in order."""
    asked = {(answer.instance_type, answer.subnet_id, answer.market) for answer in answers}
    kinds = {answer.kind for answer in answers}
    closed_subnets = {answer.subnet_id for answer in answers if answer.kind == Kind.SUBNET}
    closed_zones = {answer.zone for answer in answers if answer.kind == Kind.ZONE}
    closed_markets = {
        market
        for kind, market in ((Kind.SPOT, Market.SPOT), (Kind.ON_DEMAND, Market.ON_DEMAND))
        if kind in kinds
    }
    if Kind.ACCOUNT in kinds:
        return ()
    return tuple(
        pool
        for pool in pools
        if (pool.instance_type, pool.subnet_id, pool.market) not in asked
        and pool.subnet_id not in closed_subnets
        and pool.zone not in closed_zones
        and pool.market not in closed_markets
    )
