"""What the user should do about a run. Pure."""

import json
from collections.abc import Iterator
from datetime import timedelta

from backup_contract.documents.parts.labels import repositories_of
from backup_contract.github_names import acknowledgeable, restorable
from backup_contract.judgement.verdict import Kind
from reporter.publish.facts import JUDGED, Facts

_EXPIRY_NOTICE_DAYS = 30
_MOST_NAMED = 12
"""How many names an advice lists; if there are more, it is about everything."""

_NEXT = {
    Kind.PARTIAL: "The next run tries the failed ones again; to run now, invoke {launcher} with "
    "{{}}. Their earlier backups are still there. Add to KnownFailures what will always fail"
    "{known}.",
    Kind.UNVERIFIED: "Do not trust the archives named above. To back {what} up again, invoke "
    "{launcher} with {event}; earlier versions stay in the bucket.",
    Kind.INTERRUPTED: "To finish on an on-demand instance, which AWS does not reclaim, invoke "
    '{launcher} with {{"on_demand": true}}.',
    Kind.TIMED_OUT: "If each attempt got further, raise DeadlineMinutes or MaxAttempts. If it "
    "hung, the end of the log shows where. To continue now, invoke {launcher} with {{}}: finished "
    "repositories are not backed up again.",
    Kind.FAILED: "The end of the log, below, says why. To run now, invoke {launcher} with {{}}.",
    Kind.NOT_LAUNCHED: "To try again now, invoke {launcher} with {{}}.",
    Kind.MISSED: "Check that the schedule is enabled, and read the launcher's log. To run now, "
    "invoke {launcher} with {{}}.",
}

_WITHOUT_ON_DEMAND = (
    "To finish on spot instances, invoke {launcher} with {{}}. To finish on an on-demand instance, "
    "which AWS does not reclaim, deploy with AllowOnDemand=true and invoke it with "
    '{{"on_demand": true}}.'
)
_WITHOUT_LOG = (
    "There is no log: the lines above are all that is known. To run again, invoke {launcher} "
    "with {{}}."
)
_NOTHING_CHECKED = (
    "Do not rely on this run. Correct that, invoke {launcher} with "
    '{{"action": "check"}}, then run again: invoke it with {{}}.'
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
        what, event = _fetched_again(facts)
        known = _acknowledgeable(facts)
        text = text.format(launcher=facts.launcher, what=what, event=event, known=known)
        yield f"What to do: {text}"


def _fetched_again(facts: Facts) -> tuple[str, str]:
    """What a full run must fetch again to replace the named archives, and its event.

    A full run of a large account takes hours, so a few repositories are named, unless GitHub does
    not allow such a name.
    """
    items = facts.manifest.items if facts.manifest else ()
    names = repositories_of(facts.verdict.problems, items)
    if not names or len(names) > _MOST_NAMED or not all(map(restorable, names)):
        return "everything", json.dumps({"full": True})
    return "them", json.dumps({"only": names, "full": True})


def _acknowledgeable(facts: Facts) -> str:
    """The names to add to KnownFailures; empty if there are many."""
    failed = facts.manifest.in_state("failed") if facts.manifest else []
    problems = {each.partition(": ")[0] for each in facts.verdict.problems}
    names = [each.name for each in failed if each.asked and each.name in problems]
    if not names or len(names) > _MOST_NAMED or not all(map(acknowledgeable, names)):
        return ""
    return f": {','.join(names)}"


def urgent(facts: Facts) -> Iterator[str]:
    """What the user must do although the run went well: about repositories that are not visible or
    no longer listed, and about an expiring token."""
    if facts.verdict.kind in JUDGED and facts.coverage.action_needed:
        yield (
            "Repositories that are not visible are not backed up. If there are any that should be, "
            "give the token, or the GitHub App, access to them (docs/private-repositories.md)."
        )
    if facts.token_days is not None:
        yield from _expiry(facts, facts.token_days)
    if unlisted := facts.comparison.unlisted_repositories:
        one = unlisted == 1
        repositories, backups = ("repository is", "Its backup is")
        if not one:
            repositories, backups = ("repositories are", "Their backups are")
        yield (
            f"{unlisted} {repositories} no longer listed by GitHub (named below). If nobody "
            f"deleted or moved {'it' if one else 'them'}, the token has lost rights. {backups} "
            "retained until you remove "
            f"{'it' if one else 'them'} (docs/restore.md)."
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
