"""``verify``: read archives back."""

import argparse
import random
import sys
from collections.abc import Sequence

from backup_contract import exit_codes as exits
from backup_contract.documents.output.commands import SCHEMA, CheckedRow, VerifyDocument
from repo_backup.cli.commands.restore_command import CONNECTIONS
from repo_backup.cli.output import print_document, print_line, tracked
from repo_backup.restore.archive_reader import open_reader
from repo_backup.restore.catalogue import Vouchers, held
from repo_backup.restore.points_in_time import run_at
from repo_backup.restore.verification import Checked, Verification, note_damage
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.runtime.signals import immediate_end
from repo_backup.store.open import open_store


@immediate_end()
def verify(options: argparse.Namespace) -> int:
    """``repo_backup verify``: 0 when every archive was read back and is good, else 3."""
    store = open_store(options.store, connections=CONNECTIONS)
    named: set[str] = set()
    run_id = run_at(store, options.at) or options.run_id
    chosen = held(store, run_id, named)
    if not options.all:
        chosen = random.sample(chosen, min(options.sample, len(chosen)))
    rows: list[Checked] = []
    reader, vouchers = open_reader(store, Stop()), Vouchers(store, named)
    with scratch_directory() as directory:
        verification = Verification(reader, vouchers, directory)
        for checked in verification.check(tracked(chosen, [each.key for each in chosen])):
            rows.append(checked)
            if not options.json:
                print_line(_line(checked))
    failure = note_damage(store, rows, newest=run_id is None)
    if failure:
        print_line(
            f"repo_backup: the next backup does not learn of this: {failure}; run it with --full",
            sys.stderr,
        )
    if options.json:
        print_document(_document(options.store, rows))
    else:
        for line in _summary(rows):
            print_line(line)
    return exits.GOOD if all(each.good for each in rows) else exits.NOT_ALL


def _line(checked: Checked) -> str:
    if checked.good:
        return "; ".join((f"good: {checked.key}", *checked.remarks))
    return f"{'BAD: ' if checked.good is False else 'NOT READ:'} {checked.key}: {checked.reason}"


def _summary(rows: Sequence[Checked]) -> list[str]:
    """How many are good, how many were read, and once more all that are not good."""
    good = sum(each.good is True for each in rows)
    read = sum(each.good is not None for each in rows)
    lines = [f"{good} of {len(rows)} archives are good"]
    if read < len(rows):
        lines[0] += f"; {read} of {len(rows)} were read"
    lines += [_line(each) for each in rows if not each.good]
    return lines


def _document(source: str, rows: Sequence[Checked]) -> VerifyDocument:
    return VerifyDocument(
        schema=SCHEMA,
        command="verify",
        source=source,
        checked=sum(each.good is not None for each in rows),
        bad=sum(each.good is False for each in rows),
        unread=sum(each.good is None for each in rows),
        archives=[
            CheckedRow(
                key=each.key,
                good=each.good is True,
                read=each.good is not None,
                reason=each.reason,
                remarks=list(each.remarks),
            )
            for each in rows
        ],
    )
