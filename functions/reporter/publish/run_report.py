"""The run's figures for programs: ``report.json`` and CloudWatch metrics."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from backup_contract.documents.manifest import COUNTED
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.large_files import large_files
from backup_contract.judgement.rewrites import rewrite_lines, rewritten
from backup_contract.judgement.verdict import Kind
from reporter.publish.facts import Facts
from shared.model.run import Attempt

NAMESPACE = "OnlineBackup"
_MOST_REWRITES = 1000


def run_report(facts: Facts) -> RunReport:
    """Build ``report.json``: the verdict and the figures behind the mail."""
    manifest, run, cost = facts.manifest, facts.run, facts.cost
    totals = manifest.totals if manifest else None
    return RunReport(
        verdict=facts.verdict.kind,
        reason=facts.verdict.reason,
        reported_at=facts.now,
        run_id=run.id,
        trigger=run.trigger,
        problems=facts.verdict.problems,
        acknowledged=facts.verdict.acknowledged,
        damage=tuple(facts.damage),
        notices=tuple(facts.notices),
        owners=tuple(facts.owners),
        only=tuple(facts.only),
        visibility=manifest.visibility if manifest else (),
        schedule=facts.schedule.reported if facts.schedule else None,
        seconds=(facts.now - run.created_at).total_seconds(),
        attempts=tuple(map(_attempt, run.attempts)),
        repositories={state: totals[state] for state in COUNTED} if totals else None,
        rewritten=rewritten(manifest),
        rewrites=tuple(rewrite_lines(manifest)[:_MOST_REWRITES]),
        suspicions=facts.suspicions,
        large_files=large_files(manifest.items) if manifest else {},
        objects_put=manifest.objects_put if manifest else None,
        bytes_uploaded=totals["bytes_uploaded"] if totals else None,
        bytes_stored=totals["bytes_stored"] if totals else None,
        usd_run=float(round(cost.run, 6)) if cost else None,
        usd_storage_per_month=float(round(cost.storage, 6)) if cost else None,
    )


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.number,
        "outcome": attempt.outcome,
        "started_at": attempt.started_at.isoformat(),
        "instance_id": attempt.instance and attempt.instance.id,
        "market": attempt.instance and attempt.instance.market,
        "refused": [[a.instance_type, a.zone, a.market, a.code] for a in attempt.answers],
    }


def emit_metrics(facts: Facts, stack: str, confirmed_subscriptions: int | None) -> None:
    """Emit the same figures as CloudWatch metrics, by the embedded metric format: a log line.

    ``Runs`` has the verdict as a dimension, ``Repositories`` the state, all of them the stack.
    ``RunNotVerified`` is 0 for a verified run of everything and 1 for any run that is not verified.
    A verified run that was narrowed has none, because it says nothing about the other repositories.
    ``Listeners`` counts the confirmed subscriptions, if known.
    """
    report = run_report(facts)
    _put("Runs", 1, MetricUnit.Count, stack, verdict=facts.verdict.kind)
    verified = facts.verdict.kind is Kind.VERIFIED
    if not (verified and facts.only):
        _put("RunNotVerified", int(not verified), MetricUnit.Count, stack)
    for state, count in (report.repositories or {}).items():
        _put("Repositories", count, MetricUnit.Count, stack, state=state)
    for name, figure, unit in (
        ("BytesUploaded", report.bytes_uploaded, MetricUnit.Bytes),
        ("BytesStored", report.bytes_stored, MetricUnit.Bytes),
        ("Duration", report.seconds, MetricUnit.Seconds),
        ("CostUsd", report.usd_run, MetricUnit.NoUnit),
    ):
        if figure is not None:
            _put(name, figure, unit, stack)
    if confirmed_subscriptions is not None:
        _put("Listeners", confirmed_subscriptions, MetricUnit.Count, stack)
    _put("Attempts", len(facts.run.attempts), MetricUnit.Count, stack)


def emit_overdue(*, late: bool, stack: str) -> None:
    """Emit ``VerifiedRunOverdue``: 1 while a verified run of everything is missing, otherwise 0."""
    _put("VerifiedRunOverdue", int(late), MetricUnit.Count, stack)


def _put(name: str, value: float, unit: MetricUnit, stack: str, **dimensions: str) -> None:
    with single_metric(name, unit, value, namespace=NAMESPACE) as metric:
        metric.add_dimension("stack", stack)
        for dimension, word in dimensions.items():
            metric.add_dimension(dimension, word)
