"""The run's figures for machines: ``report.json`` and CloudWatch metrics."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from backup_contract.documents.manifest import COUNTED
from reporter.publish.mail import Facts

NAMESPACE = "OnlineBackup"


def report_document(facts: Facts) -> dict[str, Any]:
    """``report.json``: the verdict and the figures behind the mail."""
    manifest, run = facts.manifest, facts.run
    totals = manifest.totals if manifest else None
    return {
        "schema": 1,
        "run_id": run.id,
        "trigger": run.trigger,
        "verdict": facts.verdict.kind,
        "reason": facts.verdict.reason,
        "problems": list(facts.verdict.problems),
        "acknowledged": list(facts.verdict.acknowledged),
        "damage": list(facts.damage),
        "owners": list(facts.owners),
        "only": list(facts.only),
        "visibility": [each.document for each in manifest.visibility] if manifest else [],
        "reported_at": facts.now.isoformat(),
        "seconds": (facts.now - run.created_at).total_seconds(),
        "attempts": [
            {
                "attempt": attempt.number,
                "outcome": attempt.outcome,
                "started_at": attempt.started_at.isoformat(),
                "instance_id": attempt.instance and attempt.instance.id,
                "market": attempt.instance and attempt.instance.market,
                "refused": [[a.instance_type, a.zone, a.market, a.code] for a in attempt.answers],
            }
            for attempt in run.attempts
        ],
        "repositories": {state: totals[state] for state in COUNTED} if totals else None,
        "bytes_uploaded": totals["bytes_uploaded"] if totals else None,
        "bytes_stored": totals["bytes_stored"] if totals else None,
        "usd_run": facts.cost and float(round(facts.cost.run, 6)),
        "usd_storage_per_month": facts.cost and float(round(facts.cost.storage, 6)),
    }


def emit_metrics(facts: Facts, stack: str, listeners: int | None) -> None:
    """The same figures as CloudWatch metrics, by the embedded metric format: a line in the log.

    ``Runs`` has the verdict as a dimension, ``Repositories`` the state, everything the stack.
    ``Listeners`` counts the confirmed subscriptions, where that is known.
    """
    document = report_document(facts)
    _put("Runs", 1, MetricUnit.Count, stack, verdict=facts.verdict.kind)
    for state, count in (document["repositories"] or {}).items():
        _put("Repositories", count, MetricUnit.Count, stack, state=state)
    for name, field, unit in (
        ("BytesUploaded", "bytes_uploaded", MetricUnit.Bytes),
        ("BytesStored", "bytes_stored", MetricUnit.Bytes),
        ("Duration", "seconds", MetricUnit.Seconds),
        ("CostUsd", "usd_run", MetricUnit.NoUnit),
    ):
        if document[field] is not None:
            _put(name, document[field], unit, stack)
    if listeners is not None:
        _put("Listeners", listeners, MetricUnit.Count, stack)
    _put("Attempts", len(facts.run.attempts), MetricUnit.Count, stack)


def _put(name: str, value: float, unit: MetricUnit, stack: str, **dimensions: str) -> None:
    with single_metric(name, unit, value, namespace=NAMESPACE) as metric:
        metric.add_dimension("stack", stack)
        for dimension, word in dimensions.items():
            metric.add_dimension(dimension, word)
