"""Builds the record of a launch and the refusals in an answer. Pure."""

from collections.abc import Iterable, Sequence

from backup_contract.documents.launch import Launched, LaunchRecord, Refused
from shared.model.run import Instance, PoolAnswer, Run


def launch_record(run: Run, instance: Instance, not_offered: Sequence[str]) -> LaunchRecord:
    """The record of the latest attempt, which got this instance, with each attempt's instance."""
    attempt = run.attempt
    return LaunchRecord(
        run_id=run.id,
        attempt=attempt.number,
        trigger=run.trigger,
        launched_at=instance.launched_at,
        deadline_at=attempt.deadline_at,
        instance_id=instance.id,
        instance_type=instance.instance_type,
        zone=instance.zone,
        market=instance.market,
        usd_per_hour=instance.price,
        refused=refused(attempt.answers),
        not_offered=tuple(not_offered),
        attempts=tuple(
            Launched(each.number, each.instance.id, run.evidence(each))
            for each in run.attempts
            if each.instance
        ),
    )


def refused(answers: Iterable[PoolAnswer]) -> tuple[Refused, ...]:
    """EC2's refusals, pool by pool."""
    return tuple(Refused(each.instance_type, each.zone, each.market, each.code) for each in answers)
