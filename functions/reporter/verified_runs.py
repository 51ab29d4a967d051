"""Records the last verified run of everything, and emits the metric of the alarm on its absence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from backup_contract.judgement.overdue import Watched
from reporter.decide.verified_run import verified_run_overdue
from reporter.publish.run_report import emit_overdue
from shared.aws.run_table import RunStore


@dataclass(frozen=True, slots=True)
class VerifiedRuns:
    """``in_force`` reads the schedule. ``within_days`` above 0 replaces it."""

    store: RunStore
    in_force: Callable[[], Watched]
    within_days: int
    stack: str

    def note(self, now: datetime) -> None:
        """Record that a run of everything was verified now."""
        self.store.remember_verified(now)
        emit_overdue(late=False, stack=self.stack)

    def measure(self, now: datetime) -> None:
        """Emit whether one is overdue. The watchdog does this every day."""
        verified_at = self.store.last_verified()
        late = verified_run_overdue(self.in_force(), verified_at, now, self.within_days)
        emit_overdue(late=late, stack=self.stack)
