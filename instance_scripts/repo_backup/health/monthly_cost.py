"""What an account would cost per month, from the sizes that GitHub lists. Pure; USD."""

import math
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
from repo_backup.kinds.compaction import MOST_LINKS

BYTES_PER_SECOND = 20_000_000
"""From GitHub through the instance into S3; a careful figure, not a measured one."""
SECONDS_PER_REPOSITORY = Decimal("0.1")
START_SECONDS = 90
"""From launch to the first repository, and power-off."""
ATTEMPT_MINUTES = 180
"""The default of DeadlineMinutes."""
VOLUME_GIB = 16
NEW_PER_WEEK = Decimal("0.0125")
"""Of an archive's bytes, what a week of changes adds: the most of three real projects, see
tools/bench/results/histories.md."""
OVERLAY_BYTES = 10_000
"""What an overlay takes that adds next to nothing: refs, zip, its line in the list."""
INDEX_SHARE = Decimal("0.1")
"""Of an archive's bytes, the indexes that a change reads of it."""
_READ_AGAIN = 3
"""How often an archive's bytes pass by for each new one: put together, stored, looked through."""
_WRITES_PER_ARCHIVE, _READS_PER_ARCHIVE = 1, 2
_WRITES_PER_OVERLAY, _READS_PER_LINK = 2, 4
_WRITES_PER_RUN = 10
_PART_BYTES = 16 * 2**20
_WEEK_DAYS = 7
_MONTH_DAYS = Decimal(365) / 12


@dataclass(frozen=True)
class Habits:
    """How often, how much of it changes in between, and how long replaced archives are kept."""

    days_between_runs: int
    changed_percent: Decimal
    keep_days: int


@dataclass(frozen=True)
class Estimate:
    """Bytes kept and USD per month; ``first_run`` is spent once.

    ``replaced_bytes`` are those of overlays and of archives that a new one replaced.
    """

    newest_bytes: int
    replaced_bytes: int
    storage_newest: Decimal
    storage_replaced: Decimal
    runs: Decimal
    requests: Decimal
    first_run: Decimal
    first_run_seconds: Decimal

    @property
    def first_run_hours(self) -> Decimal:
        """What fetching and storing everything takes, all attempts together."""
        return self.first_run_seconds / 3600

    @property
    def first_run_attempts(self) -> int:
        """Attempts of :data:`ATTEMPT_MINUTES` that the first run needs: each goes on where the
        one before ended."""
        return max(1, math.ceil(self.first_run_seconds / 60 / ATTEMPT_MINUTES))

    @property
    def month(self) -> Decimal:
        """All that recurs."""
        return self.storage_newest + self.storage_replaced + self.runs + self.requests


def estimate(sizes: Sequence[int], habits: Habits) -> Estimate:
    """The bill for repositories of these sizes (bytes).

    Each run stores the new objects of the share that changed, beside their archives. An
    archive whose overlays are many, or half as large as it, is replaced; all that stays for
    ``keep_days``.
    """
    newest, count = sum(sizes), len(sizes)
    share = habits.changed_percent / 100
    runs_kept = Decimal(habits.keep_days) / habits.days_between_runs
    runs_per_month = _MONTH_DAYS / habits.days_between_runs
    changed_bytes, changed = newest * share, count * share
    new = changed_bytes * _new_share(habits) + changed * OVERLAY_BYTES
    links = _links(habits)
    archives_put = changed_bytes / links
    moved = new + changed_bytes * INDEX_SHARE + archives_put * _READ_AGAIN
    # The overlays of the present archives, half of their longest on average, are kept as well.
    replaced = int(new * (runs_kept + links / 2) + archives_put * runs_kept)
    return Estimate(
        newest,
        replaced,
        storage_month(newest),
        storage_month(replaced),
        runs_per_month * _instance(moved, count),
        runs_per_month * _changes(changed, changed_bytes, links, count),
        _instance(Decimal(newest), count) + _first_requests(Decimal(newest), count),
        _seconds(Decimal(newest), count),
    )


def assumptions(habits: Habits) -> list[str]:
    """What the figures rest on, for people."""
    further = " and ".join(kind.many for kind in kinds_beside_git())
    return [
        f"a run every {habits.days_between_runs} days, {habits.changed_percent.normalize():f} % of "
        f"the bytes in repositories that changed in between",
        f"a change adds {float(_new_share(habits) * 100):.3g} % of its archive "
        f"and {OVERLAY_BYTES // 1000} kB",
        f"an archive is replaced after {_links(habits):.0f} changes",
        f"replaced archives are kept for {habits.keep_days} days",
        f"GitHub's sizes, which leave {further} out and are themselves estimates",
        f"{BYTES_PER_SECOND // 10**6} MB/s, {SECONDS_PER_REPOSITORY} s per repository, "
        f"{START_SECONDS} s to start and stop",
        f"an instance at {INSTANCE_HOUR} USD per hour (c7g.medium on demand; spot is mostly "
        f"half of it or less), {VOLUME_GIB} GiB of disk, a public address",
        "AWS's list prices for us-east-1, November 2026, free allowances not taken off",
    ]


def _new_share(habits: Habits) -> Decimal:
    """Of an archive's bytes, what a change adds."""
    return NEW_PER_WEEK * habits.days_between_runs / _WEEK_DAYS


def _links(habits: Habits) -> Decimal:
    """After how many changes a new archive is put together; at half of the archive's size."""
    return min(Decimal(MOST_LINKS), Decimal("0.5") / _new_share(habits))


def _instance(moved: Decimal, repositories: int) -> Decimal:
    hours = _seconds(moved, repositories) / 3600
    per_hour = INSTANCE_HOUR + PUBLIC_ADDRESS_HOUR + VOLUME_GIB_MONTH * VOLUME_GIB / MONTH_HOURS
    return hours * per_hour


def _seconds(moved: Decimal, repositories: int) -> Decimal:
    return START_SECONDS + repositories * SECONDS_PER_REPOSITORY + moved / BYTES_PER_SECOND


def _changes(changed: Decimal, changed_bytes: Decimal, links: Decimal, checked: int) -> Decimal:
    """The requests of a run that finds so many archives to add to."""
    archives_put = (changed * _WRITES_PER_ARCHIVE + changed_bytes / _PART_BYTES) / links
    writes = _WRITES_PER_RUN + changed * _WRITES_PER_OVERLAY + archives_put
    reads = changed * _READS_PER_LINK * links / 2 + checked
    return writes * PUT_REQUEST + reads * READ_REQUEST


def _first_requests(moved: Decimal, uploaded: int) -> Decimal:
    writes = _WRITES_PER_RUN + uploaded * _WRITES_PER_ARCHIVE + moved / _PART_BYTES
    return writes * PUT_REQUEST + uploaded * _READS_PER_ARCHIVE * READ_REQUEST
