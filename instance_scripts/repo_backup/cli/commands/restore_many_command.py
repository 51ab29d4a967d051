"""``restore`` of several repositories: to a folder, or to another owner, with a summary."""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from backup_contract import exit_codes as exits
from backup_contract.kinds import GIST, GIT
from backup_contract.text import size
from repo_backup.cli.many_output import ManyOutcome, many_document, print_outcome, print_rows
from repo_backup.cli.output import counting, print_document, print_line, print_message, working
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.github.connect import api_address, github_token, new_owner
from repo_backup.hosts.github.creation import AN_HOUR
from repo_backup.restore.archive_reader import ArchiveRef, Restored, open_reader
from repo_backup.restore.catalogue import (
    ArchiveListing,
    RecordedResults,
    archive_listings,
    manifests,
)
from repo_backup.restore.fall_back import Restoration
from repo_backup.restore.gist_details import write_gist_details
from repo_backup.restore.many import ManyRestore, RestoredArchive, place_of
from repo_backup.restore.points_in_time import run_at, unrestorable_error
from repo_backup.restore.push_many import ManyPushes
from repo_backup.restore.selected_archives import SelectedRepository, select, without_archive
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import FatalError, InterruptedRunError, RepositoryError, UsageError
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.store.base import Store
from repo_backup.store.open import open_store

_CONNECTIONS_OF_A_JOB = 2
Tell = Callable[[Sequence[RestoredArchive]], None]


@dataclass(frozen=True)
class _Request:
    """What to restore, from where, and with how many jobs."""

    store: Store
    stop: CancellationToken
    run_id: str | None
    selected: list[SelectedRepository]
    unsaved: list[tuple[str, str]]
    restoration: Restoration
    jobs: int
    silent: bool

    def explain(self, found: ArchiveRef, error: RepositoryError) -> RepositoryError:
        """The error, extended by what can be restored if a run's archive is gone."""
        return unrestorable_error(self.store, found, self.run_id, error) if self.run_id else error

    def fetch(self, listing: ArchiveListing, into: Path, memory_bytes: int) -> Restored:
        """Restore one archive to a folder. Raises RepositoryError."""
        reader = replace(self.restoration.reader, memory_bytes=memory_bytes)
        try:
            return replace(self.restoration, reader=reader).fetch(listing.found, into)
        except RepositoryError as error:
            raise self.explain(listing.found, error) from error

    @property
    def memory(self) -> ResourceBudget:
        """The memory for all jobs together."""
        return ResourceBudget(self.restoration.reader.memory_bytes, self.stop)


def restore_many(options: argparse.Namespace, kind: str | None) -> int:
    """Restore the named repositories below ``--into`` or to ``--push-to-owner``: all kinds, or one.

    Returns 0 if everything in the backup is restored, else 3. Raises FatalError.
    """
    for option, given in (("--version-id", options.version_id), ("--push-to", options.push_to)):
        if given:
            raise UsageError(f"{option}: it goes with one repository")
    if options.push_to_owner and kind:
        raise UsageError("--push-to-owner: it pushes git alone; restore the others with --into")
    stop = CancellationToken()
    try:
        request = _read_request(options, kind, stop)
        if options.push_to_owner:
            outcome = _to_owner(request, options)
        else:
            outcome = _to_folder(request, options.into.resolve())
    finally:
        stop.end()
    if options.json:
        print_document(many_document(options.store, outcome))
    else:
        print_outcome(outcome)
    return exits.GOOD if outcome.is_complete else exits.NOT_ALL


def _read_request(
    options: argparse.Namespace, kind: str | None, stop: CancellationToken
) -> _Request:
    store = open_store(options.store, connections=_CONNECTIONS_OF_A_JOB * options.jobs)
    named: set[str] = set()
    patterns = options.repositories
    with working("reading the manifests …"):
        run_id = run_at(store, options.at) or options.run_id
        selected = select(archive_listings(store, run_id, named), patterns, kind)
        if options.push_to_owner:  # an empty repository has nothing to push
            selected = [each for each in selected if GIT in (a.kind for a in each.archives)]
        newest = next(manifests(store, run_id, named), None)
    return _Request(
        store,
        stop,
        run_id,
        selected,
        # What the run listed, or the newest one, and has no archive of.
        without_archive(newest.items, patterns, kind) if newest else [],
        Restoration(
            open_reader(store, stop), RecordedResults(store, named), exact=run_id is not None
        ),
        options.jobs,
        silent=options.json,
    )


def _to_folder(request: _Request, into: Path) -> ManyOutcome:
    into.mkdir(parents=True, exist_ok=True)
    _check_room(request.selected, into)
    with scratch_directory(into) as room:
        many = ManyRestore(request.restoration, into, room, request.memory, request.explain)
        rows = _counted(request, many.restore)
    for remark in _gist_details(request, rows):
        print_message(remark, sys.stderr)
    return ManyOutcome(rows, request.unsaved, request.run_id, str(into))


def _gist_details(request: _Request, rows: Sequence[RestoredArchive]) -> list[str]:
    """Write the details of restored gists beside them. Returns remarks."""
    by_owner: dict[str, dict[str, Path]] = {}
    for row in rows:
        if row.kind == GIST and row.path:
            owner, _, id = row.repository.partition("/")
            by_owner.setdefault(owner, {})[id] = row.path
    return [
        remark
        for owner, mirrors in by_owner.items()
        for remark in write_gist_details(request.store, owner, mirrors, request.run_id)
    ]


def _to_owner(request: _Request, options: argparse.Namespace) -> ManyOutcome:
    token, login = github_token(), options.push_to_owner
    owner = new_owner(login, token, request.stop, request.jobs)
    _confirm(request.selected, owner.login, yes=options.yes)

    def target(name: str) -> Target:
        return Target(
            owner.url(name), token, api_address(), partial(owner.set_default_branch, name)
        )

    with scratch_directory() as room:
        many = ManyPushes(owner, request.fetch, target, room, request.memory)
        rows = _counted(request, many.restore)
    return ManyOutcome(rows, request.unsaved, request.run_id, None, owner.login)


def _counted(
    request: _Request,
    work: Callable[[Sequence[SelectedRepository], int, Tell], list[RestoredArchive]],
) -> list[RestoredArchive]:
    """Do it, with a bar on a terminal and a line for each repository."""
    selected = request.selected
    size_of = {each.name: each.bytes for each in selected}
    with counting(len(selected), sum(size_of.values())) as done:

        def tell(rows: Sequence[RestoredArchive]) -> None:
            if request.stop.requested:  # it ends because of that
                return
            done(rows[0].repository, size_of[rows[0].repository])
            if not request.silent:
                print_rows(rows)

        try:
            return work(selected, request.jobs, tell)
        except InterruptedRunError as error:
            request.stop.request(str(error))
            request.stop.end()
            raise


def _check_room(selected: Sequence[SelectedRepository], into: Path) -> None:
    """Raise FatalError if the disk has no room for the archives that are not there yet."""
    wanted = sum(
        archive.restored_bytes
        for each in selected
        for archive in each.archives
        if not place_of(into, each.name, archive.kind).exists()
    )
    free = shutil.disk_usage(into).free
    if wanted > free:
        raise FatalError(
            f"{into} has room for {size(free)}, and the archives and their large files have "
            f"{size(wanted)}: make room, or name another folder (--into)"
        )


def _confirm(selected: Sequence[SelectedRepository], login: str, *, yes: bool) -> None:
    """Show what will be created, and ask. Raises UsageError unless the answer is yes."""
    count = len(selected)
    private = sum(each.archives[0].private for each in selected)
    hours = -(-count // AN_HOUR)
    text = (
        f"{count} {'repository' if count == 1 else 'repositories'} "
        f"({size(sum(each.bytes for each in selected))}, {private} of them private) will be "
        f"created in {login}, unless they exist, and pushed; GitHub lets {AN_HOUR} be created an "
        "hour" + (f", so that this takes {hours} hours" if hours > 1 else "")
    )
    print_line(text, sys.stderr)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("--push-to-owner: cannot ask for confirmation here; use --yes")
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was created")
