"""``repo-backup backup``: builds the parts that a run needs and runs them."""

import argparse
import shutil
import sys
from datetime import UTC, datetime
from functools import cache, partial

from backup_contract.documents.manifest import Manifest
from backup_contract.documents.output.backup import BackupDocument, DryRunDocument
from backup_contract.documents.output.rows import visibility_rows
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.documents.suspicion import frozen
from backup_contract.evidence import is_prefix
from backup_contract.kinds import ACCOUNT, DATA, GIST
from backup_contract.moments import run_id_of
from backup_contract.options.choices import excluded_kinds
from backup_contract.visibility import describe
from backup_contract.visibility import read as read_visibility
from repo_backup.aws import spot_notice as interruption
from repo_backup.cli.display import open_display, print_summary
from repo_backup.cli.output import print_document, print_line, print_table
from repo_backup.hosts.github.connect import connect, project_data
from repo_backup.kinds.base import AssetChoice, AttachmentChoice, LfsChoice, Resources
from repo_backup.restore import drill
from repo_backup.restore.archive_reader import SHARE, open_reader
from repo_backup.run.checkpoints import RunRecorder
from repo_backup.run.dry_run import account_lines, preview, summary, table
from repo_backup.run.lease import Lease
from repo_backup.run.lease_state import LEASE
from repo_backup.run.listing import Listing, list_all
from repo_backup.run.lost_runs import check_lost_runs
from repo_backup.run.previous_runs import History
from repo_backup.run.runner import Backup, Plan
from repo_backup.run.selection import Selection
from repo_backup.run.unlisted import MOST_QUESTIONS, MOST_QUESTIONS_WITHOUT_TOKEN, confirmed
from repo_backup.runtime.budgets import Allowance, ResourceBudget, available_memory_bytes
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import InterruptedRunError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.runtime.signals import graceful_stop
from repo_backup.store.objects import ObjectStore
from repo_backup.store.open import S3, open_store
from repo_backup.store.written.suspicions import open_suspicions

_DATA_LEFT_OUT = (
    "issues, pull requests and other project data are saved only with a token: without one GitHub "
    "allows 60 requests an hour"
)
_STALL_SECONDS = 60


def backup(options: argparse.Namespace) -> int:
    """``repo-backup backup``."""
    stop = CancellationToken()
    started_at = datetime.now(UTC)
    run_id, owners = options.run_id or run_id_of(started_at), tuple(dict.fromkeys(options.owner))
    if options.evidence and not is_prefix(options.evidence, run_id):
        options.parser.error(f"--evidence is not of run {run_id}")
    github, http = connect(owners, stop, options.stall_timeout, options.jobs)
    data = project_data(http, stop, options.api_share)
    plan = Plan(
        run_id=run_id,
        attempt=options.attempt,
        owners=owners,
        jobs=options.jobs,
        selection=_selection(options, has_data=data is not None),
        allow_shrink=options.allow_shrink,
        notices=() if data or DATA in excluded_kinds(options) else (_DATA_LEFT_OUT,),
    )
    # GitHub's listing is fetched while the store is opened and its history is read.
    with_gists = GIST not in plan.selection.excluded_kinds
    listing = stop.begin(
        lambda: list_all(github, plan.owners, with_gists=with_gists, with_starred=options.starred),
        "listing",
    )
    store = open_store(options.store, connections=2 * options.jobs)
    manifest = Manifest(plan.run_id, plan.attempt, list(plan.owners), started_at)
    manifest.only = list(plan.selection.only)
    with (
        scratch_directory() as directory,
        open_display(plan.run_id, received=lambda: http.bytes_received) as display,
    ):
        retry_policy, suspicions = RetryPolicy(stop), cache(partial(open_suspicions, store))
        objects = ObjectStore(store, retry_policy)
        recorder = RunRecorder(
            store,
            manifest,
            display,
            retry_policy,
            attempt=options.evidence or "",
            objects_put=lambda: objects.put_so_far,
        )
        resources = Resources(
            http,
            store,
            retry_policy,
            stop,
            directory,
            plan.run_id,
            disk=ResourceBudget(int(shutil.disk_usage(directory).free * SHARE), stop),
            memory=ResourceBudget(int(available_memory_bytes() * SHARE), stop),
            lists=ResourceBudget(int(available_memory_bytes() * (1 - SHARE)), stop),
            full=options.full,
            known_rewrites=tuple(options.known_rewrites),
            keep_pins_days=options.keep_pins_days,
            with_actors=github.with_actors,
            replaced_since=github.replaced_since,
            is_frozen=lambda key: frozen(suspicions(), key),
            data=data,
            accounts=data.accounts if data else None,
            objects=objects,
            lfs=LfsChoice(options.lfs, Allowance(_bytes(options.max_lfs))),
            assets=AssetChoice(not options.no_assets, Allowance(_bytes(options.max_assets))),
            attachments=AttachmentChoice(not options.no_attachments),
        )
        if options.dry_run:
            earlier = History.load(store, plan.run_id, plan.owners)
            planned = preview(plan, listing(), earlier, resources)
            return _dry_run(planned, json=options.json)
        continues = options.run_id is not None
        lease = Lease(store, plan.run_id, plan.attempt, stop, continues=continues)
        lease.check_free()
        launched = bool(options.evidence)
        history = stop.begin(
            lambda: History.load(store, plan.run_id, plan.owners, launched=launched), "history"
        )
        if options.full and not options.force:
            check_lost_runs(store, history(), plan.run_id)
        most = MOST_QUESTIONS if http.has_token else MOST_QUESTIONS_WITHOUT_TOKEN

        def ask_for_unlisted() -> Listing:
            shrink = plan.allow_shrink
            ask, owners = github.repository, plan.owners
            return confirmed(listing(), history(), ask, owners, allow_shrink=shrink, most=most)

        whole = stop.begin(ask_for_unlisted, "unlisted")

        def drilled(manifest: Manifest, history: History) -> None:
            if not options.no_drill:
                reader = open_reader(store, stop)
                drill.drill(manifest, reader, directory, stop, display.drilling)

        if options.store.startswith(S3):
            interruption.watch(stop)
        run = Backup(plan, whole, history, resources, store, recorder, stop, drilled)
        with graceful_stop(stop), lease.hold():
            store.tidy(LEASE)
            try:
                code = run.run()
            except BaseException as error:
                if not lease.lost:
                    stop.cleanup(lambda: recorder.checkpoint(_last_phase(stop)), "checkpoint")
                if isinstance(error, InterruptedRunError):
                    message = f"{error}; continue with --run-id {plan.run_id}"
                    raise InterruptedRunError(message) from error
                raise
    if options.json:
        print_document(_document(manifest, code))
    else:
        print_summary(manifest)
    return code


def _bytes(kib: int | None) -> int | None:
    return None if kib is None else kib * 1024


def _document(manifest: Manifest, code: int) -> BackupDocument:
    failed = {item.name: item.reason for item in manifest.in_state("failed") if item.asked}
    return BackupDocument(
        schema=SCHEMA,
        command="backup",
        run_id=manifest.run_id,
        exit_code=code,
        totals=manifest.totals,
        visibility=visibility_rows(manifest.visibility),
        failed=failed,
    )


def _last_phase(stop: CancellationToken) -> str:
    """The last phase of the progress, from which the next attempt learns why there is no marker."""
    if not stop.requested:
        return "failed"
    return "reclaimed" if stop.reason == interruption.NOTICE else "interrupted"


def _selection(options: argparse.Namespace, *, has_data: bool) -> Selection:
    return Selection(
        tuple(options.only),
        tuple(options.include),
        tuple(options.exclude),
        forks=not options.no_forks,
        archived=not options.no_archived,
        excluded_kinds=excluded_kinds(options),
        max_size_kib=options.max_size,
        unavailable_kinds=() if has_data else (DATA, ACCOUNT),
    )


def _dry_run(document: DryRunDocument, *, json: bool) -> int:
    if json:
        print_document(document)
    else:
        heading, *rows = table(document)
        print_table(heading, rows)
        for line in account_lines(document):
            print_line(line)
        print_line(summary(document))
        if seen := describe(read_visibility(document["visibility"])).sentence:
            print_line(seen)
        for error in document["errors"]:
            print_line(error, sys.stderr)
    return 1 if document["errors"] else 0
