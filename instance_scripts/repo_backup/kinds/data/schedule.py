"""What is due of a repository's data, by what the last run left and what the host says now. Pure.

What has neither counts nor dates is read again each week. Of what has dates an item may change
without showing it (a deleted comment, a reaction), so that all items are read again, in pages,
within a quarter. Every repository has days of its own for both: those of a large account do not all
fall into one run.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_contract.documents.data_index import Section
from backup_contract.documents.parts.data_state import DataState, lacking
from backup_contract.moments import iso
from repo_backup.hosts.data import Reading, Signature, Task

SETTINGS_DAYS = 7.0
ROTATION_DAYS = 84.0
"""A week less than a quarter: a run each week may come that much late."""
PAGE_ITEMS = 100
"""What one request brings."""
_GOLDEN_RATIO = 0.6180339887498949
"""Its multiples are spread evenly, also of ids that follow each other."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """What is to be read; ``reason`` is why, empty if nothing is."""

    reason: str
    changed: bool
    settings: bool
    rotation: int
    rotation_items: int

    def task(
        self, signature: Signature, now: datetime, before: Mapping[str, Section], *, full: bool
    ) -> Task:
        """The same for a host. Without sections from before everything is read."""
        return Task(
            signature,
            now,
            before,
            changed=self.changed or not before,
            settings=self.settings or full or not before,
            rotation=self.rotation,
            rotation_items=self.rotation_items,
            full=full,
        )


def due(state: DataState | None, signature: str, now: datetime, number: int) -> Due:
    """What is due of the repository with this id; all of it where nothing is known of it."""
    if state is None:
        return Due("nothing is saved yet", True, True, 0, 0)
    settings = passed(state.settings_read_at, now, SETTINGS_DAYS, number) > 0
    pages = -(-state.items // PAGE_ITEMS)
    turns = passed(state.rotated_at, now, ROTATION_DAYS / pages, number) if pages else 0
    items = min(state.items, turns * PAGE_ITEMS)
    changed = state.signature != signature
    reasons = (
        (changed, "it has changed"),
        (state.failure is not None, "the last run did not read all of it"),
        (settings, "settings are read again each week"),
        (items > 0, "items are read again within a quarter"),
    )
    reason = next((text for holds, text in reasons if holds), "")
    return Due(reason, changed or state.failure is not None, settings, state.rotation, items)


def passed(last: str | None, now: datetime, period_days: float, number: int) -> int:
    """How many of a repository's own dates, one each period, lie between ``last`` and ``now``.

    One at least where ``last`` is not known, or is a date of a clock that was ahead.
    """
    if last is None or datetime.fromisoformat(last) - now > _DAY:
        return 1
    first = number * _GOLDEN_RATIO % 1.0 * period_days
    turns = [
        math.floor((moment.timestamp() / _DAY.total_seconds() - first) / period_days)
        for moment in (datetime.fromisoformat(last), now)
    ]
    return max(0, turns[1] - turns[0])


def state_after(
    before: DataState | None, task: Task, reading: Reading, signature: str, items: int
) -> DataState:
    """What the manifest says once this was read; what broke off early counts as not read."""
    now, done = iso(task.now), not reading.under_way
    everything = task.full or before is None
    rotated = done and (everything or task.rotation_items > 0)
    return DataState(
        signature,
        items,
        reading.rotation,
        now if rotated or before is None else before.rotated_at,
        now if done and task.settings else before.settings_read_at if before else None,
        lacking({**task.before, **reading.sections}),
    )
