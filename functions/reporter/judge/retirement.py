"""Which chains of overlays may go, because another base has taken their base's place. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from backup_contract.documents.suspicion import Suspicion, frozen
from reporter.judge.archive_state import Checked, Superseded

_SHARE = 5
"""At most one chain of so many goes in one run, and one at least: a mistake of ours, or of whoever
replaces many bases at once, is seen before much is gone."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """The chains that go now, those out of use for longest first, and why no others do."""

    chains: tuple[Superseded, ...]
    reason: str


def retirement(
    checked: Checked,
    *,
    verified: bool,
    verified_before: datetime | None,
    suspicions: Collection[Suspicion] = (),
) -> Retirement:
    """What may go after this report.

    ``verified`` is whether it calls a run of everything verified, ``verified_before`` when the
    report before it did; None if that said something else. A base must have been there at both.
    Nothing goes of an archive that an open suspicion concerns.
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
