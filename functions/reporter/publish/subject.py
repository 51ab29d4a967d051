"""The mail's subject: one line within SNS's limit, with the verdict and the counts. Pure."""

from collections.abc import Sequence

from backup_contract.judgement.rewrites import rewritten
from backup_contract.judgement.verdict import Kind
from backup_contract.moments import moment_of
from backup_contract.visibility import PUBLIC_ONLY
from reporter.publish.facts import JUDGED, Facts

_ONLY_CHARACTERS = 24
_SUBJECT_CHARACTERS = 99
_EXPIRY_IN_SUBJECT_DAYS = 7
_UNLISTED = "no longer listed"

_HEADLINES = {
    Kind.NOT_LAUNCHED: "no instance could be started",
    Kind.MISSED: "the scheduled run never started",
    Kind.INTERRUPTED: "AWS reclaimed the instance, the backup is incomplete",
    Kind.TIMED_OUT: "the backup did not end before its deadline",
    Kind.FAILED: "the backup ended without a result",
}


def subject(facts: Facts) -> str:
    """Verdict, counts and date: ``[OnlineBackup] verified: 34 repositories, 3 changed, …``.

    Urgent matters follow in brackets.
    """
    kind, date = facts.verdict.kind, f"{moment_of(facts.run.id):%Y-%m-%d}"
    also, unlisted = _rewrites(facts), facts.comparison.unlisted_repositories
    if unlisted:
        also.append(f"{unlisted} {_UNLISTED}")
    if facts.token_days is not None and facts.token_days < _EXPIRY_IN_SUBJECT_DAYS:
        days = facts.token_days
        ends = f"ends in {days} day{'s' * (days != 1)}" if days else "ends today"
        also.append("token expired" if days < 0 else f"token {ends}")
    label = facts.coverage.label if kind in JUDGED else ""
    short = label.replace(" repositories", "")
    # Repositories that are no longer listed are in the mail's first lines as well.
    less = [each for each in also if not each.endswith(_UNLISTED)]
    lines = [
        f"[OnlineBackup] {kind}{_limits(facts, limit)}: {_counts(facts)}, {date}{_also(more)}"
        for limit, more in ((label, also), (short, also), (short, less))
    ]
    return next((line for line in lines if len(line) <= _SUBJECT_CHARACTERS), lines[-1])


def _rewrites(facts: Facts) -> list[str]:
    count = rewritten(facts.manifest)
    return ["SUSPICIOUS"] * bool(facts.suspicions) + ([f"{count} rewritten"] if count else [])


def _also(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""


def _limits(facts: Facts, label: str) -> str:
    """What the verdict does not cover, in brackets; empty if it covers everything."""
    limits = [f"only {_short(' '.join(facts.only))}"] if facts.only else []
    limits += [label] if label else []
    return f" ({'; '.join(limits)})" if limits else ""


def _short(text: str) -> str:
    """Shorten a text: SNS cuts a subject at 100 characters, and the counts follow it."""
    return text if len(text) <= _ONLY_CHARACTERS else f"{text[: _ONLY_CHARACTERS - 3]}..."


def _counts(facts: Facts) -> str:
    kind = facts.verdict.kind
    if kind in _HEADLINES:
        reached = [(a.done or 0, a.listed) for a in facts.run.attempts if a.listed]
        if reached:
            done, listed = max(reached)
            return f"{done} of {listed} repositories done"
        if kind is Kind.NOT_LAUNCHED and any(a.instance for a in facts.run.attempts):
            return "the last attempt got no instance"
        return _HEADLINES[kind]
    if facts.manifest is None or (kind is Kind.UNVERIFIED and not facts.verdict.problems):
        return "nothing could be verified"
    listed = len(facts.manifest.repositories)
    problems = len(facts.verdict.problems)
    changed = sum(1 for e in facts.manifest.repositories if e.state == "backed-up")
    asked = sum(1 for e in facts.manifest.repositories if e.asked and e.state != "skipped")
    backed_up = f"{asked} of {listed}" if facts.only else f"{listed} repositories"
    # The brackets before this have the number, and SNS accepts 99 characters.
    counted = facts.coverage.label not in ("", PUBLIC_ONLY) and not facts.only
    wanting = facts.verdict.failed_repositories
    failed = "not saved" if facts.verdict.unsaved else "failed"
    if facts.verdict.lacking_data == wanting:
        failed = f"lack{'s' * (wanting == 1)} project data"
    if kind is Kind.PARTIAL and not wanting and (accounts := facts.verdict.failed_accounts):
        lack = "1 account lacks" if accounts == 1 else f"{accounts} accounts lack"
        return f"{lack} data, {listed} repositories"
    if kind is Kind.PARTIAL and not wanting:
        return f"{problems} problem{'s' * (problems != 1)}, {listed} repositories"
    return {
        Kind.VERIFIED: f"{changed} changed" if counted else f"{backed_up}, {changed} changed",
        Kind.PARTIAL: f"{wanting} of {listed} repositories {failed}",
    }.get(kind, f"{problems} problem{'s' * (problems != 1)}, {listed} repositories")
