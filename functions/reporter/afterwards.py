"""After the mail: records what the next report needs, and removes superseded overlays."""

from dataclasses import dataclass
from datetime import datetime

from aws_lambda_powertools import Logger

from backup_contract.judgement.verdict import Kind
from reporter.boundary import Failed, tried
from reporter.judge.retirement import retirement
from reporter.observe.bucket import Bucket
from reporter.observe.overlay_removal import remove_overlays
from reporter.observe.summary import Summary
from shared.aws.run_table import Reported, RunStore

_ACCEPTED = (Kind.VERIFIED, Kind.PARTIAL)
"""The verdicts of runs without a bad archive."""


@dataclass(frozen=True, slots=True)
class Afterwards:
    """The last steps of a report. ``retires``: this stack may remove overlays."""

    store: RunStore
    bucket: Bucket
    retires: bool
    log: Logger

    def remember(self, run_id: str, summary: Summary, now: datetime) -> Reported | None:
        """Record what the next report needs. Returns the previous record; None if unreadable."""
        facts, before = summary.facts, summary.background.reported
        complete = facts.manifest is not None and facts.manifest.complete
        if before is None:
            found = tried(self.store.reported)
            if isinstance(found, Failed):
                self.log.warning("earlier reports cannot be read", exc_info=found.error)
                return None
            before = found
        kind = facts.verdict.kind
        after = Reported(
            run_id=run_id if complete else before.run_id,
            accepted=run_id if complete and kind in _ACCEPTED else before.accepted,
            verified_at=now if kind is Kind.VERIFIED and not facts.only else None,
        )
        if after.run_id and after != before:
            self.store.remember_reported(after)
        return before

    def retire(self, run_id: str, summary: Summary, before: Reported | None) -> None:
        """Remove superseded overlays, as far as that is allowed, and record it in ``report.json``.

        A failure is only logged. The next report tries again.
        """
        facts, checked = summary.facts, summary.background.checked
        if not (self.retires and checked.superseded and before):
            return
        plan = retirement(
            checked,
            verified=facts.verdict.kind is Kind.VERIFIED and not facts.only,
            verified_before=before.verified_at,
            suspicions=facts.suspicions,
        )
        self.log.info("retirement", extra={"chains": len(plan.chains), "reason": plan.reason})
        if not plan.chains:
            return
        done = tried(lambda: remove_overlays(self.bucket, plan.chains))
        if isinstance(done, Failed):
            self.log.error("overlays could not be removed", exc_info=done.error)
        elif done:
            self.log.info("overlays removed", extra={"chains": done})
            failed = tried(
                lambda: self.bucket.write_report(run_id, {**summary.report, "retired": done})
            )
            if failed:
                self.log.error("the removal is not in the report", extra={"problem": str(failed)})
