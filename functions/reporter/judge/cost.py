"""What a run cost and what its archives cost to keep, about. Pure; amounts are USD."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backup_contract.prices import (
    MONTH_HOURS,
    PUBLIC_ADDRESS_HOUR,
    PUT_REQUEST,
    READ_REQUEST,
    VOLUME_GIB_MONTH,
    storage_month,
)
from shared.model.run import Attempt

LEAST_BILLED = timedelta(seconds=60)
_HOUR = timedelta(hours=1)


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
    run, unpriced = archives * READ_REQUEST + uploads * PUT_REQUEST, []
    for attempt in attempts:
        if attempt.instance is None:
            continue
        lasted = max((attempt.ended_at or now) - attempt.instance.launched_at, LEAST_BILLED)
        hours = Decimal(lasted / timedelta(seconds=1)) / Decimal(_HOUR / timedelta(seconds=1))
        run += hours * VOLUME_GIB_MONTH * volume_gib / MONTH_HOURS
        run += hours * PUBLIC_ADDRESS_HOUR if public_address else 0
        if attempt.instance.price:
            run += hours * Decimal(attempt.instance.price)
        else:
            unpriced.append((attempt.instance.instance_type, lasted))
    return Cost(run, storage_month(bytes_stored), tuple(unpriced))
