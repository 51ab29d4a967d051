"""``estimate``: estimates what an account would cost per month."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

from backup_contract.documents.output.backup import EstimateDocument
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.kinds import ACCOUNT, DATA, GIST, KINDS, LFS
from backup_contract.options.choices import excluded_kinds
from backup_contract.text import size
from backup_contract.visibility import describe
from repo_backup.cli.commands.backup_command import _STALL_SECONDS, _selection
from repo_backup.cli.output import print_document, print_line, print_table, working
from repo_backup.health import monthly_cost as estimates
from repo_backup.health.asset_estimate import LFS_UNKNOWN, estimate_assets
from repo_backup.health.data_requests import DataRequests, data_assumptions, data_requests
from repo_backup.health.machine_size import (
    VOLUME_GIB,
    MachineSize,
    machine_assumptions,
    machine_size,
)
from repo_backup.health.monthly_cost import ATTEMPT_MINUTES, Habits
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import DataHost
from repo_backup.hosts.github.connect import connect, project_data
from repo_backup.run.listing import list_all
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError


def estimate(options: argparse.Namespace) -> int:
    """``repo-backup estimate``."""
    owners = tuple(dict.fromkeys(options.owner))
    stop = CancellationToken()
    with working("listing …") as tell:
        github, http = connect(owners, stop, _STALL_SECONDS, jobs=1)
        chosen = _selection(options, has_data=True)
        with_gists = GIST not in chosen.excluded_kinds
        listing = list_all(github, owners, with_gists=with_gists, with_starred=options.starred)
        remotes = [each for each in listing.remotes if chosen.skip_reason(each) is None]
        tell("counting issues …")
        host = None if DATA in excluded_kinds(options) else project_data(http, stop)
        accounts = 0 if ACCOUNT in excluded_kinds(options) else len(listing.accounts(owners))
        counts = _counts(host, remotes) if host else []
        data = data_requests(counts, accounts) if host else None
        assets = None
        if host and not options.no_assets:
            tell("counting release assets …")
            assets = estimate_assets(host, remotes, counts, options.max_assets * 1024)
    listed = (gist for each in listing.gists.values() for gist in each.found)
    gists = [each for each in listed if chosen.skip_reason(each) is None]
    sizes = [remote.size_kib * 1024 for remote in (*remotes, *gists)]
    largest = max(remotes, key=lambda each: each.size_kib, default=None)
    machine = machine_size(largest.size_kib * 1024 if largest else 0)
    habits = Habits(options.every_days, Decimal(options.changed_percent), options.keep_days)
    found = estimates.estimate(sizes, habits)
    document = EstimateDocument(
        schema=SCHEMA,
        command="estimate",
        owners=list(owners),
        repositories=len(remotes),
        gists=len(gists),
        bytes_newest=found.newest_bytes,
        bytes_replaced=found.replaced_bytes,
        usd_storage_newest=_usd(found.storage_newest),
        usd_storage_replaced=_usd(found.storage_replaced),
        usd_storage_assets=_usd(assets.storage) if assets else None,
        usd_runs=_usd(found.runs),
        usd_requests=_usd(found.requests),
        usd_month=_usd(found.month + (assets.storage if assets else 0)),
        usd_first_run=_usd(found.first_run),
        hours_first_run=round(float(found.first_run_hours), 2),
        attempts_first_run=found.first_run_attempts,
        bytes_largest=largest.size_kib * 1024 if largest else 0,
        disk_gib_first_run=machine.disk_gib,
        memory_gib_first_run=machine.memory_gib,
        instance_types_first_run=[*machine.instance_types],
        assets=assets.count if assets else None,
        bytes_assets=assets.bytes if assets else None,
        assets_uncounted=assets.uncounted if assets else None,
        data_requests_first=data.first if data else None,
        data_hours_first=round(data.first_hours, 2) if data else None,
        data_requests_week=data.week if data else None,
        data_hours_week=round(data.week_hours, 2) if data else None,
        assumptions=[
            *estimates.assumptions(habits),
            *machine_assumptions(),
            *(data_assumptions() if data else ()),
        ],
    )
    if options.json:
        print_document(document)
    else:
        print_table(("USD per month", "", ""), _bill(document))
        print_line(_of_first_run(document))
        for line in machine_lines(machine, largest):
            print_line(line)
        print_line(_of_data(data, excluded=DATA in excluded_kinds(options)))
        if assets and assets.sentence:
            print_line(assets.sentence)
        if LFS not in excluded_kinds(options):
            print_line(LFS_UNKNOWN)
        print_line("Assumptions:")
        for line in document["assumptions"]:
            print_line(f"  {line}")
        if seen := describe(listing.visibility).sentence:
            print_line(f"  {seen}")
        for error in (*listing.errors, *(assets.errors if assets else ())):
            print_line(error, sys.stderr)
    return 1 if listing.errors else 0


def _of_first_run(document: EstimateDocument) -> str:
    hours, attempts = document["hours_first_run"], document["attempts_first_run"]
    many = "attempt" if attempts == 1 else "attempts"
    return (
        f"The first run, once: {document['usd_first_run']:.4f} USD, about {_duration(hours)}, "
        f"{attempts} {many} of {ATTEMPT_MINUTES // 60} hours at most."
    )


def _duration(hours: float) -> str:
    """Hours, or minutes of less than an hour; a minute at least."""
    minutes = max(1, round(hours * 60))
    if minutes >= 60:
        return f"{hours:.1f} hours"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def machine_lines(machine: MachineSize, largest: RemoteRepository | None) -> list[str]:
    """The size of the instance for a first run, and the parameters that must be larger."""
    if largest is None:
        return []
    lines = [
        f"It needs {machine.disk_gib} GiB of disk and {machine.memory_gib} GiB of memory for the "
        f"largest repository, {largest.full_name} ({size(largest.size_kib * 1024)})."
    ]
    if not machine.default_disk_is_enough:
        lines.append(
            f"VolumeSizeGiB: the default, {VOLUME_GIB}, is too small. Deploy with "
            f"VolumeSizeGiB={machine.disk_gib}."
        )
    if not machine.instance_types:
        lines.append(f"InstanceTypes: choose one with {machine.memory_gib} GiB of memory or more.")
    elif not machine.default_types_are_enough:
        types = ",".join(machine.instance_types)
        lines.append(
            f"InstanceTypes: some of the default ones are too small. Deploy with "
            f"InstanceTypes={types}."
        )
    return lines


def _counts(host: DataHost, remotes: Sequence[RemoteRepository]) -> list[Mapping[str, int]]:
    """GitHub's counts of issues, pull requests and discussions of each; empty if unknown."""
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
        why = "excluded" if excluded else "saved only with a token or a GitHub App"
        return f"Project data is {why}."
    return (
        f"Project data takes {data.first} requests in the first run, about "
        f"{_duration(data.first_hours)} of GitHub's limits, and {data.week} in a week without "
        f"changes ({_duration(data.week_hours)}). The next run reads what is left."
    )


def _bill(document: EstimateDocument) -> list[tuple[str, str, str]]:
    gists = document["gists"]
    count = f"{document['repositories']} repositories"
    count += f", {KINDS[GIST].counted(gists)}" if gists else ""
    newest, replaced = size(document["bytes_newest"]), size(document["bytes_replaced"])
    return [
        (
            f"{document['usd_storage_newest']:.4f}",
            "newest archives",
            f"{count}, {newest}",
        ),
        (
            f"{document['usd_storage_replaced']:.4f}",
            "overlays and replaced archives",
            f"{replaced} after --keep-days",
        ),
        *_of_assets(document),
        (f"{document['usd_runs']:.4f}", "runs", "instance, disk, address"),
        (f"{document['usd_requests']:.4f}", "requests", ""),
        (f"{document['usd_month']:.4f}", "total", ""),
    ]


def _of_assets(document: EstimateDocument) -> list[tuple[str, str, str]]:
    """The bill's line about release assets, if there are any."""
    count, total = document["assets"], document["bytes_assets"]
    if not count or total is None:
        return []
    return [(f"{document['usd_storage_assets']:.4f}", "release assets", f"{count}, {size(total)}")]


def _usd(amount: Decimal) -> float:
    return float(round(amount, 6))
