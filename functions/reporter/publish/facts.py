"""All that is told of a run that is over. Pure."""

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
"""What claims something of all repositories, and says so if not all are visible."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the summary is made of.

    ``previous`` is the manifest of the last run that had a whole one. ``schedule`` is the one in
    force, ``next_run`` in its own time zone. ``damage`` is what could not be read, and why;
    ``notices`` are of what lies in the bucket, and change no verdict. ``suspicions`` are all that
    are open. The bucket keeps what is replaced for ``keep_days``; 0: that is not known.
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
        """The patterns that the run was narrowed to; none: it was asked for everything."""
        return self.manifest.only if self.manifest else self.run.options.only

    @property
    def coverage(self) -> Coverage:
        """What may be said of what the token could see; nothing where no run tells."""
        return describe(self.manifest.visibility if self.manifest else ())

    @property
    def comparison(self) -> Comparison:
        """What changed on GitHub since the last run; nothing is known of an unfinished list."""
        if self.manifest and self.previous and self.manifest.complete:
            return compare(self.manifest, self.previous)
        return Comparison()

    @property
    def token_days(self) -> int | None:
        """Whole days that the token is valid for; negative once it is not. None if not known."""
        text = self.manifest and self.manifest.token_expires_at
        try:
            return (datetime.fromisoformat(text) - self.now).days if text else None
        except (ValueError, TypeError, OverflowError):
            return None
