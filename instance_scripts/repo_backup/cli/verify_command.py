"""``verify``: read archives back."""

import argparse
import random
import tempfile
from pathlib import Path

from backup_contract import exit_codes as exits
from backup_contract.documents.command_output import (
    SCHEMA,
    CheckedRow,
    VerifyDocument,
)
from repo_backup.cli.output import print_document, print_line, tracked
from repo_backup.cli.restore_command import CONNECTIONS, UNNAMED, instead
from repo_backup.restore.archive_reader import OtherArchiveError, open_reader
from repo_backup.restore.catalogue import Vouchers, held
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.runtime.signals import immediate_end
from repo_backup.store.open import open_store


@immediate_end()
def verify(options: argparse.Namespace) -> int:
    """``repo_backup verify``: 0 when every archive that was read back is good, else 3."""
    store = open_store(options.store, connections=CONNECTIONS)
    named: set[str] = set()
    chosen = held(store, options.run_id, named)
    if not options.all:
        chosen = random.sample(chosen, min(options.sample, len(chosen)))
    rows: list[CheckedRow] = []
    reader, vouchers = open_reader(store, Stop()), Vouchers(store, named)
    with scratch_directory() as directory:
        for archive in tracked(chosen, [each.key for each in chosen]):
            reason = None
            remarks: tuple[str, ...] = ()
            try:
                with tempfile.TemporaryDirectory(dir=directory) as room:
                    remarks = reader.fetch_mirror(archive.found, Path(room)).remarks
            except OtherArchiveError as error:
                other = vouchers.of(archive.key, error.sha256)
                reason = instead(error, other) if other else str(error)
            except RepositoryError as error:
                reason = str(error)
            if archive.part is None:
                remarks = (*remarks, UNNAMED)
            rows.append(
                CheckedRow(
                    key=archive.key, good=reason is None, reason=reason, remarks=list(remarks)
                )
            )
            if not options.json:
                good = "; ".join((f"good: {archive.key}", *remarks))
                print_line(f"BAD:  {archive.key}: {reason}" if reason else good)
    bad = sum(not row["good"] for row in rows)
    if options.json:
        document = VerifyDocument(
            schema=SCHEMA,
            command="verify",
            source=options.store,
            checked=len(rows),
            bad=bad,
            archives=rows,
        )
        print_document(document)
    else:
        print_line(f"{len(rows) - bad} of {len(rows)} archives are good")
    return exits.NOT_ALL if bad else 0
