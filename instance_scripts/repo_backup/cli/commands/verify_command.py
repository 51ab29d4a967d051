"""``verify``: read archives back."""

import argparse
import random
import sys
from collections.abc import Sequence

from backup_contract import exit_codes as exits
from backup_contract.documents.output.archives import CheckedRow, VerifyDocument
from backup_contract.documents.output.schema import SCHEMA
from repo_backup.cli.output import print_document, print_line, tracked
from repo_backup.cli.source import open_source
from repo_backup.restore.archive_reader import open_reader
from repo_backup.restore.catalogue import ArchiveListing, RecordedResults, archive_listings
from repo_backup.restore.points_in_time import run_at
from repo_backup.restore.selected_archives import select
from repo_backup.restore.verification import Checked, Verification, note_damage
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.runtime.signals import immediate_stop

_SAMPLE = 5


@immediate_stop()
def verify(options: argparse.Namespace) -> int:
    """``repo-backup verify``. Returns 0 if every archive was read back and is good, else 3."""
    store = open_source(options)
    named: set[str] = set()
    run_id = run_at(store, options.at) or options.run_id
    chosen = _chosen(options, archive_listings(store, run_id, named))
    rows: list[Checked] = []
    reader, recorded_results = (
        open_reader(store, CancellationToken()),
        RecordedResults(store, named),
    )
    with scratch_directory() as directory:
        verification = Verification(reader, recorded_results, directory, newest=run_id is None)
        for checked in verification.check(tracked(chosen, [each.key for each in chosen])):
            rows.append(checked)
            if not options.json:
                print_line(_line(checked))
    failure = note_damage(store, rows, newest=run_id is None)
    if failure:
        print_line(
            f"repo-backup: the next backup will not know of this: {failure}; run it with --full",
            sys.stderr,
        )
    if options.json:
        print_document(_document(options.store, rows))
    else:
        for line in _summary(rows):
            print_line(line)
    return exits.GOOD if all(each.good for each in rows) else exits.NOT_ALL


def _chosen(
    options: argparse.Namespace, listings: list[ArchiveListing]
) -> Sequence[ArchiveListing]:
    """The archives of the named repositories, all archives, or a sample."""
    if options.repositories:
        if options.all or options.sample:
            options.parser.error("give names, --all or --sample: one of them")
        found = select(listings, options.repositories, None)
        return [archive for each in found for archive in each.archives]
    if options.all:
        return listings
    return random.sample(listings, min(options.sample or _SAMPLE, len(listings)))


def _line(checked: Checked) -> str:
    if checked.good:
        return "; ".join((f"good: {checked.key}", *checked.remarks))
    return f"{'BAD: ' if checked.good is False else 'NOT READ:'} {checked.key}: {checked.reason}"


def _summary(rows: Sequence[Checked]) -> list[str]:
    """The counts, and once more all archives that are not good."""
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
