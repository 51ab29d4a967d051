"""Estimates what a run cost, and what its archives cost per month. Pure; amounts are USD."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backup_contract.documents.manifest import Manifest
from backup_contract.judgement.large_files import bytes_saved
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
    """``run`` is the cost of this run, ``storage`` per month. ``unpriced`` is not included in
    ``run``.

    EC2 only reports spot prices. On-demand prices would need the Pricing API, which few regions
    have, or a table that would soon be outdated. So their types and durations are shown instead.
    """

    run: Decimal
    storage: Decimal
    unpriced: tuple[tuple[str, timedelta], ...]


def uploads(manifest: Manifest) -> int:
    """The number of archives and large files that a run stored."""
    return len(manifest.in_state("backed-up")) + manifest.objects_put.count


def bytes_stored(manifest: Manifest) -> int:
    """The bytes of all newest archives, and of the large files that each archive refers to."""
    return manifest.totals["bytes_stored"] + bytes_saved(manifest)


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
    """The cost of instances at the spot price of the launch, volume, address, uploads and checks.

    An attempt that has not ended counts until ``now``. An upload counts as one request, although a
    large one takes more.
    """
    run, unpriced = archives * READ_REQUEST + uploads * PUT_REQUEST, []
    for attempt in attempts:
        if attempt.instance is None:
            continue
        duration = max((attempt.ended_at or now) - attempt.instance.launched_at, LEAST_BILLED)
        hours = Decimal(duration / timedelta(seconds=1)) / Decimal(_HOUR / timedelta(seconds=1))
        run += hours * VOLUME_GIB_MONTH * volume_gib / MONTH_HOURS
        run += hours * PUBLIC_ADDRESS_HOUR if public_address else 0
        if attempt.instance.price:
            run += hours * Decimal(attempt.instance.price)
        else:
            unpriced.append((attempt.instance.instance_type, duration))
    return Cost(run, storage_month(bytes_stored), tuple(unpriced))
