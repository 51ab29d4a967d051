"""Orders the pools to request from, and removes those that refusals rule out. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from launcher.launch.refusals import Kind
from shared.model.run import Attempt, Market, Outcome, Pool, PoolAnswer

LAST_RESORTS = frozenset({"c7i-flex.large", "m7i-flex.large"})
"""Types larger and dearer than a backup needs, but AWS's free plan may launch them:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-free-tier-usage.html"""


@dataclass(frozen=True, slots=True)
class Place:
    """A subnet, and its Availability Zone by name and by id.

    The name (``eu-central-1a``) is specific to this account; the id (``euc1-az2``) is the same in
    every account.
    """

    subnet_id: str
    zone: str
    zone_id: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """The purchasing options that an attempt may use, in order."""

    markets: tuple[Market, ...]


def purchase_options(
    attempt: int, max_attempts: int, *, allow_on_demand: bool, requested: bool
) -> Purchase:
    """Spot first, then on-demand; the last attempt of several tries on-demand first.

    ``requested``: a person sent ``{"on_demand": true}``. Without ``allow_on_demand`` there is only
    spot.
    """
    if not allow_on_demand:
        return Purchase((Market.SPOT,))
    if requested:
        return Purchase((Market.ON_DEMAND,))
    if attempt > 1 and attempt >= max_attempts:
        return Purchase((Market.ON_DEMAND, Market.SPOT))
    return Purchase((Market.SPOT, Market.ON_DEMAND))


@dataclass(frozen=True, slots=True)
class Spot:
    """Facts about the spot market.

    ``prices`` maps (type, zone) to the current price in USD per hour. ``scores`` maps a zone's id
    to its spot placement score (1 to 10). ``reclaimed`` are the (type, zone) in which AWS
    reclaimed an instance of this run.
    """

    prices: Mapping[tuple[str, str], str] = field(default_factory=dict)
    scores: Mapping[str, int] = field(default_factory=dict)
    reclaimed: Collection[tuple[str, str]] = ()


def reclaimed_pools(attempts: Iterable[Attempt]) -> frozenset[tuple[str, str]]:
    """The (type, zone) in which AWS reclaimed an instance of these attempts."""
    return frozenset(
        (each.instance.instance_type, each.instance.zone)
        for each in attempts
        if each.outcome is Outcome.RECLAIMED and each.instance
    )


def plan_pools(
    places: Sequence[Place], images: Mapping[str, str], spot: Spot, purchase: Purchase
) -> tuple[Pool, ...]:
    """All pools in the order of the requests.

    ``images`` maps each wanted instance type, in order of preference, to its AMI. Spot pools are
    sorted by their zone's score, then by price, those without a published price last. The score
    comes first because the cheapest pools are interrupted most often, and an interruption costs
    more than a tenth of a cent. On-demand pools keep the order of preference. :data:`LAST_RESORTS`
    come after all others, and pools that reclaimed an instance of this run come last of all.
    """
    zone_ids = {place.zone: place.zone_id for place in places}

    def order(pool: Pool) -> tuple[int, int, int, Decimal]:
        if pool.market is Market.ON_DEMAND:
            return (
                _rank(pool, spot.reclaimed),
                purchase.markets.index(pool.market),
                0,
                Decimal(0),
            )
        return (
            _rank(pool, spot.reclaimed),
            purchase.markets.index(pool.market),
            -spot.scores.get(zone_ids[pool.zone], 0),
            Decimal(pool.price or "Infinity"),
        )

    pools = (
        Pool(kind, place.subnet_id, place.zone, market, image, _price(kind, place, market, spot))
        for kind, image in images.items()
        for place in places
        for market in purchase.markets
    )
    return tuple(sorted(pools, key=order))


def _price(kind: str, place: Place, market: Market, spot: Spot) -> str | None:
    return spot.prices.get((kind, place.zone)) if market is Market.SPOT else None


def _rank(pool: Pool, reclaimed: Collection[tuple[str, str]]) -> int:
    if pool.market is Market.SPOT and (pool.instance_type, pool.zone) in reclaimed:
        return 2
    return int(pool.instance_type in LAST_RESORTS)


def remaining(pools: Iterable[Pool], answers: Sequence[PoolAnswer]) -> tuple[Pool, ...]:
    """The pools that are still worth a request after these refusals, in order."""
    refused = {(answer.instance_type, answer.subnet_id, answer.market) for answer in answers}
    kinds = {answer.kind for answer in answers}
    closed_subnets = {answer.subnet_id for answer in answers if answer.kind == Kind.SUBNET}
    closed_zones = {answer.zone for answer in answers if answer.kind == Kind.ZONE}
    closed_types = {answer.instance_type for answer in answers if answer.kind == Kind.TYPE}
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
        if (pool.instance_type, pool.subnet_id, pool.market) not in refused
        and pool.subnet_id not in closed_subnets
        and pool.zone not in closed_zones
        and pool.instance_type not in closed_types
        and pool.market not in closed_markets
    )


def pool_line(pool: Pool) -> str:
    """The pool as text for people."""
    price = f" at {pool.price} USD/h" if pool.price else ""
    return f"{pool.instance_type} {pool.market} in {pool.zone}{price}"
