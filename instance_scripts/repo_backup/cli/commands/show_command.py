"""``show``: prints a repository's issues, pull requests, discussions and releases."""

import argparse
import sys
from dataclasses import replace
from typing import Any

from backup_contract import exit_codes as exits
from backup_contract.documents.data_index import section_document
from backup_contract.documents.output.project_data import DataItemRow, ShowDocument
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.kinds import DATA
from repo_backup.cli.conversation import NAMES, Heading, heading
from repo_backup.cli.item_text import date, item_lines
from repo_backup.cli.output import print_document, print_line, print_message, print_table, working
from repo_backup.cli.source import open_source
from repo_backup.restore.archive_reader import INCONCLUSIVE, ArchiveRef
from repo_backup.restore.catalogue import NoArchiveError, find
from repo_backup.restore.data.stored_documents import StoredDocuments, open_documents
from repo_backup.restore.points_in_time import run_at, unrestorable_error
from repo_backup.runtime.errors import FatalError, RepositoryError
from repo_backup.store.base import Store

Row = tuple[str, Heading]
_NUMBERED = ("issues", "pulls", "discussions")
_NO_DATA = (
    "project data is saved by runs with a token or a GitHub App, unless --no-data or --kinds "
    "excludes it; `repo-backup list` names the stored archives"
)


def show(options: argparse.Namespace) -> int:
    """``repo-backup show``. Returns 3 if an overlay is damaged and the state before it is shown."""
    store = open_source(options)
    with working("reading …"):
        run_id = run_at(store, options.at) or options.run_id
        found = _found(store, options.repository, run_id)
        documents = _opened(store, found, run_id)
        rows = _headings(documents, options.what) if options.what in _NUMBERED else []
        read = _read(documents, options.what)
    if not read and str(options.what).isdigit():
        raise FatalError(_nothing(found.name, options.what, documents))
    if options.json:
        print_document(_document(options, run_id, found, documents, rows, read))
    else:
        _print(options.what, found.name, documents, rows, read)
    remarks = documents.remarks
    if documents.fault:
        remarks = (*remarks, f"{documents.fault}; this is the state before that overlay")
    for remark in remarks if not options.json else ():
        print_message(f"repo-backup: {found.key}: {remark}", sys.stderr)
    return exits.NOT_ALL if documents.fault else exits.GOOD


def _found(store: Store, repository: str, run_id: str | None) -> ArchiveRef:
    try:
        return find(store, repository, DATA, run_id=run_id)
    except NoArchiveError as error:
        raise NoArchiveError(f"{error}\n{_NO_DATA}") from error


def _opened(store: Store, found: ArchiveRef, run_id: str | None) -> StoredDocuments:
    """The documents of the run, or the current ones without a run."""
    try:
        documents = open_documents(store, found)
    except INCONCLUSIVE:
        raise
    except RepositoryError as error:
        if run_id:
            raise unrestorable_error(store, found, run_id, error) from error
        if found.part is None:
            raise
        there = open_documents(store, replace(found, part=None, version_id=None))
        remark = f"{error}; this is what lies there now"
        return replace(there, remarks=(remark, *there.remarks))
    if run_id and documents.fault:
        raise unrestorable_error(store, found, run_id, RepositoryError(documents.fault))
    return documents


def _headings(documents: StoredDocuments, folder: str) -> list[Row]:
    """The heading of each document, newest first. Only one document is in memory at a time."""
    read = documents.read(documents.paths(folder))
    rows = [
        (path, heading(path, document, documents.marks))
        for path, document in read
        if isinstance(document, dict)
    ]
    return sorted(rows, key=lambda each: (each[1].number, each[1].created), reverse=True)


def _read(documents: StoredDocuments, what: str | None) -> list[tuple[str, Any]]:
    """The documents to print in full: all with a number, or all releases, newest first."""
    if what is None or what in _NUMBERED:
        return []
    named = [f"{folder}/{what}.json" for folder in _NUMBERED]
    paths = documents.paths(what) if what in NAMES else named
    found = [each for each in documents.read(paths) if isinstance(each[1], dict)]
    return sorted(found, key=lambda each: heading(each[0], each[1], {}).created, reverse=True)


def _nothing(name: str, number: str, documents: StoredDocuments) -> str:
    """Why there is no item with this number, as far as the index shows."""
    sections = documents.index.sections
    lacking = [
        f"\n{each} {sections[each].state.replace('-', ' ')}"
        f"{f': {sections[each].reason}' if sections[each].reason else ''}"
        for each in _NUMBERED
        if each in sections and sections[each].state != "complete"
    ]
    listed = f"\n`repo-backup show {name} issues` lists the issues that are saved"
    what = "issue, pull request or discussion"
    return f"{name} has no {what} {number} in this backup{''.join(lacking)}{listed}"


def _print(
    what: str | None,
    name: str,
    documents: StoredDocuments,
    rows: list[Row],
    read: list[tuple[str, Any]],
) -> None:
    marks = documents.marks
    if what is None:
        _print_overview(name, documents)
    elif what == "releases" or what not in NAMES:
        for path, document in read:
            for line in item_lines(name, path, document, marks):
                print_line(line)
            print_line("")
    elif rows:
        titles = ("", "state", "updated", "author", "comments", "title")
        print_table(titles, [_cells(each) for _, each in rows])
    else:
        print_line(f"{name} has no {what} in this backup")


def _cells(each: Heading) -> tuple[str, ...]:
    state = f"gone {each.gone[:10]}" if each.gone else each.state
    return (
        *(each.name, state, date(each.updated)[:10], each.who),
        *(str(each.comments or ""), each.title),
    )


def _print_overview(name: str, documents: StoredDocuments) -> None:
    index = documents.index
    print_line(f"{name}: project data as of run {index.run_id}")
    rows = [
        (
            *(section, each.state.replace("-", " "), str(each.here)),
            *("-" if each.github is None else str(each.github), each.reason or ""),
        )
        for section, each in sorted(index.sections.items())
    ]
    print_table(("section", "state", "saved", "on GitHub", "reason"), rows)
    if index.attached:
        print_line(f"{index.attached.saved} of {index.attached.count} attachments are saved")
    gone = sum("#" not in place for place in documents.marks)
    if gone:
        print_line(f"{gone} that are gone from GitHub stay in the backup")
    print_line(f"`repo-backup show {name} issues` lists them, `… NUMBER` shows one")


def _document(
    options: argparse.Namespace,
    run_id: str | None,
    found: ArchiveRef,
    documents: StoredDocuments,
    rows: list[Row],
    read: list[tuple[str, Any]],
) -> ShowDocument:
    fault = (documents.fault,) if documents.fault else ()
    document = ShowDocument(
        schema=SCHEMA,
        command="show",
        source=options.store,
        repository=found.name,
        key=found.key,
        run_id=run_id,
        saved_by=documents.index.run_id,
        incomplete=bool(documents.fault),
        remarks=[*documents.remarks, *fault],
    )
    if options.what is None:
        sections = documents.index.sections
        document["sections"] = {
            name: {**section_document(name, sections[name])} for name in sorted(sections)
        }
    elif options.what in NAMES:
        releases = [(path, heading(path, each, documents.marks)) for path, each in read]
        document["items"] = [_row(path, each) for path, each in rows or releases]
    else:
        document["documents"] = dict(read)
        gone = documents.marks.items()
        paths = {path for path, _ in read}
        document["gone"] = {at: when for at, when in gone if at.partition("#")[0] in paths}
    return document


def _row(path: str, each: Heading) -> DataItemRow:
    return DataItemRow(
        path=path,
        name=each.name,
        kind=each.kind,
        state=each.state,
        title=each.title,
        author=each.who,
        created_at=each.created,
        updated_at=each.updated,
        comments=each.comments,
        gone_since=each.gone or None,
    )
