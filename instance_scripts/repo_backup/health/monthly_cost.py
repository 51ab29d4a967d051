"""Estimates the monthly cost of an account from the sizes that GitHub lists. Pure; USD."""

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
from repo_backup.health.machine_size import VOLUME_GIB
from repo_backup.kinds.git.compaction import MOST_LINKS

BYTES_PER_SECOND = 20_000_000
"""From GitHub through the instance to S3: a cautious assumption, not a measured figure."""
SECONDS_PER_REPOSITORY = Decimal("0.1")
START_SECONDS = 90
"""From launch to the first repository, plus the time to power off."""
ATTEMPT_MINUTES = 180
"""The default of DeadlineMinutes."""
NEW_PER_WEEK = Decimal("0.0125")
"""The share of an archive's bytes that a week of changes adds: the highest of three real projects,
see tools/bench/results/histories.md."""
OVERLAY_BYTES = 10_000
"""The size of an overlay with almost no new objects: refs, zip, its line in the list."""
INDEX_SHARE = Decimal("0.1")
"""The share of an archive's bytes that a change reads: its indexes."""
_READ_AGAIN = 3
"""How often a new archive's bytes are moved: assembled, stored, verified."""
_WRITES_PER_ARCHIVE, _READS_PER_ARCHIVE = 1, 2
_WRITES_PER_OVERLAY, _READS_PER_LINK = 2, 4
_WRITES_PER_RUN = 10
_PART_BYTES = 16 * 2**20
_WEEK_DAYS = 7
_MONTH_DAYS = Decimal(365) / 12


@dataclass(frozen=True)
class Habits:
    """How often runs take place, how much changes in between, how long replaced archives stay."""

    days_between_runs: int
    changed_percent: Decimal
    keep_days: int


@dataclass(frozen=True)
class Estimate:
    """Bytes stored and USD per month; ``first_run`` is the one-time cost of the first run.

    ``replaced_bytes`` are the bytes of overlays and of replaced archives.
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
        """Hours to fetch and store everything, over all attempts."""
        return self.first_run_seconds / 3600

    @property
    def first_run_attempts(self) -> int:
        """How many attempts of :data:`ATTEMPT_MINUTES` the first run needs. Each continues the
        previous one."""
        return max(1, math.ceil(self.first_run_seconds / 60 / ATTEMPT_MINUTES))

    @property
    def month(self) -> Decimal:
        """The recurring cost in USD."""
        return self.storage_newest + self.storage_replaced + self.runs + self.requests


def estimate(sizes: Sequence[int], habits: Habits) -> Estimate:
    """The cost for repositories of these sizes (bytes).

    Each run stores the new objects of the changed share as overlays. An archive with many overlays,
    or with overlays half its size, is replaced. Replaced archives stay for ``keep_days``.
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
    # The current archives have overlays too: half of the maximum on average.
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
    """The assumptions of the estimate, as text."""
    further = " or ".join(kind.many for kind in kinds_beside_git())
    return [
        f"a run every {habits.days_between_runs} days, {habits.changed_percent.normalize():f} % of "
        f"the bytes in repositories that changed in between",
        f"a change adds {float(_new_share(habits) * 100):.3g} % of its archive "
        f"and {OVERLAY_BYTES // 1000} kB",
        f"an archive is replaced after {_links(habits):.0f} changes",
        f"replaced archives are kept for {habits.keep_days} days",
        f"GitHub's sizes, which are estimates and do not include {further}",
        f"{BYTES_PER_SECOND // 10**6} MB/s, {SECONDS_PER_REPOSITORY} s per repository, "
        f"{START_SECONDS} s to start and stop",
        f"an instance at {INSTANCE_HOUR} USD per hour (c7g.medium on demand; spot usually "
        f"costs half of it or less), {VOLUME_GIB} GiB of disk, a public address",
        "AWS's list prices for us-east-1, November 2026, without free allowances",
    ]


def _new_share(habits: Habits) -> Decimal:
    """The share of an archive's bytes that a change adds."""
    return NEW_PER_WEEK * habits.days_between_runs / _WEEK_DAYS


def _links(habits: Habits) -> Decimal:
    """After how many changes an archive is replaced: once overlays reach half its size."""
    return min(Decimal(MOST_LINKS), Decimal("0.5") / _new_share(habits))


def _instance(moved: Decimal, repositories: int) -> Decimal:
    hours = _seconds(moved, repositories) / 3600
    per_hour = INSTANCE_HOUR + PUBLIC_ADDRESS_HOUR + VOLUME_GIB_MONTH * VOLUME_GIB / MONTH_HOURS
    return hours * per_hour


def _seconds(moved: Decimal, repositories: int) -> Decimal:
    return START_SECONDS + repositories * SECONDS_PER_REPOSITORY + moved / BYTES_PER_SECOND


def _changes(changed: Decimal, changed_bytes: Decimal, links: Decimal, checked: int) -> Decimal:
    """The cost of a run's requests if ``changed`` archives get an overlay."""
    archives_put = (changed * _WRITES_PER_ARCHIVE + changed_bytes / _PART_BYTES) / links
    writes = _WRITES_PER_RUN + changed * _WRITES_PER_OVERLAY + archives_put
    reads = changed * _READS_PER_LINK * links / 2 + checked
    return writes * PUT_REQUEST + reads * READ_REQUEST


def _first_requests(moved: Decimal, uploaded: int) -> Decimal:
    writes = _WRITES_PER_RUN + uploaded * _WRITES_PER_ARCHIVE + moved / _PART_BYTES
    return writes * PUT_REQUEST + uploaded * _READS_PER_ARCHIVE * READ_REQUEST
