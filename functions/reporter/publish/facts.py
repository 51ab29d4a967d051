"""The facts of a finished run that its summary is made of. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backup_contract.documents.manifest import Manifest
from backup_contract.documents.suspicion import Suspicion
from backup_contract.judgement.overdue import Watched
from backup_contract.judgement.verdict import Kind, Verdict
from backup_contract.visibility import Coverage, describe
from reporter.judge.cost import Cost
from reporter.judge.manifest_diff import Comparison, compare
from shared.model.run import Run

JUDGED = (Kind.VERIFIED, Kind.PARTIAL)
"""Verdicts about all repositories. They say so if not all are visible."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that the summary is made of.

    ``previous`` is the manifest of the previous run with a complete one. ``schedule`` is in force;
    ``next_run`` is in its time zone. ``damage`` are lines about what could not be read. ``notices``
    are about objects in the bucket, and do not change the verdict. ``suspicions`` are the open
    ones. The bucket keeps replaced objects for ``keep_days``; 0 if that is not known.
    """

    run: Run
    verdict: Verdict
    now: datetime
    owners: Sequence[str]
    bucket: str
    launcher: str
    manifest: Manifest | None = None
    previous: Manifest | None = None
    log_tail: Sequence[str] = ()
    schedule: Watched | None = None
    next_run: datetime | None = None
    cost: Cost | None = None
    allow_on_demand: bool = True
    damage: Sequence[str] = ()
    notices: Sequence[str] = ()
    suspicions: tuple[Suspicion, ...] = ()
    keep_days: int = 0

    @property
    def only(self) -> Sequence[str]:
        """The patterns that the run was narrowed to; empty for a run of everything."""
        return self.manifest.only if self.manifest else self.run.options.only

    @property
    def coverage(self) -> Coverage:
        """How much of the account the token could see, as far as it is known."""
        return describe(self.manifest.visibility if self.manifest else ())

    @property
    def comparison(self) -> Comparison:
        """What changed on GitHub since the previous run; empty if a list is incomplete."""
        if self.manifest and self.previous and self.manifest.complete:
            return compare(self.manifest, self.previous)
        return Comparison()

    @property
    def token_days(self) -> int | None:
        """Whole days until the token expires, negative after that; None if not known."""
        text = self.manifest and self.manifest.token_expires_at
        try:
            return (datetime.fromisoformat(text) - self.now).days if text else None
        except (ValueError, TypeError, OverflowError):
            return None
