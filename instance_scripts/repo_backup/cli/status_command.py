"""``status``: can the backups be relied on?"""

import argparse
from datetime import UTC, datetime, timedelta

from backup_contract import exit_codes as exits
from backup_contract.documents.command_output import (
    SCHEMA,
    StatusDocument,
)
from repo_backup.cli.list_command import _print_runs
from repo_backup.cli.output import print_document, print_line, working
from repo_backup.cli.restore_command import CONNECTIONS
from repo_backup.health import status as statuses
from repo_backup.store.open import open_store


def status(options: argparse.Namespace) -> int:
    """``repo_backup status``: 0 when the backups can be relied on, else 3."""
    store = open_store(options.store, connections=CONNECTIONS)
    now = datetime.now(UTC)
    with working("reading the runs …"):
        runs = statuses.read_runs(store, options.runs)
        running = statuses.read_running(store, runs, now)
        judged = statuses.read_whole(store, runs)
        misplaced = statuses.read_misplaced(store, judged)
    max_age = timedelta(days=options.max_age)
    found = statuses.judge(judged, running, now, max_age, misplaced)
    document = StatusDocument(
        schema=SCHEMA,
        command="status",
        source=options.store,
        good=found.good,
        reason=found.reason,
        misplaced=misplaced,
        newest_verified=found.newest_verified,
        running=running,
        runs=runs,
    )
    if options.json:
        print_document(document)
    else:
        _print_runs(runs)
        if running:
            print_line(
                f"under way: {running['run_id']}, attempt {running['attempt']}, "
                f"{running['phase']}, {running['done']} of {running['listed']} done"
            )
        for each in misplaced:
            print_line(f"misplaced: {each}")
        print_line(f"{'good' if found.good else 'NOT GOOD'}: {found.reason}")
    return 0 if found.good else exits.NOT_ALL
