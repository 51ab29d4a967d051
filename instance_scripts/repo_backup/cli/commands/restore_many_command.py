"""``restore`` of several repositories: a folder full of mirrors, and a summary."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from backup_contract import exit_codes as exits
from backup_contract.documents.output.commands import (
    SCHEMA,
    RestoredRow,
    RestoreManyDocument,
    UnsavedRow,
)
from backup_contract.kinds import suffix
from backup_contract.text import size
from repo_backup.cli.output import counting, print_document, print_line, print_message, working
from repo_backup.restore.archive_reader import ArchiveRef, open_reader
from repo_backup.restore.catalogue import Vouchers, held, manifests
from repo_backup.restore.fall_back import Restoration
from repo_backup.restore.many import ManyRestore, RestoredArchive, place_of
from repo_backup.restore.points_in_time import cannot_be_restored, run_at
from repo_backup.restore.selected_archives import SelectedRepository, select, without_archive
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import FatalError, RepositoryError, UsageError
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.store.base import Store
from repo_backup.store.open import open_store

_CONNECTIONS_OF_A_JOB = 2


def restore_many(options: argparse.Namespace, kind: str | None) -> int:
    """The repositories that are named, below ``--into``: of all kinds, or of this one.

    0 when all that is in the backup is restored, else 3. Raises FatalError.
    """
    for option, given in (("--version-id", options.version_id), ("--push-to", options.push_to)):
        if given:
            raise UsageError(f"{option}: it goes with one repository")
    stop = Stop()
    store = open_store(options.store, connections=_CONNECTIONS_OF_A_JOB * options.jobs)
    named: set[str] = set()
    with working("reading the manifests …"):
        run_id = run_at(store, options.at) or options.run_id
        selected = select(held(store, run_id, named), options.repositories, kind)
        unsaved = _unsaved(store, run_id, options.repositories, named)
    into = Path(options.into).expanduser().resolve()
    into.mkdir(parents=True, exist_ok=True)
    _check_room(selected, into)
    reader = open_reader(store, stop)
    restoration = Restoration(reader, Vouchers(store, named), exact=run_id is not None)

    def explain(found: ArchiveRef, error: RepositoryError) -> RepositoryError:
        return cannot_be_restored(store, found, run_id, error) if run_id else error

    try:
        with (
            scratch_directory(into) as room,
            counting(len(selected), sum(each.bytes for each in selected)) as done,
        ):
            many = ManyRestore(restoration, into, room, Budget(reader.memory_bytes, stop), explain)
            size_of = {each.name: each.bytes for each in selected}

            def tell(rows: Sequence[RestoredArchive]) -> None:
                done(rows[0].repository, size_of[rows[0].repository])
                if not options.json:
                    _print_rows(rows)

            rows = many.restore(selected, options.jobs, tell)
    finally:
        stop.end()
    if options.json:
        print_document(_document(options, run_id, into, rows, unsaved))
    else:
        _print_summary(rows, unsaved, run_id, into)
    whole = all(each.is_whole for each in rows) and not unsaved
    return exits.GOOD if whole else exits.NOT_ALL


def _unsaved(
    store: Store, run_id: str | None, patterns: Sequence[str], named: set[str]
) -> list[tuple[str, str]]:
    """What the run, or the newest one, listed and has no archive of, with the reason."""
    manifest = next(manifests(store, run_id, named), None)
    return without_archive(manifest.items, patterns) if manifest else []


def _check_room(selected: Sequence[SelectedRepository], into: Path) -> None:
    """Raise FatalError where the disk has no room for what is not there yet."""
    wanted = sum(
        archive.bytes
        for each in selected
        for archive in each.archives
        if not place_of(into, each.name, archive.kind).exists()
    )
    free = shutil.disk_usage(into).free
    if wanted > free:
        raise FatalError(
            f"{into} has room for {size(free)}, and the archives have {size(wanted)}: make room, "
            "or name another folder (--into)"
        )


def _print_rows(rows: Sequence[RestoredArchive]) -> None:
    for row in rows:
        name = f"{row.repository}{suffix(row.kind)}"
        if row.state == "failed":
            print_message(f"NOT RESTORED: {name}: {row.reason}")
            continue
        print_line(f"{'restored' if row.state == 'restored' else 'there already'}: {row.path}")
        for remark in row.remarks:
            print_message(f"{name}: {remark}")


def _print_summary(
    rows: Sequence[RestoredArchive],
    unsaved: Sequence[tuple[str, str]],
    run_id: str | None,
    into: Path,
) -> None:
    """The counts, and once more all that was not restored."""
    repositories = {row.repository for row in rows}
    lacking = {row.repository for row in rows if not row.is_whole}
    there = {row.repository for row in rows} - {
        row.repository for row in rows if row.state != "present"
    }
    as_of = f" as of {run_id}" if run_id else ""
    print_line(
        f"{len(repositories - lacking)} of {len(repositories) + len(unsaved)} repositories are "
        f"restored to {into}{as_of}"
        + (f"; {len(there)} of them were there already" if there else "")
    )
    for row in rows:
        if row.state == "failed":
            print_message(f"not restored: {row.repository}{suffix(row.kind)}: {row.reason}")
        elif row.incomplete:
            print_line(f"incomplete: {row.repository}{suffix(row.kind)}")
    for name, reason in unsaved:
        print_line(f"not in the backup: {name}: {reason}")


def _document(
    options: argparse.Namespace,
    run_id: str | None,
    into: Path,
    rows: Sequence[RestoredArchive],
    unsaved: Sequence[tuple[str, str]],
) -> RestoreManyDocument:
    return RestoreManyDocument(
        schema=SCHEMA,
        command="restore",
        source=options.store,
        into=str(into),
        run_id=run_id,
        restored=sum(each.state == "restored" for each in rows),
        present=sum(each.state == "present" for each in rows),
        failed=sum(each.state == "failed" for each in rows),
        archives=[
            RestoredRow(
                repository=each.repository,
                kind=each.kind,
                key=each.key,
                state=each.state,
                path=str(each.path) if each.path else None,
                incomplete=each.incomplete,
                reason=each.reason or None,
                remarks=list(each.remarks),
            )
            for each in rows
        ],
        unsaved=[UnsavedRow(repository=name, reason=reason) for name, reason in unsaved],
    )
