"""``repo-backup evidence``: a list for an auditor."""

import argparse
import sys
from datetime import UTC, datetime

from backup_contract import exit_codes as exits
from backup_contract.documents.output.runs import EvidenceDocument, EvidenceRow
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.moments import iso
from repo_backup.cli.output import print_document, print_line, print_table, working
from repo_backup.cli.source import open_source
from repo_backup.page.evidence import as_csv, rows
from repo_backup.page.run_history import read

_DAY = 10
"""The length of a date in ISO 8601."""
_STATUS = {
    "backed-up": "backed up",
    "unchanged": "backed up",
    "kept": "no longer listed",
}
"""A manifest's states in the words of the page, which repositories have already."""


def evidence(options: argparse.Namespace) -> int:
    """Print the list. Returns 3 if a document could not be read; stderr names it."""
    store = open_source(options)
    with working("listing …") as say:
        run_history = read(store, options.runs, lambda done, of: say(f"run {done} of {of} read"))
    found = rows(run_history)
    if options.json:
        document = EvidenceDocument(
            schema=SCHEMA,
            command="evidence",
            source=options.store,
            as_of=iso(datetime.now(UTC)),
            rows=found,
            unreadable=list(run_history.unreadable),
        )
        print_document(document)
    elif options.csv:
        sys.stdout.write(as_csv(found))
    else:
        titles = ("repository", "kind", "status", "backed up", "verified", "restore drill")
        print_table(titles, [_shown(row) for row in found])
    for each in run_history.unreadable:
        print_line(f"ignored: {each}", sys.stderr)
    return exits.NOT_ALL if run_history.unreadable else exits.GOOD


def _shown(row: EvidenceRow) -> tuple[str, ...]:
    dates = (row["backed_up_at"], row["verified_at"], row["drilled_at"])
    return (
        row["repository"],
        row["kind"],
        _STATUS.get(row["status"], row["status"]),
        *((date or "never")[:_DAY] for date in dates),
    )
