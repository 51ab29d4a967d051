"""Builds the summary of a run: verdict, counts, problems, what to do, then details. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.github_names import restorable
from backup_contract.judgement.large_files import bytes_saved
from backup_contract.judgement.rewrites import alarm, rewrite_lines
from backup_contract.judgement.unsaved_data import saves_data_first, unsaved_data
from reporter.publish.advice import advice, urgent
from reporter.publish.attempt_lines import attempt_lines, duration_text, refusals
from reporter.publish.contents import contents, counts, problems
from reporter.publish.facts import Facts
from reporter.publish.sections import LOG, REPORT, About, Listing, Message, Section, listed
from reporter.publish.subject import subject


def summary(facts: Facts) -> Message:
    """The summary's sections, for any channel."""
    return Message.of(subject(facts), _sections(facts))


def _sections(facts: Facts) -> Iterator[Section]:
    verdict, attempts = facts.verdict, facts.run.attempts
    message = alarm(facts.suspicions, f"s3://{facts.bucket}")
    yield Section(About.ALARM, (message,) if message else ())
    yield Section(About.VERDICT, (f"{verdict.kind.upper()}: {verdict.reason}",))
    yield Section(About.COUNTS, tuple(counts(facts)))
    yield Section(About.ERRORS, _errors(facts))
    yield Section(About.PROBLEMS, listed("Problems", problems(facts), REPORT))
    yield Section(About.DAMAGE, listed("Could not be read or done", facts.damage, LOG))
    yield Section(About.REFUSALS, listed("Refused by EC2", refusals(attempts), REPORT))
    yield Section(About.ADVICE, tuple(advice(facts)))
    yield Section(About.URGENT, tuple(urgent(facts)))
    yield Section(About.REWRITES, tuple(_rewrites(facts)))
    yield Section(About.PROJECT_DATA, tuple(_project_data(facts)))
    yield Section(About.ACKNOWLEDGED, listed("Known failures, acknowledged", verdict.acknowledged))
    yield Section(About.CONTENTS, tuple(contents(facts)))
    yield Section(About.ATTEMPTS, listed("How the run went", attempt_lines(facts.run, facts.now)))
    yield Section(About.COST, tuple(_cost(facts)))
    yield Section(About.LOG, listed("End of the log", facts.log_tail, quoted=True))
    yield Section(About.WHEREABOUTS, tuple(_locations(facts)))


def _project_data(facts: Facts) -> Iterator[str]:
    """That project data is now saved, and what of it is missing."""
    if facts.manifest is None:
        return
    if saves_data_first(facts.manifest, facts.previous):
        yield (
            "New: issues, pull requests, discussions, releases and settings are now backed up too: "
            "those of OWNER/REPO are in OWNER/REPO~data.zip. BackupOptions=--no-data excludes them."
        )
    if unsaved := unsaved_data(facts.manifest):
        yield unsaved


def _errors(facts: Facts) -> tuple[Listing, ...]:
    """The errors that kept the last attempt from completing, as the program reported them."""
    manifest = facts.manifest
    if manifest is None or not facts.run.attempts:
        return ()
    mine = manifest.attempt == facts.run.attempt.number and not manifest.complete
    return listed("Errors of the whole run", manifest.errors if mine else ())


def _rewrites(facts: Facts) -> Iterator[str | Listing]:
    """What was rewritten upstream, and until when the earlier history can be restored."""
    lines = rewrite_lines(facts.manifest)
    if not lines:
        return
    yield from listed("Rewritten or deleted on GitHub since the previous backup", lines)
    until = facts.now + timedelta(days=facts.keep_days)
    safe = f"at least until {until:%Y-%m-%d}"
    yield (
        f"The earlier history can be restored {safe if facts.keep_days else 'from that backup'}: "
        "see docs/rewrites.md. Name branches that are rewritten on purpose in KnownRewrites."
    )


def _cost(facts: Facts) -> Iterator[str]:
    if facts.cost is None or not any(attempt.instance for attempt in facts.run.attempts):
        return
    text = f"Estimated cost: {facts.cost.run:.4f} USD for this run"
    text += "".join(
        f", and {duration_text(time)} of {kind} at your region's on-demand price"
        for kind, time in facts.cost.unpriced
    )
    if facts.manifest and facts.manifest.complete:
        what = "newest archives" + " and large files" * bool(bytes_saved(facts.manifest))
        text += f"; {facts.cost.storage:.2f} USD a month to store the {what}"
    yield text


def _locations(facts: Facts) -> Iterator[str]:
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
        yield f"Restore:  repo-backup restore {name} --source s3://{bucket} --into ."
    if facts.next_run:
        yield f"Next run: {facts.next_run:%A, %Y-%m-%d %H:%M %Z}"


def _restorable(facts: Facts) -> str | None:
    """The first repository with an archive that has no problem."""
    blamed = "\n".join(facts.verdict.problems)
    for entry in facts.manifest.repositories if facts.manifest else ():
        named = entry.archive and (f"{entry.name}:" in blamed or f"{entry.archive.key}:" in blamed)
        if entry.archive and not named and restorable(entry.name):
            return entry.name
    return None
