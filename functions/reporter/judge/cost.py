"""What a run cost and what its archives cost to keep, about. Pure; amounts are USD.

Unit prices are AWS's list prices for us-east-1, November 2026; other regions differ by some
percent, and free allowances are not taken off: https://aws.amazon.com/ec2/pricing/,
https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/vpc/pricing/,
https://aws.amazon.com/s3/pricing/
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from shared.model.run import Attempt

LEAST_BILLED = timedelta(seconds=60)
VOLUME_GIB_MONTH = Decimal("0.08")
PUBLIC_ADDRESS_HOUR = Decimal("0.005")
STORAGE_GIB_MONTH = Decimal("0.023")
HEAD_REQUEST = Decimal("0.0000004")
PUT_REQUEST = Decimal("0.000005")
_HOUR = timedelta(hours=1)
_MONTH_HOURS = 730
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Cost:
    """``run`` of this run, ``storage`` per month; the ``unpriced`` is not in ``run``.

    Only spot prices are known, for EC2 says them. On-demand ones would need the Pricing API, which
    few regions have, or a table that is wrong before long: so their types and times are told.
    """

    run: Decimal
    storage: Decimal
    unpriced: tuple[tuple[str, timedelta], ...]


def estimate(
    attempts: Iterable[Attempt],
    now: datetime,
    *,
    volume_gib: int,
    public_address: bool,
    archives: int,
    uploads: int,
    bytes_stored: int,
) -> Cost:
    """Instance seconds at the price in force at launch, volume, address, uploads and our checks.

    An attempt that has not ended is counted until ``now``; an upload as one request, although the
    parts of a large one are more.
    """
    run, unpriced = archives * HEAD_REQUEST + uploads * PUT_REQUEST, []
    for attempt in attempts:
        if attempt.instance is None:
            continue
        lasted = max((attempt.ended_at or now) - attempt.instance.launched_at, LEAST_BILLED)
        hours = Decimal(lasted / timedelta(seconds=1)) / Decimal(_HOUR / timedelta(seconds=1))
        run += hours * VOLUME_GIB_MONTH * volume_gib / _MONTH_HOURS
        run += hours * PUBLIC_ADDRESS_HOUR if public_address else 0
        if attempt.instance.price:
            run += hours * Decimal(attempt.instance.price)
        else:
            unpriced.append((attempt.instance.instance_type, lasted))
    return Cost(run, Decimal(bytes_stored) / _GIB * STORAGE_GIB_MONTH, tuple(unpriced))
