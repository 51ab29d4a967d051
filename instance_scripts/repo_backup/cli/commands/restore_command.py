"""``restore``: restores an archive to a mirror, or pushes it to a host."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from backup_contract import exit_codes as exits
from backup_contract.documents.output.restore import RestoreDocument
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.kinds import GIST, GIT, LFS, WIKI
from repo_backup.cli.commands.restore_many_command import restore_many
from repo_backup.cli.options.restore import check_names, names_one
from repo_backup.cli.output import print_document, print_line, print_message, working
from repo_backup.cli.source import open_source
from repo_backup.git.fsck_messages import MALFORMED, REFUSED_ELSEWHERE
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target, push_address
from repo_backup.hosts.github.connect import api_address, github_token
from repo_backup.kinds.registry import kind_named
from repo_backup.restore.archive_reader import ArchiveRef, Restored, open_reader
from repo_backup.restore.beside import Beside, restore_beside
from repo_backup.restore.catalogue import RecordedResults, find
from repo_backup.restore.fall_back import Restoration
from repo_backup.restore.gist_details import write_gist_details
from repo_backup.restore.large_files import with_binaries
from repo_backup.restore.many import check_mirror, place_of
from repo_backup.restore.points_in_time import run_at, unrestorable_error
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError, UsageError
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.runtime.signals import immediate_stop


@immediate_stop()
def restore(options: argparse.Namespace) -> int:
    """``repo-backup restore``."""
    if options.force and not options.push_to:
        raise UsageError("--force: it goes with --push-to")
    if options.yes and not options.push_to_owner:
        raise UsageError("--yes: it goes with --push-to-owner")
    check_names(options)
    if not names_one(options):
        return restore_many(options, None if options.kind == GIT else options.kind)
    (repository,) = options.repositories
    store = open_source(options)
    named: set[str] = set()
    run_id = run_at(store, options.at) or options.run_id
    look = partial(find, store, repository, run_id=run_id, named=named)
    found = look(options.kind, version_id=options.version_id)
    # If a run or a version is named, only that one is restored.
    exact = bool(run_id or options.version_id)
    # Binaries are verified one by one as they are restored: some may be good if others are not.
    reader = replace(open_reader(store, CancellationToken()), most_objects=0)
    restoration = Restoration(reader, RecordedResults(store, named), exact)
    kind = kind_named(found.kind)

    def fetch(found: ArchiveRef, directory: Path) -> Restored:
        try:
            with working(f"restoring {found.key} …"):
                restored = restoration.fetch(found, directory)
                return with_binaries(restoration.reader, found.kind, restored)
        except RepositoryError as error:
            if run_id is None:
                raise
            raise unrestorable_error(store, found, run_id, error) from error

    mirror: str | None = None
    pushed_to: str | None = None
    target = push_address(options.push_to) if options.push_to else ""
    api = api_address()
    pushed = Pushed({}, ())
    beside: list[Beside] = []
    if options.into:
        if options.kind == LFS:
            check_mirror(place_of(options.into, found.name.partition("/")[2], LFS))
        restored = fetch(found, options.into)
        # A version id names a version of this archive only.
        if not options.version_id:
            beside = [*restore_beside(options.kind, look, fetch, options.into)]
        if options.kind == GIST:
            owner, _, id = found.name.partition("/")
            unwritten = write_gist_details(store, owner, {id: restored.path}, run_id)
            restored = replace(restored, remarks=(*restored.remarks, *unwritten))
        mirror = str(restored.path)
        message = f"{found.key} restored and checked: {kind.next_step(restored.path)}"
    else:
        host = Target(target, github_token(), api)
        if not options.force:
            kind.check_target(host)
        with scratch_directory() as directory:
            restored = fetch(found, directory)
            for remark in restored.remarks:
                if remark.startswith(MALFORMED):
                    print_line(f"{found.key}: {remark}; {REFUSED_ELSEWHERE}", sys.stderr)
            with working(f"pushing to {without_credentials(target)} …"):
                pushed = kind.restore(restored.path, host, force=options.force)
        pushed_to = without_credentials(target)
        message = f"{found.key} restored and pushed to {pushed_to}"
    if options.json:
        document = RestoreDocument(
            schema=SCHEMA,
            command="restore",
            source=options.store,
            repository=repository,
            wiki=options.kind == WIKI,
            kind=options.kind,
            key=found.key,
            version_id=found.version_id,
            mirror=mirror,
            data=next((str(e.restored.path) for e in beside if e.restored and e.is_data), None),
            pushed_to=pushed_to,
            run_id=run_id,
            incomplete=restored.incomplete,
            remarks=[*restored.remarks, *pushed.remarks, *_remarks(beside)],
            refs_not_pushed=pushed.refused,
        )
        print_document(document)
    else:
        print_line(f"{message} (as of {run_id})" if options.at else message)
        for remark in (*restored.remarks, *pushed.remarks):
            print_message(f"{found.key}: {remark}")
        for each in beside:
            if each.restored:
                print_line(
                    f"{each.found.key} restored and checked: {_next_step(each.restored, each)}"
                )
        for remark in _remarks(beside):
            print_message(remark)
    whole = not restored.incomplete and all(
        each.restored and not each.restored.incomplete for each in beside
    )
    return exits.GOOD if whole else exits.NOT_ALL


def _next_step(restored: Restored, beside: Beside) -> str:
    return kind_named(beside.found.kind).next_step(restored.path)


def _remarks(beside: Sequence[Beside]) -> list[str]:
    """Remarks about the archives restored beside it, with their keys."""
    return [
        f"{each.found.key}: {remark}"
        for each in beside
        for remark in (each.restored.remarks if each.restored else (each.reason,))
    ]


def without_credentials(url: str) -> str:
    """The URL without credentials, for display."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
