"""What each command does: builds the parts that it needs and runs them."""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from repo_backup import drill, interruption
from repo_backup import restore as restoring
from repo_backup.backup import Backup, Listing, Plan, list_all
from repo_backup.capacity import Budget, available_memory_bytes
from repo_backup.display import open_display, print_summary, size
from repo_backup.errors import BackupError, InterruptedRunError, RepositoryError, UsageError
from repo_backup.fetching import Fetcher
from repo_backup.github import GitHub
from repo_backup.history import History
from repo_backup.http import Http
from repo_backup.journal import Journal
from repo_backup.lease import Lease
from repo_backup.manifest import Manifest
from repo_backup.retry import Limiter, Patience
from repo_backup.s3 import open_bucket, read_parameter
from repo_backup.selection import Selection
from repo_backup.stop import Stop
from repo_backup.store import DirectoryStore, Store

DEFAULT_API_URL = "https://api.github.com"
_S3 = "s3://"
_LISTING_CONNECTIONS = 4
_WIDE = 400
_SHARE = 0.8
"""Of the free disk and memory; the rest is for everybody else."""


def backup(options: argparse.Namespace) -> int:
    """``repo_backup backup``."""
    token = _token()
    if not options.owner and not token:
        raise UsageError("name an --owner, or give GITHUB_TOKEN to back up all that it can see")
    stop = Stop()
    started_at = datetime.now(UTC)
    plan = Plan(
        run_id=options.run_id or f"{started_at:%Y-%m-%dT%H-%M-%SZ}",
        attempt=options.attempt,
        owners=tuple(dict.fromkeys(options.owner)),
        jobs=options.jobs,
        selection=Selection(
            tuple(options.only),
            tuple(options.exclude),
            forks=not options.no_forks,
            archived=not options.no_archived,
            wikis=not options.no_wikis,
            max_size_kib=options.max_size,
        ),
        allow_shrink=options.allow_shrink,
    )
    http = Http(
        token,
        Limiter(stop),
        stall_seconds=options.stall_timeout,
        connections=options.jobs + _LISTING_CONNECTIONS,
    )
    api_url = os.environ.get("GITHUB_API_URL") or DEFAULT_API_URL
    github = GitHub(http, api_url, Patience(stop), has_token=token is not None)
    if options.dry_run:
        return _dry_run(plan, list_all(github, plan.owners))
    # What GitHub lists comes in while the store is opened and asked for its history.
    listing = stop.begin(lambda: list_all(github, plan.owners), "listing")
    store = _store(options.store, connections=2 * options.jobs)
    manifest = Manifest(plan.run_id, plan.attempt, list(plan.owners), started_at)
    with _temporary_directory() as directory, open_display() as display:
        journal = Journal(store, manifest, display)
        fetcher = Fetcher(
            http,
            store,
            Patience(stop),
            stop,
            directory,
            plan.run_id,
            disk=Budget(int(shutil.disk_usage(directory).free * _SHARE), stop),
            memory=Budget(int(available_memory_bytes() * _SHARE), stop),
            full=options.full,
        )
        continues = options.run_id is not None
        lease = Lease(store, plan.run_id, plan.attempt, stop, continues=continues)

        def drilled(manifest: Manifest, history: History) -> None:
            if not options.no_drill:
                drill.drill(manifest, store, directory, stop)

        if options.store.startswith(_S3):
            interruption.watch(stop)
        run = Backup(plan, listing, fetcher, store, journal, stop, drilled)
        with _signals(stop), lease.held():
            try:
                code = run.run()
            except BaseException as error:
                if not lease.lost:
                    with contextlib.suppress(BackupError):
                        journal.checkpoint(_last_phase(stop))
                if isinstance(error, InterruptedRunError):
                    said = f"{error}; continue with --run-id {plan.run_id}"
                    raise InterruptedRunError(said) from error
                raise
    print_summary(manifest, Console(file=sys.stdout))
    return code


def _last_phase(stop: Stop) -> str:
    """How the progress ends for whoever continues this run: it tells why there is no marker."""
    if not stop.requested:
        return "failed"
    return "reclaimed" if stop.reason == interruption.NOTICE else "interrupted"


def restore(options: argparse.Namespace) -> int:
    """``repo_backup restore``."""
    store = _store(options.store, connections=4)
    found = restoring.find(store, options.repository, wiki=options.wiki, run_id=options.run_id)
    if options.into:
        mirror = restoring.fetch_mirror(store, found, Path(options.into))
        print(f"{found.key} restored and checked: git clone {mirror}")
        return 0
    with _temporary_directory() as directory:
        mirror = restoring.fetch_mirror(store, found, directory)
        restoring.push(mirror, options.push_to, _token())
    print(f"{found.key} restored and pushed")
    return 0


def list_archives(options: argparse.Namespace) -> int:
    """``repo_backup list``."""
    store = _store(options.store, connections=4)
    table = Table(box=None, pad_edge=False)
    if options.runs:
        for heading in ("run", "complete", "listed", "backed up", "unchanged", "failed"):
            table.add_column(heading)
        for manifest in restoring.manifests(store):
            totals = manifest.totals
            counts = (totals[n] for n in ("listed", "backed-up", "unchanged", "failed"))
            complete = "yes" if manifest.complete else "no"
            table.add_row(manifest.run_id, complete, *map(str, counts))
    elif options.versions:
        for heading in ("version", "modified", "size", ""):
            table.add_column(heading)
        key = restoring.key_of(options.versions)
        for version in store.versions(key):
            latest = "latest" if version.latest else ""
            table.add_row(version.id or "-", version.modified_at, size(version.bytes), latest)
    else:
        for heading in ("archive", "size", "state", "uploaded by run"):
            table.add_column(heading, overflow="fold")
        for _, part, archive in restoring.entries_with_archives(store, options.run_id):
            table.add_row(archive.key, size(archive.bytes), part.state, archive.run_id)
    # Not on a terminal nothing is folded: what is listed is there to be copied.
    Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE).print(table)
    return 0


def verify(options: argparse.Namespace) -> int:
    """``repo_backup verify``."""
    store = _store(options.store, connections=4)
    named = restoring.entries_with_archives(store, options.run_id)
    if not options.all:
        named = random.sample(named, min(options.sample, len(named)))
    bad = 0
    with _temporary_directory() as directory:
        for entry, part, archive in named:
            found = restoring.Found(entry.full_name, archive.key, archive.version_id, part)
            try:
                with tempfile.TemporaryDirectory(dir=directory) as room:
                    restoring.fetch_mirror(store, found, Path(room))
                print(f"good: {archive.key}")
            except RepositoryError as error:
                bad += 1
                print(f"BAD:  {archive.key}: {error}")
    print(f"{len(named) - bad} of {len(named)} archives are good")
    return 3 if bad else 0


def _dry_run(plan: Plan, listing: Listing) -> int:
    table = Table(box=None, pad_edge=False)
    for heading in ("repository", "size", "wiki", "would be"):
        table.add_column(heading)
    chosen = 0
    for remote in listing.remotes:
        reason = plan.selection.skip_reason(remote)
        chosen += 0 if reason else remote.size_kib * 1024
        wiki = "yes" if remote.has_wiki and plan.selection.wikis else ""
        said = f"left out: {reason}" if reason else "backed up if it changed"
        table.add_row(remote.full_name, size(remote.size_kib * 1024), wiki, said)
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(f"{len(listing.remotes)} repositories, about {size(chosen)} at most")
    for error in listing.errors:
        console.print(error, style="red", markup=False)
    return 1 if listing.errors else 0


def _token() -> str | None:
    """The token from the environment, or from the parameter store; never written anywhere."""
    token = os.environ.pop("GITHUB_TOKEN", "").strip()
    parameter = os.environ.get("GITHUB_TOKEN_PARAMETER", "")
    if not token and parameter:
        token = read_parameter(parameter).strip()
    return token or None


def _store(location: str, *, connections: int) -> Store:
    if location.startswith(_S3):
        return open_bucket(location.removeprefix(_S3), connections=connections)
    return DirectoryStore(Path(location).expanduser().resolve())


@contextlib.contextmanager
def _temporary_directory() -> Iterator[Path]:
    """Below ``TMPDIR``; what an interrupted thread is still writing does not matter."""
    with tempfile.TemporaryDirectory(prefix="repo_backup.", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Within the block a signal asks for an orderly end, and a second one for an immediate end."""

    def request(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise InterruptedRunError("told twice")
        stop.request(signal.Signals(number).name)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, request) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
