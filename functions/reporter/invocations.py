"""Schedules the functions' next invocations for a run, and removes the schedules in the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reporter.config import Config
from reporter.decide.next_step import RECHECK, Retry
from shared.aws.one_time_scheduler import (
    OneTimeSchedules,
    deadline_name,
    overdue_name,
    recheck_name,
    retry_name,
)
from shared.aws.run_table import RunStore
from shared.model.run import Run


@dataclass(frozen=True, slots=True)
class Invocations:
    """The invocations of a stack. ``invoke_launcher`` invokes the launcher now, with an event."""

    config: Config
    store: RunStore
    schedules: OneTimeSchedules
    invoke_launcher: Callable[[dict[str, Any]], None]

    def recheck(self, run: Run, until: datetime, now: datetime) -> None:
        """Have the reporter invoked again. The launcher has already scheduled the deadline."""
        # Close to its time, the deadline's schedule may have fired while its name is still taken.
        if run.attempts and until == run.attempt.deadline_at and until - now > 2 * RECHECK:
            name = deadline_name(run.id, run.attempt.number)
        else:
            run = self.store.save(replace(run, wakes=run.wakes + 1))
            name = recheck_name(run.id, run.wakes)
        event = {"trigger": "recheck", "run_id": run.id}
        self.schedules.schedule_invocation(name, until, self.config.reporter_arn, event, now)

    def retry(self, run: Run, step: Retry, now: datetime) -> None:
        """Store the run, and have the launcher invoked when its next attempt is due."""
        run = self.store.save(run)
        event = {"trigger": "retry", "run_id": run.id, "attempt": step.attempt}
        if step.at <= now:
            self.invoke_launcher(event)
        else:
            name = retry_name(run.id, step.attempt)
            self.schedules.schedule_invocation(name, step.at, self.config.launcher_arn, event, now)

    def remove_all(self, run: Run) -> None:
        """Remove all schedules that may exist for a reported run."""
        names = [recheck_name(run.id, number + 1) for number in range(run.wakes)]
        for attempt in run.attempts:
            of_attempt = (deadline_name, overdue_name, retry_name)
            names += [name(run.id, attempt.number) for name in of_attempt]
        for name in names:
            self.schedules.remove(name)
