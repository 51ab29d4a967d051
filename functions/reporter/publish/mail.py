"""The mail: one line that can be trusted, then what to do, then what happened. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.aws_commands import remove_archive
from backup_contract.aws_refusal import WHOLE_MESSAGE_CHARACTERS
from backup_contract.documents.manifest import Item, Manifest
from backup_contract.documents.upstream import sentence
from backup_contract.github_names import restorable
from backup_contract.judgement.overdue import Watched
from backup_contract.judgement.verdict import Kind, Verdict
from backup_contract.kinds import GIT, KINDS
from backup_contract.moments import moment_of
from backup_contract.text import one_line, size
from backup_contract.visibility import PUBLIC_ONLY, Coverage, describe
from reporter.judge.cost import Cost
from reporter.judge.manifest_diff import Comparison, compare
from reporter.publish.attempt_lines import lasted, refusals, story
from shared.model.run import Run

_MOST_LINES = 40
"""How many lines of one list the mail carries before it counts the rest."""

_LINE_CHARACTERS = WHOLE_MESSAGE_CHARACTERS + 1000
"""What others wrote must not leave the rest of the mail without room."""
_ONLY_CHARACTERS = 24
_SUBJECT_CHARACTERS = 99
_EXPIRY_NOTICE_DAYS = 30
_EXPIRY_IN_SUBJECT_DAYS = 7

_HEADLINES = {
    Kind.NOT_LAUNCHED: "no instance could be started",
    Kind.MISSED: "the scheduled run never started",
    Kind.INTERRUPTED: "AWS reclaimed the instance, the backup is incomplete",
    Kind.TIMED_OUT: "the backup did not end before its deadline",
    Kind.FAILED: "the backup ended without a result",
}

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
    "Rely on nothing of this run until that is mended and another run is verified: invoke "
    '{launcher} with {{"action": "check"}}, then with {{}}.'
)

_JUDGED = (Kind.VERIFIED, Kind.PARTIAL)
"""What claims something of all repositories, and says so if not all are visible."""

_STATES = {"backed-up": "backed up", "skipped": "left out"}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a mail tells. ``previous`` is the manifest of the last run that had a whole one.

    ``schedule`` is the one in force, ``next_run`` in its own time zone. ``damage`` is what could
    not be read, and why.
    """

    run: Run
    verdict: Verdict
    now: datetime
    owners: Sequence[str]
    bucket: str
    launcher: str
    manifest: Manifest | None = None
    previous: Manifest | None = None
    log_tail: Sequence[str] = ()
    schedule: Watched | None = None
    next_run: datetime | None = None
    cost: Cost | None = None
    allow_on_demand: bool = True
    damage: Sequence[str] = ()

    @property
    def only(self) -> Sequence[str]:
        """The patterns that the run was narrowed to; none: it was asked for everything."""
        return self.manifest.only if self.manifest else self.run.options.only

    @property
    def coverage(self) -> Coverage:
        """What may be said of what the token could see; nothing where no run tells."""
        return describe(self.manifest.visibility if self.manifest else ())

    @property
    def comparison(self) -> Comparison:
        """What changed on GitHub since the last run; nothing is known of an unfinished list."""
        if self.manifest and self.previous and self.manifest.complete:
            return compare(self.manifest, self.previous)
        return Comparison()

    @property
    def token_days(self) -> int | None:
        """Whole days that the token is valid for; negative once it is not. None if not known."""
        text = self.manifest and self.manifest.token_expires_at
        try:
            return (datetime.fromisoformat(text) - self.now).days if text else None
        except (ValueError, TypeError, OverflowError):
            return None


def subject(facts: Facts) -> str:
    """Verdict, counts and date: ``[OnlineBackup] verified: 34 repositories, 3 changed, …``.

    What cannot wait, though the run is over, follows in brackets.
    """
    kind, date = facts.verdict.kind, f"{moment_of(facts.run.id):%Y-%m-%d}"
    also = []
    if vanished := facts.comparison.vanished:
        also.append(f"{len(vanished)} vanished")
    if facts.token_days is not None and facts.token_days < _EXPIRY_IN_SUBJECT_DAYS:
        days = facts.token_days
        ends = f"ends in {days} day{'s' * (days != 1)}" if days else "ends today"
        also.append("token expired" if days < 0 else f"token {ends}")
    more = f" ({', '.join(also)})" if also else ""
    label = facts.coverage.label if kind in _JUDGED else ""
    line = f"[OnlineBackup] {kind}{{}}: {_counts(facts)}, {date}{more}"
    whole = line.format(_limits(facts, label))
    if len(whole) <= _SUBJECT_CHARACTERS:
        return whole
    return line.format(_limits(facts, label.replace(" repositories", "")))


def _limits(facts: Facts, label: str) -> str:
    """What the verdict does not speak of, in brackets; empty if it speaks of all."""
    limits = [f"only {_short(' '.join(facts.only))}"] if facts.only else []
    limits += [label] if label else []
    return f" ({'; '.join(limits)})" if limits else ""


def _short(text: str) -> str:
    """SNS cuts a subject at 100 characters, and the counts come after this."""
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
    # The brackets before have the number, and SNS takes 99 characters.
    told = facts.coverage.label not in ("", PUBLIC_ONLY) and not facts.only
    wanting = facts.verdict.failed_repositories
    failed = "not saved" if facts.verdict.unsaved else "failed"
    return {
        Kind.VERIFIED: f"{changed} changed" if told else f"{backed_up}, {changed} changed",
        Kind.PARTIAL: f"{wanting} of {listed} repositories {failed}",
    }.get(kind, f"{problems} problem{'s' * (problems != 1)}, {listed} repositories")


def body(facts: Facts) -> str:
    """The mail's text: problems first, each with its remedy, then the rest in order of interest.

    Each line is one of ours, or marked as a quotation, whatever others have put into it.
    """
    sections = [
        [f"{facts.verdict.kind.upper()}: {facts.verdict.reason}"],
        _urgent(facts),
        _errors(facts),
        _listed("Problems", facts.verdict.problems, where="report.json"),
        _listed("Could not be read or done", facts.damage, where="the reporter's log"),
        _listed("Asked for in vain", refusals(facts.run.attempts), where="report.json"),
        _next(facts),
        _listed("Known failures, acknowledged", facts.verdict.acknowledged),
        _manifest(facts),
        _listed("How the run went", story(facts.run, facts.now)),
        _cost(facts),
        _listed("The log's end", facts.log_tail, mark="  | "),
        _whereabouts(facts),
    ]
    return "\n\n".join("\n".join(map(_line, lines)) for lines in sections if lines) + "\n"


def _line(text: str) -> str:
    return one_line(text, _LINE_CHARACTERS)


def _errors(facts: Facts) -> list[str]:
    """What kept the last attempt from being a complete run, in the program's own words."""
    manifest = facts.manifest
    if manifest is None or not facts.run.attempts:
        return []
    mine = manifest.attempt == facts.run.attempt.number and not manifest.complete
    return _listed("Errors of the whole run", manifest.errors if mine else ())


def _next(facts: Facts) -> list[str]:
    text = facts.verdict.advice or _NEXT.get(facts.verdict.kind)
    if facts.verdict.kind is Kind.INTERRUPTED and not facts.allow_on_demand:
        text = _WITHOUT_ON_DEMAND
    elif facts.verdict.kind is Kind.FAILED and not facts.log_tail:
        text = _WITHOUT_LOG
    elif facts.verdict.kind is Kind.UNVERIFIED and not facts.verdict.problems:
        text = _NOTHING_CHECKED
    return [f"What to do: {text.format(launcher=facts.launcher)}"] if text else []


def _urgent(facts: Facts) -> list[str]:
    """What needs a person though the run went well: what is not visible, the token's end, and a
    list that shrank."""
    lines, days = [], facts.token_days
    if facts.verdict.kind in _JUDGED and facts.coverage.action_needed:
        lines.append(
            "Repositories that are not visible are not backed up. If there are any that should be, "
            "give the token, or the GitHub App, access to them (docs/private-repositories.md)."
        )
    if days is not None:
        left = timedelta(days=days)
        too_late = facts.next_run is not None and left < facts.next_run - facts.now
        remedy = "create another and store it in the same parameter"
        if days < 0:
            lines.append(f"THE GITHUB TOKEN HAS EXPIRED: {remedy}.")
        elif days <= _EXPIRY_NOTICE_DAYS or too_late:
            when = f"IN {days} DAY{'S' * (days != 1)}" if days else "TODAY"
            soon = ", BEFORE THE NEXT RUN" if too_late else ""
            lines.append(f"THE GITHUB TOKEN EXPIRES {when}{soon}: {remedy}.")
    if vanished := facts.comparison.vanished:
        many = len(vanished) != 1
        lines.append(
            f"{len(vanished)} repositor{'ies' if many else 'y'} of the last run "
            f"{'are' if many else 'is'} not listed any more (named below). If nobody deleted or "
            "moved them, the token has lost rights. What was saved of them is kept until you "
            "remove it (docs/restore.md tells how)."
        )
    return lines


def _manifest(facts: Facts) -> list[str]:
    manifest, comparison = facts.manifest, facts.comparison
    if manifest is None:
        return []
    items = manifest.items
    counted = _counted(manifest.repositories, GIT)
    owners = ", ".join(manifest.owners)
    lines = [f"{owners}: {counted}" if manifest.complete else f"{owners}, so far: {counted}"]
    for kind in KINDS:
        if kind != GIT and (there := [each for each in items if _is_there(each, kind)]):
            lines.append(_counted(there, kind))
    totals = manifest.totals
    uploaded, stored = size(totals["bytes_uploaded"]), size(totals["bytes_stored"])
    lines.append(f"{uploaded} uploaded, {stored} in all archives")
    if kept := [each.archive.bytes for each in manifest.orphaned if each.archive]:
        what = "1 is" if len(kept) == 1 else f"{len(kept)} are"
        lines.append(f"Of these {what} kept of what GitHub no longer lists, {size(sum(kept))}")
    if (drill := manifest.drill) and drill.checked:
        rest = drill.never_drilled
        lines.append(
            f"Restore drill: {len(drill.good)} of {len(drill.checked)} archives downloaded, "
            "unpacked and compared" + (f"; {rest} not yet drilled" if rest else "")
        )
        undone = (each.told for each in drill.undone)
        lines += _listed("The restore drill could not be done for", undone)
    lines += _listed("Changed", map(_changed, manifest.in_state("backed-up")))
    lines += _listed("New on GitHub", comparison.new)
    lines += _listed("Renamed on GitHub", comparison.renamed)
    lines += _listed("No longer listed by GitHub", _vanished(comparison, facts.bucket))
    lines += _listed("Left out", _left_out(manifest.in_state("skipped")))
    warned = (f"{item.name}: {said}" for item in items for said in _warnings(item))
    return lines + _listed("Worth knowing", (*manifest.notices, *warned))


def _is_there(item: Item, kind: str) -> bool:
    """Whether there is, or was, something of this kind."""
    return item.kind == kind and bool(item.archive or item.state != "absent")


def _warnings(item: Item) -> tuple[str, ...]:
    lfs = ("it keeps files in Git LFS; those are not in the archive",) if item.result.lfs else ()
    return (*item.result.warnings, *lfs)


def _counted(entries: Sequence[Item], kind: str) -> str:
    counts = Counter(_STATES.get(entry.state, entry.state) for entry in entries)
    parts = ", ".join(f"{count} {state}" for state, count in counts.items())
    noun = KINDS[kind].one if len(entries) == 1 else KINDS[kind].many
    return f"{len(entries)} {noun} ({parts or 'none'})"


def _left_out(skipped: Iterable[Item]) -> list[str]:
    """One line for each reason, with a few of the names."""
    by_reason: dict[str, list[str]] = {}
    for entry in skipped:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    return [
        f"{reason}: {', '.join(names[:5])}"
        + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        for reason, names in by_reason.items()
    ]


def _vanished(comparison: Comparison, bucket: str) -> Iterator[str]:
    """What is kept of each, and how to remove it: nothing else ever does.

    The command is shown only where GitHub confirmed that the repository is not there.
    """
    for entry in comparison.vanished:
        who = entry.identity
        saved, upstream = comparison.saved.get(who, ()), comparison.upstream.get(who)
        confirmed = upstream is not None and upstream.state == "not-visible"
        if not saved:
            key = entry.archive and entry.archive.key
            gone = f"its archive {key} is gone, or not as it was recorded"
            yield f"{entry.name}: {gone if key else 'nothing was saved of it'}"
        for archive in saved:
            kept = f"{archive.key} ({size(archive.bytes)}) is kept"
            if confirmed:
                command = remove_archive(f"s3://{bucket}", archive.key)
                remedy = f": {command}" if command else ""
                yield f"{entry.name}: {kept} until you remove it{remedy}"
            else:
                yield f"{entry.name} {sentence(upstream)}; {kept}"


def _changed(entry: Item) -> str:
    return f"{entry.name}, {size(entry.archive.bytes)}" if entry.archive else entry.name


def _cost(facts: Facts) -> list[str]:
    if facts.cost is None or not any(attempt.instance for attempt in facts.run.attempts):
        return []
    text = f"Cost, about: {facts.cost.run:.4f} USD for this run"
    text += "".join(
        f", and {lasted(time)} of {kind} at your region's on-demand price"
        for kind, time in facts.cost.unpriced
    )
    if facts.manifest and facts.manifest.complete:
        text += f"; {facts.cost.storage:.2f} USD a month for the newest archives"
    return [text]


def _whereabouts(facts: Facts) -> list[str]:
    bucket, run_id = facts.bucket, facts.run.id
    lines = [f"Archives: s3://{bucket}/{layout.ARCHIVES}"]
    if any(attempt.instance for attempt in facts.run.attempts):
        if facts.manifest:
            lines.append(f"Manifest: s3://{bucket}/{layout.manifest(run_id)}")
        if below := facts.run.evidence(facts.run.attempt):
            lines.append(f"Log:      s3://{bucket}/{evidence.log(below)}")
    else:
        lines.append(f"Log:      CloudWatch, /aws/lambda/{facts.launcher}")
    if name := _restorable(facts):
        lines.append(f"Restore:  repo_backup restore {name} --source s3://{bucket} --into .")
    if facts.next_run:
        lines.append(f"Next run: {facts.next_run:%A, %Y-%m-%d %H:%M %Z}")
    return lines


def _restorable(facts: Facts) -> str | None:
    """The first repository with an archive that nothing is said against."""
    blamed = "\n".join(facts.verdict.problems)
    for entry in facts.manifest.repositories if facts.manifest else ():
        told = entry.archive and (f"{entry.name}:" in blamed or f"{entry.archive.key}:" in blamed)
        if entry.archive and not told and restorable(entry.name):
            return entry.name
    return None


def _listed(
    title: str, lines: Iterable[str], mark: str = "  - ", where: str = "the manifest"
) -> list[str]:
    every = list(lines)
    if not every:
        return []
    shown = [f"{mark}{line}" for line in every[:_MOST_LINES]]
    if len(every) > _MOST_LINES:
        shown.append(f"{mark}and {len(every) - _MOST_LINES} more, all in {where}")
    return [f"{title}:", *shown]
