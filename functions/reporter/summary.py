"""The mail: one line that can be trusted, then what to do, then what happened. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reporter.cost import Cost
from reporter.manifest import Entry, Manifest
from reporter.verdict import Kind, Verdict
from shared import layout
from shared.run import Attempt, Outcome, Run, moment_of

_MOST_LINES = 40
"""How many lines of one list the mail carries before it counts the rest."""

_EXPIRY_NOTICE_DAYS = 30

_HEADLINES = {
    Kind.NOT_LAUNCHED: "no instance could be started",
    Kind.MISSED: "the scheduled run never started",
    Kind.INTERRUPTED: "AWS reclaimed the instance, the backup is incomplete",
    Kind.TIMED_OUT: "the backup did not end before its deadline",
    Kind.FAILED: "the backup ended without a result",
}

_NEXT = {
    Kind.PARTIAL: "What was saved before of the failed repositories is still there. They are "
    "tried again at the next run; to run now, invoke {launcher} with {{}}.",
    Kind.UNVERIFIED: "Look at the archives named above before you trust them. To back everything "
    'up afresh, invoke {launcher} with {{"full": true}}; earlier versions stay in the bucket.',
    Kind.INTERRUPTED: "To finish it on a machine that AWS does not reclaim, invoke {launcher} "
    'with {{"on_demand": true}}.',
    Kind.TIMED_OUT: "Deploy with a larger DeadlineMinutes if the log shows steady work; what is "
    "done already is not done again.",
    Kind.FAILED: "The end of the log below says why. To run now, invoke {launcher} with {{}}.",
    Kind.NOT_LAUNCHED: "To try again now, invoke {launcher} with {{}}.",
    Kind.MISSED: "Check the schedule and the launcher's log. To run now, invoke {launcher} "
    "with {{}}.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a mail tells. ``previous`` is the last reported run's manifest, if there is one."""

    run: Run
    verdict: Verdict
    now: datetime
    owners: Sequence[str]
    bucket: str
    launcher: str
    manifest: Manifest | None = None
    previous: Manifest | None = None
    log_tail: Sequence[str] = ()
    next_run: datetime | None = None
    cost: Cost | None = None


def subject(facts: Facts) -> str:
    """Verdict, counts and date: ``[OnlineBackup] verified: 34 repositories, 3 changed, …``."""
    kind, date = facts.verdict.kind, f"{moment_of(facts.run.id):%Y-%m-%d}"
    if facts.manifest and kind not in _HEADLINES:
        listed = len(facts.manifest.repositories)
        problems = len(facts.verdict.problems)
        changed = sum(1 for e in facts.manifest.repositories if e.state == "backed-up")
        counts = {
            Kind.VERIFIED: f"{listed} repositories, {changed} changed",
            Kind.PARTIAL: f"{facts.verdict.failed_repositories} of {listed} repositories failed",
        }.get(kind, f"{problems} problem{'s' * (problems != 1)}, {listed} repositories")
        return f"[OnlineBackup] {kind}: {counts}, {date}"
    return f"[OnlineBackup] {kind}: {_HEADLINES.get(kind, 'no manifest')}, {date}"


def body(facts: Facts) -> str:
    """The mail's text: problems first, each with its remedy, then the rest in order of interest."""
    sections = [
        [f"{facts.verdict.kind.upper()}: {facts.verdict.reason}"],
        _listed("Problems", facts.verdict.problems),
        _listed("Asked for in vain (attempt, type, market, zone)", _refusals(facts.run.attempts)),
        _next(facts),
        _listed("Known failures, acknowledged", facts.verdict.acknowledged),
        _manifest(facts) if facts.manifest else [],
        _listed("How the run went", _story(facts)),
        _cost(facts.cost),
        _listed("The log's end", facts.log_tail, mark="  | "),
        _whereabouts(facts),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _next(facts: Facts) -> list[str]:
    text = _NEXT.get(facts.verdict.kind)
    return [f"What to do: {text.format(launcher=facts.launcher)}"] if text else []


def _manifest(facts: Facts) -> list[str]:
    manifest = facts.manifest
    assert manifest is not None  # noqa: S101 - told apart by body()
    wikis = tuple(entry for entry in manifest.entries if entry.is_wiki)
    lines = [
        f"{', '.join(manifest.owners)}: {_counted(manifest.repositories, 'repositor', 'y', 'ies')}"
    ]
    if any(entry.state != "absent" for entry in wikis):
        lines.append(_counted([e for e in wikis if e.state != "absent"], "wiki", "", "s"))
    lines.append(
        f"{size(manifest.bytes_uploaded)} uploaded, {size(manifest.bytes_stored)} in all archives"
    )
    if manifest.drilled:
        rest = manifest.never_drilled
        lines.append(
            f"Restore drill: {manifest.drilled - len(manifest.drill_failures)} of "
            f"{manifest.drilled} archives downloaded, unpacked and compared"
            + (f"; {rest} not yet drilled" if rest else "")
        )
    lines += _expiry(manifest.token_expires_at, facts.now)
    lines += _listed("Changed", map(_changed, manifest.in_state("backed-up")))
    lines += _listed("Left out", (f"{e.name}: {e.reason}" for e in manifest.in_state("skipped")))
    warned = (f"{e.name}: {said}" for e in manifest.entries for said in e.warnings)
    lines += _listed("Worth knowing", (*manifest.notices, *warned))
    return lines + (_compared(manifest, facts.previous) if facts.previous else [])


def _counted(entries: Sequence[Entry], stem: str, one: str, many: str) -> str:
    counts = Counter(entry.state for entry in entries)
    parts = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{len(entries)} {stem}{one if len(entries) == 1 else many}: {parts or 'none'}"


def _expiry(text: str | None, now: datetime) -> list[str]:
    """A countdown in the last thirty days of the token."""
    try:
        days = (datetime.fromisoformat(text) - now).days if text else None
    except (ValueError, TypeError, OverflowError):
        return []
    if days is None or days > _EXPIRY_NOTICE_DAYS:
        return []
    if days < 0:
        return ["THE GITHUB TOKEN HAS EXPIRED: create another and store it in the same parameter"]
    left = f"IN {days} DAY{'S' * (days != 1)}" if days else "TODAY"
    return [f"THE GITHUB TOKEN EXPIRES {left}: create another and store it in the same parameter"]


def _compared(manifest: Manifest, previous: Manifest) -> list[str]:
    before = {entry.id: entry for entry in previous.repositories}
    after = {entry.id: entry for entry in manifest.repositories}
    renamed = [
        f"{before[number].name} is now {entry.name}"
        for number, entry in after.items()
        if number in before and before[number].name != entry.name
    ]
    vanished = [
        f"{entry.name}: its archive {entry.archive.key} ({size(entry.archive.bytes)}) is kept"
        for number, entry in before.items()
        if number not in after and entry.archive
    ]
    new = [entry.name for number, entry in after.items() if number not in before]
    return [
        *_listed("New on GitHub", new),
        *_listed("Renamed on GitHub", renamed),
        *_listed("No longer on GitHub", vanished),
    ]


def _changed(entry: Entry) -> str:
    return f"{entry.name}, {size(entry.archive.bytes)}" if entry.archive else entry.name


def _refusals(attempts: Iterable[Attempt]) -> list[str]:
    return [
        f"{attempt.number}  {answer.instance_type:<14} {answer.market:<9} {answer.zone:<16} "
        f"{answer.code}"
        for attempt in attempts
        if attempt.outcome in (Outcome.NO_CAPACITY, Outcome.REFUSED)
        for answer in attempt.answers
    ]


def _story(facts: Facts) -> list[str]:
    return [_chapter(attempt, facts.now) for attempt in facts.run.attempts]


def _cost(cost: Cost | None) -> list[str]:
    if cost is None:
        return []
    besides = f" and {cost.unpriced} on-demand instance(s) at your region's price"
    return [
        f"Cost, about: {cost.run:.4f} USD for this run{besides if cost.unpriced else ''}; "
        f"{cost.storage:.2f} USD a month for the newest archives"
    ]


def _chapter(attempt: Attempt, now: datetime) -> str:
    instance = attempt.instance
    if not instance:
        return f"attempt {attempt.number} got no instance ({attempt.outcome or 'cut off'})"
    seconds = max(((attempt.ended_at or now) - instance.launched_at) / timedelta(seconds=1), 0)
    lasted = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    price = f", {instance.price} USD/h" if instance.price else ""
    done = "" if attempt.listed is None else f" with {attempt.done} of {attempt.listed} done"
    said = {Outcome.ENDED: "ended", None: "ended", Outcome.PAUSED: "paused"}
    return (
        f"attempt {attempt.number} {said.get(attempt.outcome, attempt.outcome)} after "
        f"{lasted}{done} ({instance.instance_type}, {instance.market}, "
        f"{instance.zone}{price})"
    )


def _whereabouts(facts: Facts) -> list[str]:
    bucket, run_id = facts.bucket, facts.run.id
    lines = [f"Archives: s3://{bucket}/{layout.ARCHIVES}"]
    if any(attempt.instance for attempt in facts.run.attempts):
        if facts.manifest:
            lines.append(f"Manifest: s3://{bucket}/{layout.manifest(run_id)}")
        lines.append(f"Log:      s3://{bucket}/{layout.log(run_id)}")
    if facts.manifest and (saved := [e for e in facts.manifest.repositories if e.archive]):
        name = saved[0].name
        lines.append(f"Restore:  repo_backup restore {name} --source s3://{bucket} --into .")
    if facts.next_run:
        lines.append(f"Next run: {facts.next_run:%A, %Y-%m-%d %H:%M} UTC")
    return lines


def _listed(title: str, lines: Iterable[str], mark: str = "  - ") -> list[str]:
    every = list(lines)
    if not every:
        return []
    shown = [f"{mark}{line}" for line in every[:_MOST_LINES]]
    if len(every) > _MOST_LINES:
        shown.append(f"{mark}and {len(every) - _MOST_LINES} more, all in the manifest")
    return [f"{title}:", *shown]


def size(number: int) -> str:
    """Bytes as a person reads them: ``1.4 MB``, in powers of 1000."""
    amount, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{number} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"
