"""``repo-backup report``: reads the runs, writes the page, and prints its path."""

import argparse
import contextlib
import os
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from backup_contract import exit_codes as exits
from backup_contract.documents.output.runs import ReportDocument
from backup_contract.documents.output.schema import SCHEMA
from repo_backup.cli.commands.status_command import max_age
from repo_backup.cli.output import print_document, print_line, working
from repo_backup.cli.source import open_source
from repo_backup.health.status import assess
from repo_backup.page.headline import counted
from repo_backup.page.render import GENERATOR, render
from repo_backup.page.run_history import read
from repo_backup.page.view_model import build_page
from repo_backup.runtime.errors import FatalError, UsageError
from repo_backup.store.open import S3
from repo_backup.store.written.ignored_documents import MOST_NAMED

INDEX = "index.html"
_JUDGED = 5
"""How many of the newest runs are judged, as in ``status``, regardless of the page's range."""
_HEAD_BYTES = 4096


def check_target(directory: Path) -> None:
    """Check that the page may be written there: to a new or empty directory, or over one of our
    pages.

    Raises UsageError if not.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"--out: {directory} is a file; name a directory")
    if not directory.is_dir() or not any(directory.iterdir()):
        return
    with contextlib.suppress(FileNotFoundError), (directory / INDEX).open("rb") as file:
        if f'name="generator" content="{GENERATOR} '.encode() in file.read(_HEAD_BYTES):
            return
    raise UsageError(
        f"--out: {directory} is not empty and contains no page of this program; "
        "name a new or empty directory"
    )


def write_page(options: argparse.Namespace) -> int:
    """Write the page about ``options.store`` into ``options.out``.

    Returns 3 if documents of some runs could not be read; the page says so too. Before anything is
    read, raises UsageError for a directory that it may not write to. Raises what the store raises,
    and FatalError if the page cannot be written.
    """
    directory: Path = options.out
    check_target(directory)
    source = options.store
    if not source.startswith(S3):
        source = str(Path(source).expanduser().resolve())
    store = open_source(options)
    now = datetime.now(UTC)
    with working("listing …") as say:
        run_history = read(store, options.runs, lambda done, of: say(f"run {done} of {of} read"))
        named = {each.partition(": ")[0] for each in run_history.unreadable}
        found = assess(store, _JUDGED, now, max_age(options), named)
    run_history = replace(run_history, suspicions=found.suspicions)
    page = build_page(run_history, source, now, found.judgement, found.under_way)
    index = write(directory, render(page)).resolve()
    for each in run_history.unreadable[:MOST_NAMED]:
        print_line(f"ignored: {each}", sys.stderr)
    if len(run_history.unreadable) > MOST_NAMED:
        more = len(run_history.unreadable) - MOST_NAMED
        print_line(f"ignored: {more} more documents", sys.stderr)
    if options.json:
        document = ReportDocument(
            schema=SCHEMA,
            command="report",
            source=options.store,
            page=str(index),
            good=found.judgement.good,
            level=found.judgement.level,
            headline=page.headline.title,
            runs=len(page.runs),
            repositories=len(page.repositories),
            unreadable=list(run_history.unreadable),
        )
        print_document(document)
    else:
        runs = counted(len(page.runs), "run", "runs")
        repositories = counted(len(page.repositories), "repository", "repositories")
        print_line(f"{page.headline.title}; {runs}, {repositories}: {index.as_uri()}")
    return exits.NOT_ALL if run_history.unreadable else exits.GOOD


def write(directory: Path, html: bytes) -> Path:
    """Write the page atomically. Returns its path. Raises FatalError."""
    target = directory / INDEX
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".", dir=directory)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(html)
            temporary.chmod(0o644)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FatalError(f"--out: {target} cannot be written: {error.strerror}") from error
    return target
