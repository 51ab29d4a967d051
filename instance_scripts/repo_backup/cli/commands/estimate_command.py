"""``estimate``: what would this account cost per month?"""

import argparse
import sys
from decimal import Decimal

from backup_contract.documents.output.commands import (
    SCHEMA,
    EstimateDocument,
)
from backup_contract.text import size
from backup_contract.visibility import describe
from repo_backup.cli.commands.backup_command import _STALL_SECONDS, _selection
from repo_backup.cli.output import print_document, print_line, print_table, working
from repo_backup.health import monthly_cost as estimates
from repo_backup.health.monthly_cost import Habits
from repo_backup.hosts.github.connect import connect
from repo_backup.run.listing import list_all
from repo_backup.runtime.cancellation import Stop


def estimate(options: argparse.Namespace) -> int:
    """``repo_backup estimate``."""
    owners = tuple(dict.fromkeys(options.owner))
    with working("listing …"):
        github, _ = connect(owners, Stop(), _STALL_SECONDS, jobs=1)
        listing = list_all(github, owners)
    chosen = _selection(options, has_data=True)
    sizes = [
        remote.size_kib * 1024 for remote in listing.remotes if chosen.skip_reason(remote) is None
    ]
    habits = Habits(options.every_days, Decimal(options.changed_percent), options.keep_days)
    found = estimates.estimate(sizes, habits)
    document = EstimateDocument(
        schema=SCHEMA,
        command="estimate",
        owners=list(owners),
        repositories=len(sizes),
        bytes_newest=found.newest_bytes,
        bytes_replaced=found.replaced_bytes,
        usd_storage_newest=_usd(found.storage_newest),
        usd_storage_replaced=_usd(found.storage_replaced),
        usd_runs=_usd(found.runs),
        usd_requests=_usd(found.requests),
        usd_month=_usd(found.month),
        usd_first_run=_usd(found.first_run),
        assumptions=estimates.assumptions(habits),
    )
    if options.json:
        print_document(document)
    else:
        print_table(("USD per month", "", ""), _bill(document))
        print_line(f"The first run, once: {document['usd_first_run']:.4f} USD. This rests on:")
        for line in document["assumptions"]:
            print_line(f"  {line}")
        if seen := describe(listing.visibility).sentence:
            print_line(f"  {seen}")
        for error in listing.errors:
            print_line(error, sys.stderr)
    return 1 if listing.errors else 0


def _bill(document: EstimateDocument) -> list[tuple[str, str, str]]:
    count = document["repositories"]
    newest, replaced = size(document["bytes_newest"]), size(document["bytes_replaced"])
    return [
        (
            f"{document['usd_storage_newest']:.4f}",
            "newest archives",
            f"{count} repositories, {newest}",
        ),
        (
            f"{document['usd_storage_replaced']:.4f}",
            "overlays and replaced archives",
            f"{replaced} in time",
        ),
        (f"{document['usd_runs']:.4f}", "runs", "instance, disk, address"),
        (f"{document['usd_requests']:.4f}", "requests", ""),
        (f"{document['usd_month']:.4f}", "together", ""),
    ]


def _usd(amount: Decimal) -> float:
    return float(round(amount, 6))
