"""Decides which chains may be removed because their base was replaced. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from backup_contract.documents.suspicion import Suspicion, frozen
from reporter.judge.archive_state import Checked, Superseded

_SHARE = 5
"""At most one chain in this many is removed per run (but at least one), so that a mistake is
noticed before much is gone."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """The chains to remove now, those unused for longest first, and why no others are removed."""

    chains: tuple[Superseded, ...]
    reason: str


def retirement(
    checked: Checked,
    *,
    verified: bool,
    verified_before: datetime | None,
    suspicions: Collection[Suspicion] = (),
) -> Retirement:
    """The chains that may be removed after this report.

    ``verified`` is whether this report calls a run of everything verified, ``verified_before`` when
    the previous report did; None if it did not. A base must have existed at both times. Archives
    under an open suspicion keep all their chains.
    """
    if not verified:
        return Retirement((), "The run is not a verified one of everything.")
    if verified_before is None:
        return Retirement((), "The run before it was not.")
    settled = [
        each
        for each in checked.superseded
        if datetime.fromisoformat(each.base_modified) < verified_before
        and not frozen(suspicions, each.base)
    ]
    most = max(1, checked.chains // _SHARE)
    chosen = sorted(settled, key=lambda each: (each.newest, each.base, each.chain_id))[:most]
    waiting = len(checked.superseded) - len(chosen)
    return Retirement(tuple(chosen), f"{waiting} more wait for a later run.")
