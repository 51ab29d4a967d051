"""``acknowledge``: confirms that rewritten history is not an attack."""

import argparse
from datetime import UTC, datetime

from backup_contract import evidence
from backup_contract import exit_codes as exits
from backup_contract import object_keys as layout
from backup_contract.documents.output.rows import suspicion_rows
from backup_contract.documents.output.runs import AcknowledgeDocument
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.documents.suspicion import acknowledgement
from repo_backup.cli.output import print_document, print_line
from repo_backup.cli.source import open_source
from repo_backup.runtime.errors import UsageError
from repo_backup.store.written.suspicions import open_suspicions


def acknowledge(options: argparse.Namespace) -> int:
    """``repo-backup acknowledge``. Raises UsageError if the run does not exist."""
    store = open_source(options)
    run_id: str = options.run_id
    if run_id not in evidence.runs(store.objects(layout.RUNS)):
        raise UsageError(
            f"there is no run {run_id}; status names the runs with suspicious findings"
        )
    store.write(layout.acknowledgement(run_id), acknowledgement(run_id, datetime.now(UTC)))
    left = open_suspicions(store)
    if options.json:
        document = AcknowledgeDocument(
            schema=SCHEMA,
            command="acknowledge",
            source=options.store,
            run_id=run_id,
            suspicions=suspicion_rows(left),
        )
        print_document(document)
        return exits.GOOD
    print_line(f"acknowledged: findings of {run_id} and earlier runs")
    for each in left:
        print_line(f"still open: {each.run_id}: {'; '.join(each.reasons)}")
    return exits.GOOD
