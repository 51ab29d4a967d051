"""``estimate``: what would this account cost per month?"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

from backup_contract.documents.output.commands import (
    SCHEMA,
    EstimateDocument,
)
from backup_contract.kinds import DATA
from backup_contract.text import size
from backup_contract.visibility import describe
from repo_backup.cli.commands.backup_command import _STALL_SECONDS, _excluded, _selection
from repo_backup.cli.output import print_document, print_line, print_table, working
from repo_backup.health import monthly_cost as estimates
from repo_backup.health.data_requests import DataRequests, data_assumptions, data_requests
from repo_backup.health.monthly_cost import ATTEMPT_MINUTES, Habits
from repo_backup.hosts.base import Remote
from repo_backup.hosts.data import DataHost
from repo_backup.hosts.github.connect import connect, project_data
from repo_backup.run.listing import list_all
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError


def estimate(options: argparse.Namespace) -> int:
    """``repo_backup estimate``."""
    owners = tuple(dict.fromkeys(options.owner))
    stop = Stop()
    with working("listing …") as tell:
        github, http = connect(owners, stop, _STALL_SECONDS, jobs=1)
        listing = list_all(github, owners)
        chosen = _selection(options, has_data=True)
        remotes = [each for each in listing.remotes if chosen.skip_reason(each) is None]
        tell("counting issues …")
        host = None if DATA in _excluded(options) else project_data(http, stop)
        data = data_requests(_counts(host, remotes)) if host else None
    sizes = [remote.size_kib * 1024 for remote in remotes]
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
        hours_first_run=round(float(found.first_run_hours), 2),
        attempts_first_run=found.first_run_attempts,
        data_requests_first=data.first if data else None,
        data_hours_first=round(data.first_hours, 2) if data else None,
        data_requests_week=data.week if data else None,
        data_hours_week=round(data.week_hours, 2) if data else None,
        assumptions=[*estimates.assumptions(habits), *(data_assumptions() if data else ())],
    )
    if options.json:
        print_document(document)
    else:
        print_table(("USD per month", "", ""), _bill(document))
        print_line(_of_first_run(document))
        print_line(_of_data(data, excluded=DATA in _excluded(options)))
        print_line("This rests on:")
        for line in document["assumptions"]:
            print_line(f"  {line}")
        if seen := describe(listing.visibility).sentence:
            print_line(f"  {seen}")
        for error in listing.errors:
            print_line(error, sys.stderr)
    return 1 if listing.errors else 0


def _of_first_run(document: EstimateDocument) -> str:
    hours, attempts = document["hours_first_run"], document["attempts_first_run"]
    many = "attempt" if attempts == 1 else "attempts"
    return (
        f"The first run, once: {document['usd_first_run']:.4f} USD, about {hours:.1f} hours, "
        f"{attempts} {many} of {ATTEMPT_MINUTES // 60} hours at most."
    )


def _counts(host: DataHost, remotes: Sequence[Remote]) -> list[Mapping[str, int]]:
    """How many issues, pull requests and discussions GitHub counts of each; none if unknown."""
    host.announce(remotes)
    counts: list[Mapping[str, int]] = []
    for remote in remotes:
        try:
            counts.append(host.signature(remote).counts)
        except RepositoryError as error:
            print_line(f"{remote.full_name}: its issues are not counted: {error}", sys.stderr)
            counts.append({})
    return counts


def _of_data(data: DataRequests | None, *, excluded: bool) -> str:
    if data is None:
        why = "left out" if excluded else "saved only with a token or a GitHub App"
        return f"Project data is {why}."
    return (
        f"Project data takes {data.first} requests in the first run, about "
        f"{data.first_hours:.1f} hours of GitHub's limits, and {data.week} in a week without "
        f"changes ({data.week_hours:.1f} hours). What a run does not come to, the next one reads."
    )


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
