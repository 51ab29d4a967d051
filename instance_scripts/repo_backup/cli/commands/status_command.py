"""``status``: shows whether the backups can be relied on."""

import argparse
from datetime import UTC, datetime, timedelta

from backup_contract import exit_codes as exits
from backup_contract.documents.output.rows import suspicion_rows
from backup_contract.documents.output.runs import StatusDocument
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.judgement.rewrites import alarm
from repo_backup.cli.output import print_document, print_line, working
from repo_backup.cli.run_table import print_runs
from repo_backup.cli.source import open_source
from repo_backup.health import status as statuses
from repo_backup.health.large_files import lines

_MOST_NAMED = 20


def status(options: argparse.Namespace) -> int:
    """``repo-backup status``: 0 when the backups can be relied on, else 3."""
    store = open_source(options)
    now = datetime.now(UTC)
    with working("reading the runs …"):
        found = statuses.assess(store, options.runs, now, max_age(options))
    running = found.running
    document = StatusDocument(
        schema=SCHEMA,
        command="status",
        source=options.store,
        good=found.judgement.good,
        level=found.judgement.level,
        headline=found.judgement.headline,
        reason=found.judgement.reason,
        misplaced=found.misplaced,
        failed=found.failed,
        unlisted=found.unlisted,
        suspicions=suspicion_rows(found.suspicions),
        newest_verified=found.newest_verified,
        running=running,
        runs=found.runs,
    )
    if options.json:
        print_document(document)
    else:
        if text := alarm(found.suspicions, options.store):
            print_line(text)
        if found.runs:
            print_runs(found.runs)
        for run in found.runs:
            if run["rewritten"]:
                print_line(f"rewritten branches and tags: {run['rewritten']} in {run['run_id']}")
        newest = next((run for run in found.runs if run["complete"]), None)
        for line in lines(newest["large_files"]) if newest else ():
            print_line(f"large files: {line}")
        if running:
            done = f", {running['done']} of {running['listed']} done" if running["listed"] else ""
            print_line(
                f"under way: {running['run_id']}, attempt {running['attempt']}, "
                f"{running['phase']}{done}"
            )
        for each in found.misplaced:
            print_line(f"misplaced: {each}")
        for each in found.failed[:_MOST_NAMED]:
            print_line(f"failed: {each}")
        if (more := len(found.failed) - _MOST_NAMED) > 0:
            print_line(f"failed: {more} more, all in --json")
        for each in found.unlisted[:_MOST_NAMED]:
            print_line(f"no longer listed: {each}")
        if (more := len(found.unlisted) - _MOST_NAMED) > 0:
            print_line(f"no longer listed: {more} more, all in --json")
        if found.judgement.good:
            print_line(f"good: {found.judgement.reason}")
        else:
            hint = "repo-backup report shows more" if found.runs else "check --source"
            print_line(f"NOT GOOD: {found.judgement.reason} ({hint})")
    return exits.GOOD if found.judgement.good else exits.NOT_ALL


def max_age(options: argparse.Namespace) -> timedelta | None:
    """The value of ``--max-age``; None if it was not given."""
    return timedelta(days=options.max_age) if options.max_age else None
