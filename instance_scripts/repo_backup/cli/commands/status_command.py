"""``status``: can the backups be relied on?"""

import argparse
from datetime import UTC, datetime, timedelta

from backup_contract import exit_codes as exits
from backup_contract.documents.output.commands import (
    SCHEMA,
    StatusDocument,
)
from backup_contract.documents.output.rows import suspicion_rows
from backup_contract.judgement.rewrites import alarm
from repo_backup.cli.commands.list_command import _print_runs
from repo_backup.cli.commands.restore_command import CONNECTIONS
from repo_backup.cli.output import print_document, print_line, working
from repo_backup.health import status as statuses
from repo_backup.store.open import open_store

_MOST_UNLISTED = 20


def status(options: argparse.Namespace) -> int:
    """``repo_backup status``: 0 when the backups can be relied on, else 3."""
    store = open_store(options.store, connections=CONNECTIONS)
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
        _print_runs(found.runs)
        for run in found.runs:
            if run["rewritten"]:
                print_line(f"rewritten branches and tags: {run['rewritten']} in {run['run_id']}")
        if running:
            done = f", {running['done']} of {running['listed']} done" if running["listed"] else ""
            print_line(
                f"under way: {running['run_id']}, attempt {running['attempt']}, "
                f"{running['phase']}{done}"
            )
        for each in found.misplaced:
            print_line(f"misplaced: {each}")
        for each in found.unlisted[:_MOST_UNLISTED]:
            print_line(f"no longer listed: {each}")
        if len(found.unlisted) > _MOST_UNLISTED:
            more = len(found.unlisted) - _MOST_UNLISTED
            print_line(f"no longer listed: {more} more, all in --json")
        if found.judgement.good:
            print_line(f"good: {found.judgement.reason}")
        else:
            print_line(f"NOT GOOD: {found.judgement.reason} (repo_backup report tells more)")
    return exits.GOOD if found.judgement.good else exits.NOT_ALL


def max_age(options: argparse.Namespace) -> timedelta | None:
    """What ``--max-age`` says; None where it was not given."""
    return timedelta(days=options.max_age) if options.max_age else None
