"""What an account would cost per month, from the sizes that GitHub lists. Pure; USD."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from backup_contract.kinds import kinds_beside_git
from backup_contract.prices import (
    INSTANCE_HOUR,
    MONTH_HOURS,
    PUBLIC_ADDRESS_HOUR,
    PUT_REQUEST,
    READ_REQUEST,
    VOLUME_GIB_MONTH,
    storage_month,
)

BYTES_PER_SECOND = 20_000_000
"""From GitHub through the instance into S3; a careful figure, not a measured one."""
SECONDS_PER_REPOSITORY = Decimal("0.1")
START_SECONDS = 90
"""From launch to the first repository, and power-off."""
VOLUME_GIB = 16
_WRITES_PER_ARCHIVE, _READS_PER_ARCHIVE = 1, 2
_WRITES_PER_RUN = 10
_PART_BYTES = 16 * 2**20
_MONTH_DAYS = Decimal(365) / 12


@dataclass(frozen=True)
class Habits:
    """How often, how much of it changes in between, and how long replaced archives are kept."""

    days_between_runs: int
    changed_percent: Decimal
    keep_days: int


@dataclass(frozen=True)
class Estimate:
    """Bytes kept and USD per month; ``first_run`` is spent once."""

    newest_bytes: int
    replaced_bytes: int
    storage_newest: Decimal
    storage_replaced: Decimal
    runs: Decimal
    requests: Decimal
    first_run: Decimal

    @property
    def month(self) -> Decimal:
        """All that recurs."""
        return self.storage_newest + self.storage_replaced + self.runs + self.requests


def estimate(sizes: Sequence[int], habits: Habits) -> Estimate:
    """The bill for repositories of these sizes (bytes).

    Each run replaces the archives of the share that changed, whole ones: git's packs are stored
    as they are. A replaced archive stays for ``keep_days``.
    """
    newest, count = sum(sizes), len(sizes)
    share = habits.changed_percent / 100
    runs_kept = Decimal(habits.keep_days) / habits.days_between_runs
    runs_per_month = _MONTH_DAYS / habits.days_between_runs
    replaced = int(newest * share * runs_kept)
    return Estimate(
        newest,
        replaced,
        storage_month(newest),
        storage_month(replaced),
        runs_per_month * _instance(newest * share, count),
        runs_per_month * _requests(newest * share, count * share, count),
        _instance(Decimal(newest), count) + _requests(Decimal(newest), Decimal(count), 0),
    )


def assumptions(habits: Habits) -> list[str]:
    """What the figures rest on, for people."""
    further = " and ".join(kind.many for kind in kinds_beside_git())
    return [
        f"a run every {habits.days_between_runs} days, {habits.changed_percent.normalize():f} % of "
        f"the bytes in repositories that changed in between",
        f"replaced archives are kept for {habits.keep_days} days",
        f"GitHub's sizes, which leave {further} out and are themselves estimates",
        f"{BYTES_PER_SECOND // 10**6} MB/s, {SECONDS_PER_REPOSITORY} s per repository, "
        f"{START_SECONDS} s to start and stop",
        f"an instance at {INSTANCE_HOUR} USD per hour (c7g.medium on demand; spot is mostly "
        f"half of it or less), {VOLUME_GIB} GiB of disk, a public address",
        "AWS's list prices for us-east-1, November 2026, free allowances not taken off",
    ]


def _instance(moved: Decimal, repositories: int) -> Decimal:
    seconds = START_SECONDS + repositories * SECONDS_PER_REPOSITORY + moved / BYTES_PER_SECOND
    hours = seconds / 3600
    per_hour = INSTANCE_HOUR + PUBLIC_ADDRESS_HOUR + VOLUME_GIB_MONTH * VOLUME_GIB / MONTH_HOURS
    return hours * per_hour


def _requests(moved: Decimal, uploaded: Decimal, checked: int) -> Decimal:
    writes = _WRITES_PER_RUN + uploaded * _WRITES_PER_ARCHIVE + moved / _PART_BYTES
    reads = uploaded * _READS_PER_ARCHIVE + checked
    return writes * PUT_REQUEST + reads * READ_REQUEST
