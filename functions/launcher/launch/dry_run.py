"""A launch as a dry run: plans everything, then calls RunInstances with ``DryRun``."""

from collections.abc import Sequence

from backup_contract.documents.launcher_answer import DryRunAnswer, RunAnswer, Status
from launcher.launch.ec2 import Ec2, InstanceSettings
from launcher.launch.planner import Planner
from launcher.launch.pools import pool_line, remaining
from launcher.launch.refusals import Kind, remedy
from launcher.request import LaunchRequest
from shared.errors import RefusedError
from shared.model.run import Pool, PoolAnswer


def dry_run(planner: Planner, request: LaunchRequest) -> DryRunAnswer | RunAnswer:
    """Plan an attempt, and have AWS check the launch with its own ``DryRun``. Stores nothing."""
    try:
        plan = planner.plan(request.run_id, request.attempt, request.options)
        access = planner.github.access(planner.config.github_owners)
        rights = [*access.notes, *access.limits]
    except RefusedError as error:
        return RunAnswer(Status.REFUSED, problem=str(error))
    pools, script = plan
    settings = planner.settings(request.run_id, request.attempt)
    refusing: list[PoolAnswer] = []
    answers = {
        market: _objection(
            planner.ec2, [p for p in pools if p.market is market], refusing, settings, script
        )
        for market in dict.fromkeys(pool.market for pool in pools)
    }
    objections = {
        str(market): f"{answer.code}: {answer.message} {remedy(answer.code, answer.message)}"
        for market, answer in answers.items()
        if answer
    }
    return DryRunAnswer(
        Status.REFUSED if len(objections) == len(answers) else Status.WOULD_LAUNCH,
        owners=planner.config.github_owners,
        rights=tuple(rights),
        first_pools=tuple(map(pool_line, (remaining(pools, refusing) or pools)[:3])),
        pools=len(pools),
        not_offered=tuple(planner.not_offered(pools)),
        objections=objections,
    )


def _objection(
    ec2: Ec2,
    pools: Sequence[Pool],
    refused: list[PoolAnswer],
    settings: InstanceSettings,
    script: str,
) -> PoolAnswer | None:
    """AWS's objection to the first pool whose instance type it does not refuse; None if it agrees.

    Refusals of instance types are added to ``refused``.
    """
    while left := remaining(pools, refused):
        answer = ec2.would_launch(left[0], settings, script)
        if answer is None or answer.kind != Kind.TYPE:
            return answer
        refused.append(answer)
    return refused[-1]
