"""The commands that read a store: ``status``, ``list``, ``restore``, ``verify``, ``report``."""

import argparse
import random
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from backup_contract import exit_codes as exits
from backup_contract.documents.command_output import (
    SCHEMA,
    ArchiveRow,
    CheckedRow,
    ListDocument,
    RestoreDocument,
    RunRow,
    StatusDocument,
    VerifyDocument,
    VersionRow,
)
from backup_contract.documents.manifest import Part
from repo_backup.cli.output import print_document, print_table, tracked, working
from repo_backup.git.push import push, push_address
from repo_backup.health import status as statuses
from repo_backup.hosts.github.connect import api_address, github_token
from repo_backup.restore import archive_reader as restoring
from repo_backup.run.progress_display import size
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError
from repo_backup.runtime.scratch import scratch_directory
from repo_backup.runtime.signals import immediate_end
from repo_backup.store.open import open_reader, open_store

_CONNECTIONS = 4
_ALL = 10**6
_UNNAMED = "no manifest names it"


def status(options: argparse.Namespace) -> int:
    """``repo_backup status``: 0 when the backups can be relied on, else 3."""
    store = open_store(options.store, connections=_CONNECTIONS)
    now = datetime.now(UTC)
    with working("reading the runs …"):
        runs = statuses.read_runs(store, options.runs)
        running = statuses.read_running(store, runs, now)
        judged = statuses.read_whole(store, runs)
        misplaced = statuses.read_misplaced(store, judged)
    max_age = timedelta(days=options.max_age)
    found = statuses.judge(judged, running, now, max_age, misplaced)
    document = StatusDocument(
        schema=SCHEMA,
        command="status",
        source=options.store,
        good=found.good,
        reason=found.reason,
        misplaced=misplaced,
        newest_verified=found.newest_verified,
        running=running,
        runs=runs,
    )
    if options.json:
        print_document(document)
    else:
        _print_runs(runs)
        if running:
            print(
                f"under way: {running['run_id']}, attempt {running['attempt']}, "
                f"{running['phase']}, {running['done']} of {running['listed']} done"
            )
        for each in misplaced:
            print(f"misplaced: {each}")
        print(f"{'good' if found.good else 'NOT GOOD'}: {found.reason}")
    return 0 if found.good else exits.NOT_ALL


def list_archives(options: argparse.Namespace) -> int:
    """``repo_backup list``."""
    store = open_store(options.store, connections=_CONNECTIONS)
    document = ListDocument(schema=SCHEMA, command="list", source=options.store)
    if options.runs:
        document["runs"] = statuses.read_runs(store, _ALL)
    elif options.versions:
        document["versions"] = [
            VersionRow(
                version_id=each.id,
                modified_at=each.modified_at,
                bytes=each.bytes,
                latest=each.latest,
            )
            for each in restoring.versions(store, options.versions)
        ]
    else:
        document["archives"] = [
            _archive_row(each) for each in restoring.held(store, options.run_id)
        ]
    if options.json:
        print_document(document)
    else:
        _print_list(document)
    return 0


@immediate_end()
def restore(options: argparse.Namespace) -> int:
    """``repo_backup restore``."""
    store = open_store(options.store, connections=_CONNECTIONS)
    named: set[str] = set()
    found = restoring.find(
        store,
        options.repository,
        wiki=options.wiki,
        run_id=options.run_id,
        version_id=options.version_id,
        named=named,
    )
    vouchers = restoring.Vouchers(store, named)
    reader = open_reader(store, Stop())
    # A run or a version that is named is wanted itself, or nothing.
    exact = bool(options.run_id or options.version_id)
    mirror: str | None = None
    pushed_to: str | None = None
    target = push_address(options.push_to) if options.push_to else ""
    api = api_address()
    if options.into:
        with working(f"restoring {found.key} …"):
            restored = _fetched(reader, found, Path(options.into), vouchers, exact=exact)
        mirror = str(restored.mirror)
        said = f"{found.key} restored and checked: git clone {shlex.quote(mirror)}"
    else:
        with scratch_directory() as directory:
            with working(f"restoring {found.key} …"):
                restored = _fetched(reader, found, directory, vouchers, exact=exact)
            push(restored.mirror, target, github_token(), api)
        pushed_to = without_credentials(target)
        said = f"{found.key} restored and pushed to {pushed_to}"
    if options.json:
        document = RestoreDocument(
            schema=SCHEMA,
            command="restore",
            source=options.store,
            repository=options.repository,
            wiki=options.wiki,
            key=found.key,
            version_id=found.version_id,
            mirror=mirror,
            pushed_to=pushed_to,
            remarks=list(restored.remarks),
        )
        print_document(document)
    else:
        print(said)
        for remark in restored.remarks:
            print(f"{found.key}: {remark}")
    return 0


@immediate_end()
def verify(options: argparse.Namespace) -> int:
    """``repo_backup verify``: 0 when every archive that was read back is good, else 3."""
    store = open_store(options.store, connections=_CONNECTIONS)
    named: set[str] = set()
    chosen = restoring.held(store, options.run_id, named)
    if not options.all:
        chosen = random.sample(chosen, min(options.sample, len(chosen)))
    rows: list[CheckedRow] = []
    reader, vouchers = open_reader(store, Stop()), restoring.Vouchers(store, named)
    with scratch_directory() as directory:
        for archive in tracked(chosen, [each.key for each in chosen]):
            reason = None
            remarks: tuple[str, ...] = ()
            try:
                with tempfile.TemporaryDirectory(dir=directory) as room:
                    remarks = reader.fetch_mirror(archive.found, Path(room)).remarks
            except restoring.OtherArchiveError as error:
                other = vouchers.of(archive.key, error.sha256)
                reason = _instead(error, other) if other else str(error)
            except RepositoryError as error:
                reason = str(error)
            if archive.part is None:
                remarks = (*remarks, _UNNAMED)
            rows.append(
                CheckedRow(
                    key=archive.key, good=reason is None, reason=reason, remarks=list(remarks)
                )
            )
            if not options.json:
                good = "; ".join((f"good: {archive.key}", *remarks))
                print(f"BAD:  {archive.key}: {reason}" if reason else good)
    bad = sum(not row["good"] for row in rows)
    if options.json:
        document = VerifyDocument(
            schema=SCHEMA,
            command="verify",
            source=options.store,
            checked=len(rows),
            bad=bad,
            archives=rows,
        )
        print_document(document)
    else:
        print(f"{len(rows) - bad} of {len(rows)} archives are good")
    return exits.NOT_ALL if bad else 0


def report(options: argparse.Namespace) -> int:
    """``repo_backup report``: 0 when the page is written, 3 when it lacks what was unreadable."""
    # What instances run has neither this package nor the libraries that it needs.
    from repo_backup.cli.page_command import write_page

    return write_page(options)


def _fetched(
    reader: restoring.Reader,
    found: restoring.Found,
    into: Path,
    vouchers: restoring.Vouchers,
    *,
    exact: bool,
) -> restoring.Restored:
    """What is there, if need be not what the newest run says but what another vouches for."""
    try:
        restored = reader.fetch_mirror(found, into)
    except restoring.OtherArchiveError as error:
        other = vouchers.of(found.key, error.sha256)
        if other is None:
            raise
        if exact:
            raise RepositoryError(_instead(error, other)) from error
        again = restoring.Found(found.name, found.key, None, other)
        restored = reader.fetch_mirror(again, into)
        return replace(restored, remarks=(_instead(error, other), *restored.remarks))
    if found.part is None:
        return replace(restored, remarks=(*restored.remarks, _UNNAMED))
    return restored


def _instead(error: restoring.OtherArchiveError, other: Part) -> str:
    run_id = other.archive.run_id if other.archive else ""
    return f"{error}: it is the archive that run {run_id} uploaded"


def _archive_row(each: restoring.Held) -> ArchiveRow:
    archive, found = each.archive, each.part.state if each.part else None
    return ArchiveRow(
        repository=each.full_name,
        wiki=each.wiki,
        key=each.key,
        bytes=each.bytes,
        state="missing" if each.missing else found,
        run_id=archive.run_id if archive else None,
        version_id=archive.version_id if archive else None,
        sha256=archive.sha256 if archive else None,
    )


def without_credentials(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _print_list(document: ListDocument) -> None:
    if "runs" in document:
        _print_runs(document["runs"])
    elif "versions" in document:
        rows = [
            (
                each["version_id"] or "-",
                each["modified_at"],
                size(each["bytes"]),
                "latest" if each["latest"] else "",
            )
            for each in document["versions"]
        ]
        print_table(("version", "modified", "size", ""), rows)
    else:
        found = document["archives"]
        print_table(
            ("archive", "size", "state", "uploaded by run"),
            [
                (e["key"], size(e["bytes"]), e["state"] or "-", e["run_id"] or _UNNAMED)
                for e in found
            ],
        )


def _print_runs(runs: Sequence[RunRow]) -> None:
    print_table(
        ("run", "verdict", "listed", "backed up", "unchanged", "failed", "stored"),
        [
            (
                run["run_id"],
                (run["verdict"] or ("complete" if run["complete"] else "incomplete"))
                + statuses.label(run),
                str(run["listed"]),
                str(run["backed_up"]),
                str(run["unchanged"]),
                str(run["failed"]),
                size(run["bytes_stored"]),
            )
            for run in runs
        ],
    )
