"""``repo_backup evidence``: a list for an auditor."""

import argparse
import sys
from datetime import UTC, datetime

from backup_contract import exit_codes as exits
from backup_contract.documents.output.commands import SCHEMA, EvidenceDocument, EvidenceRow
from backup_contract.moments import iso
from repo_backup.cli.output import print_document, print_line, print_table, working
from repo_backup.page.evidence import as_csv, rows
from repo_backup.page.run_history import read
from repo_backup.store.open import open_store

_CONNECTIONS = 4
_DAY = 10
"""Characters of a date in ISO 8601."""


def evidence(options: argparse.Namespace) -> int:
    """Print the list; 3 where a document could not be read, which stderr names."""
    store = open_store(options.store, connections=_CONNECTIONS)
    with working("listing …") as say:
        chronicle = read(store, options.runs, lambda done, of: say(f"run {done} of {of} read"))
    found = rows(chronicle)
    if options.json:
        document = EvidenceDocument(
            schema=SCHEMA,
            command="evidence",
            source=options.store,
            as_of=iso(datetime.now(UTC)),
            rows=found,
            unreadable=list(chronicle.unreadable),
        )
        print_document(document)
    elif options.csv:
        sys.stdout.write(as_csv(found))
    else:
        titles = ("repository", "kind", "status", "backed up", "verified", "restore drill")
        print_table(titles, [_shown(row) for row in found])
    for each in chronicle.unreadable:
        print_line(f"left out: {each}", sys.stderr)
    return exits.NOT_ALL if chronicle.unreadable else exits.GOOD


def _shown(row: EvidenceRow) -> tuple[str, ...]:
    dates = (row["backed_up_at"], row["verified_at"], row["drilled_at"])
    return (
        row["repository"],
        row["kind"],
        row["status"],
        *((date or "never")[:_DAY] for date in dates),
    )
