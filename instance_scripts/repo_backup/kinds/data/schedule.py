"""Decides which data of a repository is due, from the last run's state and the host's present one.

Sections without counts and dates are read again each week. Items with dates can change without a
new date (a deleted comment, a reaction), so all items are read again within a quarter, some in each
run. Each repository has its own days for both, so that the repositories of a large account are not
all due in the same run. Pure.
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
"""A week less than a quarter, because a weekly run may be up to a week late."""
PAGE_ITEMS = 100
"""The number of items in one response."""
_GOLDEN_RATIO = 0.6180339887498949
"""The fractional parts of its multiples are spread evenly, even for consecutive ids."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """What to read, and the ``reason``; that is empty if nothing is due.

    ``changed``: counts or dates differ. ``settings``: sections without them are due.
    ``rotation_items`` items are to be read again, from the place ``rotation`` on.
    """

    reason: str
    changed: bool
    settings: bool
    rotation: int
    rotation_items: int

    def task(
        self, signature: Signature, now: datetime, before: Mapping[str, Section], *, full: bool
    ) -> Task:
        """The task for the host. Without earlier sections, everything is read."""
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
    """What is due in the repository with the id ``number``; everything if nothing is saved yet."""
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
    """How many due dates of a repository, one in each period, lie between ``last`` and ``now``.

    1 if ``last`` is unknown, or in the future because some clock was ahead.
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
    """The state for the manifest after this reading. What was not read to its end is still due."""
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
