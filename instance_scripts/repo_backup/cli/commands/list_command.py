"""``list``: archives, runs, versions."""

import argparse
from collections.abc import Container

from backup_contract.documents.output.archives import ArchiveRow, ListDocument, VersionRow
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.kinds import WIKI
from backup_contract.text import size
from repo_backup.cli.output import print_document, print_table
from repo_backup.cli.run_table import print_runs
from repo_backup.cli.source import open_source
from repo_backup.health import run_rows
from repo_backup.restore.catalogue import ArchiveListing, archive_listings, versions
from repo_backup.restore.fall_back import UNNAMED
from repo_backup.restore.points_in_time import expired, run_at
from repo_backup.store.written.ignored_documents import IgnoredDocuments

_ALL = 10**6


def list_archives(options: argparse.Namespace) -> int:
    """``repo-backup list``."""
    store = open_source(options)
    document = ListDocument(schema=SCHEMA, command="list", source=options.store)
    if options.runs:
        with IgnoredDocuments() as ignored:
            document["runs"] = run_rows.read_runs(store, _ALL, ignored)
    elif options.versions:
        document["versions"] = [
            VersionRow(
                version_id=each.id,
                modified_at=each.modified_at,
                bytes=each.bytes,
                latest=each.latest,
            )
            for each in versions(store, options.versions)
        ]
    else:
        run_id = run_at(store, options.at) or options.run_id
        listed = archive_listings(store, run_id)
        gone = expired(store, listed) if run_id else set()
        document["archives"] = [_archive_row(each, gone) for each in listed]
    if options.json:
        print_document(document)
    else:
        _print_list(document)
    return 0


def _archive_row(each: ArchiveListing, gone: Container[str]) -> ArchiveRow:
    archive = each.archive
    state: str | None = each.part.state if each.part else None
    if each.missing or each.key in gone:
        state = "missing" if each.missing else "expired"
    chain = each.part.chain if each.part else None
    return ArchiveRow(
        repository=each.full_name,
        wiki=each.kind == WIKI,
        kind=each.kind,
        key=each.key,
        bytes=each.bytes,
        overlays=chain.links if chain else 0,
        state=state,
        run_id=each.part.stored_by if each.part else None,
        version_id=archive.version_id if archive else None,
        sha256=archive.sha256 if archive else None,
    )


def _print_list(document: ListDocument) -> None:
    if "runs" in document:
        print_runs(document["runs"])
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
                (e["key"], size(e["bytes"]), e["state"] or "-", e["run_id"] or UNNAMED)
                for e in found
            ],
        )
