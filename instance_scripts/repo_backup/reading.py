"""The commands that read a store: ``status``, ``list``, ``restore``, ``verify``, ``report``."""

import argparse
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from repo_backup import exits
from repo_backup import restore as restoring
from repo_backup import status as statuses
from repo_backup.access import api_address, github_token
from repo_backup.display import size
from repo_backup.documents import (
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
from repo_backup.errors import RepositoryError
from repo_backup.output import print_document, print_table, tracked, working
from repo_backup.places import open_reader, open_store
from repo_backup.push import push
from repo_backup.scratch import scratch_directory
from repo_backup.signals import immediate_end
from repo_backup.stop import Stop

_CONNECTIONS = 4
_ALL = 10**6


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
            for each in store.versions(restoring.key_of(options.versions))
        ]
    else:
        document["archives"] = [
            ArchiveRow(
                repository=entry.full_name,
                wiki=part is entry.wiki,
                key=archive.key,
                bytes=archive.bytes,
                state=part.state,
                run_id=archive.run_id,
                version_id=archive.version_id,
                sha256=archive.sha256,
            )
            for entry, part, archive in restoring.entries_with_archives(store, options.run_id)
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
    found = restoring.find(
        store,
        options.repository,
        wiki=options.wiki,
        run_id=options.run_id,
        version_id=options.version_id,
    )
    reader = open_reader(store, Stop())
    mirror: str | None = None
    pushed_to: str | None = None
    if options.into:
        with working(f"restoring {found.key} …"):
            restored = reader.fetch_mirror(found, Path(options.into))
        mirror = str(restored.mirror)
        said = f"{found.key} restored and checked: git clone {mirror}"
    else:
        with scratch_directory() as directory:
            with working(f"restoring {found.key} …"):
                restored = reader.fetch_mirror(found, directory)
            push(restored.mirror, options.push_to, github_token(), api_address())
        pushed_to = without_credentials(options.push_to)
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
    named = restoring.entries_with_archives(store, options.run_id)
    if not options.all:
        named = random.sample(named, min(options.sample, len(named)))
    rows: list[CheckedRow] = []
    reader = open_reader(store, Stop())
    with scratch_directory() as directory:
        for entry, part, archive in tracked(named, [each.key for _, _, each in named]):
            found = restoring.Found(entry.full_name, archive.key, archive.version_id, part)
            reason = None
            remarks: tuple[str, ...] = ()
            try:
                with tempfile.TemporaryDirectory(dir=directory) as room:
                    remarks = reader.fetch_mirror(found, Path(room)).remarks
            except RepositoryError as error:
                reason = str(error)
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
    from repo_backup.report.command import write_page

    return write_page(options)


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
            [(e["key"], size(e["bytes"]), e["state"], e["run_id"]) for e in found],
        )


def _print_runs(runs: Sequence[RunRow]) -> None:
    print_table(
        ("run", "verdict", "listed", "backed up", "unchanged", "failed", "stored"),
        [
            (
                run["run_id"],
                (run["verdict"] or ("complete" if run["complete"] else "incomplete"))
                + (" (narrowed)" if run["only"] else ""),
                str(run["listed"]),
                str(run["backed_up"]),
                str(run["unchanged"]),
                str(run["failed"]),
                size(run["bytes_stored"]),
            )
            for run in runs
        ],
    )
