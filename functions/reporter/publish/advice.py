"""What a person should do about a run, and soon. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from backup_contract.judgement.verdict import Kind
from reporter.publish.facts import JUDGED, Facts

_EXPIRY_NOTICE_DAYS = 30

_NEXT = {
    Kind.PARTIAL: "What was saved before of the failed repositories is still there. They are "
    "tried again at the next run; to run now, invoke {launcher} with {{}}. One that will always "
    "fail can be named in KnownFailures.",
    Kind.UNVERIFIED: "Look at the archives named above before you trust them. To back everything "
    'up afresh, invoke {launcher} with {{"full": true}}; earlier versions stay in the bucket.',
    Kind.INTERRUPTED: "To finish it on a machine that AWS does not reclaim, invoke {launcher} "
    'with {{"on_demand": true}}.',
    Kind.TIMED_OUT: "If it got further with each attempt, raise DeadlineMinutes or MaxAttempts; "
    "if it stood still, the log's end says at what. To go on now, invoke {launcher} with {{}}: "
    "what is done already is not done again.",
    Kind.FAILED: "The log's end below says why. To run now, invoke {launcher} with {{}}.",
    Kind.NOT_LAUNCHED: "To try again now, invoke {launcher} with {{}}.",
    Kind.MISSED: "Look at the schedule (is it enabled?) and at the launcher's log. To run now, "
    "invoke {launcher} with {{}}.",
}

_WITHOUT_ON_DEMAND = (
    "To finish it on spot instances, invoke {launcher} with {{}}; on a machine that AWS does not "
    'reclaim, deploy with AllowOnDemand=true and invoke it with {{"on_demand": true}}.'
)
_WITHOUT_LOG = (
    "There is no log: what is said above is all that is known. To run again, invoke {launcher} "
    "with {{}}."
)
_NOTHING_CHECKED = (
    "Rely on nothing of this run until that is corrected and another run is verified: invoke "
    '{launcher} with {{"action": "check"}}, then with {{}}.'
)


def advice(facts: Facts) -> Iterator[str]:
    """What to do about the verdict."""
    text = facts.verdict.advice or _NEXT.get(facts.verdict.kind)
    if facts.verdict.kind is Kind.INTERRUPTED and not facts.allow_on_demand:
        text = _WITHOUT_ON_DEMAND
    elif facts.verdict.kind is Kind.FAILED and not facts.log_tail:
        text = _WITHOUT_LOG
    elif facts.verdict.kind is Kind.UNVERIFIED and not facts.verdict.problems:
        text = _NOTHING_CHECKED
    if text:
        yield f"What to do: {text.format(launcher=facts.launcher)}"


def urgent(facts: Facts) -> Iterator[str]:
    """What needs a person though the run went well: what is not visible, the token's end, and a
    list that shrank."""
    if facts.verdict.kind in JUDGED and facts.coverage.action_needed:
        yield (
            "Repositories that are not visible are not backed up. If there are any that should be, "
            "give the token, or the GitHub App, access to them (docs/private-repositories.md)."
        )
    if facts.token_days is not None:
        yield from _expiry(facts, facts.token_days)
    if vanished := facts.comparison.vanished:
        many = len(vanished) != 1
        yield (
            f"{len(vanished)} repositor{'ies' if many else 'y'} of the last run "
            f"{'are' if many else 'is'} not listed any more (named below). If nobody deleted or "
            "moved them, the token has lost rights. What was saved of them is kept until you "
            "remove it (docs/restore.md tells how)."
        )


def _expiry(facts: Facts, days: int) -> Iterator[str]:
    left = timedelta(days=days)
    too_late = facts.next_run is not None and left < facts.next_run - facts.now
    remedy = "create another and store it in the same parameter"
    if days < 0:
        yield f"THE GITHUB TOKEN HAS EXPIRED: {remedy}."
    elif days <= _EXPIRY_NOTICE_DAYS or too_late:
        when = f"IN {days} DAY{'S' * (days != 1)}" if days else "TODAY"
        soon = ", BEFORE THE NEXT RUN" if too_late else ""
        yield f"THE GITHUB TOKEN EXPIRES {when}{soon}: {remedy}."
