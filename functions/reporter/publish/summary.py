"""The summary of a run: problems first, each with its remedy, then the rest. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.github_names import restorable
from backup_contract.judgement.rewrites import alarm, rewrite_lines
from backup_contract.judgement.unsaved_data import saves_data_first, unsaved_data
from reporter.publish.advice import advice, urgent
from reporter.publish.attempt_lines import attempt_lines, lasted, refusals
from reporter.publish.contents import contents
from reporter.publish.facts import Facts
from reporter.publish.sections import LOG, REPORT, About, Listing, Message, Section, listed
from reporter.publish.subject import subject


def summary(facts: Facts) -> Message:
    """All that there is to tell, for any channel."""
    return Message.of(subject(facts), _sections(facts))


def _sections(facts: Facts) -> Iterator[Section]:
    verdict, attempts = facts.verdict, facts.run.attempts
    message = alarm(facts.suspicions, f"s3://{facts.bucket}")
    yield Section(About.ALARM, (message,) if message else ())
    yield Section(About.VERDICT, (f"{verdict.kind.upper()}: {verdict.reason}",))
    yield Section(About.URGENT, tuple(urgent(facts)))
    yield Section(About.PROJECT_DATA, tuple(_project_data(facts)))
    yield Section(About.ERRORS, _errors(facts))
    yield Section(About.PROBLEMS, listed("Problems", verdict.problems, REPORT))
    yield Section(About.REWRITES, tuple(_rewrites(facts)))
    yield Section(About.DAMAGE, listed("Could not be read or done", facts.damage, LOG))
    yield Section(About.REFUSALS, listed("Refused by EC2", refusals(attempts), REPORT))
    yield Section(About.ADVICE, tuple(advice(facts)))
    yield Section(About.ACKNOWLEDGED, listed("Known failures, acknowledged", verdict.acknowledged))
    yield Section(About.CONTENTS, tuple(contents(facts)))
    yield Section(About.ATTEMPTS, listed("How the run went", attempt_lines(facts.run, facts.now)))
    yield Section(About.COST, tuple(_cost(facts)))
    yield Section(About.LOG, listed("The log's end", facts.log_tail, quoted=True))
    yield Section(About.WHEREABOUTS, tuple(_whereabouts(facts)))


def _project_data(facts: Facts) -> Iterator[str]:
    """That it is saved from now on, and what of it is not."""
    if facts.manifest is None:
        return
    if saves_data_first(facts.manifest, facts.previous):
        yield (
            "New: issues, pull requests, discussions, releases and settings are backed up too, "
            "those of OWNER/REPO in OWNER/REPO~data.zip. BackupOptions=--no-data leaves them out."
        )
    if unsaved := unsaved_data(facts.manifest):
        yield unsaved


def _errors(facts: Facts) -> tuple[Listing, ...]:
    """What kept the last attempt from being a complete run, in the program's own words."""
    manifest = facts.manifest
    if manifest is None or not facts.run.attempts:
        return ()
    mine = manifest.attempt == facts.run.attempt.number and not manifest.complete
    return listed("Errors of the whole run", manifest.errors if mine else ())


def _rewrites(facts: Facts) -> Iterator[str | Listing]:
    """What upstream rewrote, and until when the history before can be had."""
    lines = rewrite_lines(facts.manifest)
    if not lines:
        return
    yield from listed("Rewritten or deleted on GitHub since the backup before", lines)
    until = facts.now + timedelta(days=facts.keep_days)
    safe = f"at least until {until:%Y-%m-%d}"
    yield (
        f"The history before can be restored {safe if facts.keep_days else 'from that backup'}: "
        "docs/rewrites.md tells how. Branches that are rewritten on purpose can be named in "
        "KnownRewrites."
    )


def _cost(facts: Facts) -> Iterator[str]:
    if facts.cost is None or not any(attempt.instance for attempt in facts.run.attempts):
        return
    text = f"Cost, about: {facts.cost.run:.4f} USD for this run"
    text += "".join(
        f", and {lasted(time)} of {kind} at your region's on-demand price"
        for kind, time in facts.cost.unpriced
    )
    if facts.manifest and facts.manifest.complete:
        text += f"; {facts.cost.storage:.2f} USD a month for the newest archives"
    yield text


def _whereabouts(facts: Facts) -> Iterator[str]:
    bucket, run_id = facts.bucket, facts.run.id
    yield f"Archives: s3://{bucket}/{layout.ARCHIVES}"
    if any(attempt.instance for attempt in facts.run.attempts):
        if facts.manifest:
            yield f"Manifest: s3://{bucket}/{layout.manifest(run_id)}"
        if below := facts.run.evidence(facts.run.attempt):
            yield f"Log:      s3://{bucket}/{evidence.log(below)}"
    else:
        yield f"Log:      CloudWatch, /aws/lambda/{facts.launcher}"
    if name := _restorable(facts):
        yield f"Restore:  repo_backup restore {name} --source s3://{bucket} --into ."
    if facts.next_run:
        yield f"Next run: {facts.next_run:%A, %Y-%m-%d %H:%M %Z}"


def _restorable(facts: Facts) -> str | None:
    """The first repository with an archive that nothing is said against."""
    blamed = "\n".join(facts.verdict.problems)
    for entry in facts.manifest.repositories if facts.manifest else ():
        named = entry.archive and (f"{entry.name}:" in blamed or f"{entry.archive.key}:" in blamed)
        if entry.archive and not named and restorable(entry.name):
            return entry.name
    return None
