"""Which binaries may be removed. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from repo_backup.store.prunable import ObjectListing, ObjectRow


@dataclass(frozen=True)
class PrunePlan:
    """The binaries, sorted by what happens to them.

    ``removable``: no restorable archive refers to them, and they are older than
    ``older_than_days``. ``needed``: an archive refers to them. ``young``: none does, but they are
    newer.
    """

    older_than_days: int
    removable: tuple[ObjectRow, ...]
    needed: tuple[ObjectRow, ...]
    young: tuple[ObjectRow, ...]


def plan_pruning(
    listing: ObjectListing, referred: Collection[str], older_than_days: int
) -> PrunePlan:
    """Sort all binaries. ``referred`` are the SHA-256 that restorable archives refer to."""
    needed, young, removable = list[ObjectRow](), list[ObjectRow](), list[ObjectRow]()
    for row in listing.rows:
        if row.sha256 in referred:
            needed.append(row)
        elif listing.now - row.modified_at <= timedelta(days=older_than_days):
            young.append(row)
        else:
            removable.append(row)
    return PrunePlan(older_than_days, tuple(removable), tuple(needed), tuple(young))
