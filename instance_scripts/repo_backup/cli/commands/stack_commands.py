"""The commands for a deployed stack: ``run-now`` and ``check``."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from backup_contract import exit_codes as exits
from backup_contract import object_keys as layout
from backup_contract.documents.launcher_answer import CheckAnswer, RunAnswer
from backup_contract.documents.output.backup import AnswerDocument
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.text import one_line
from backup_contract.visibility import describe
from repo_backup.cli.deployed_stack import Stack, find_stack
from repo_backup.cli.output import print_document, print_facts, print_line, working
from repo_backup.runtime.errors import FatalError, InterruptedRunError
from repo_backup.store.base import Store
from repo_backup.store.open import S3, open_store
from repo_backup.store.written.run_documents import read_progress

POLL_SECONDS = 5.0
_EXITS = {"verified": exits.GOOD, "partial": exits.NOT_ALL, "unverified": exits.NOT_ALL}
_CONNECTIONS = 2


def run_now(options: argparse.Namespace) -> int:
    """``repo-backup run-now``: 0 verified · 3 partial or unverified · 1 anything else."""
    stack = find_stack(options.stack, options.region)
    store = open_store(f"{S3}{stack.bucket}", connections=_CONNECTIONS)
    return start(stack, store, options)


def start(stack: Stack, store: Store, options: argparse.Namespace) -> int:
    """Start a run of this stack, whose bucket is ``store``, and follow it. Returns the exit code.

    A run without capacity is followed too, as long as another attempt is planned.
    """
    event = {
        **({"only": options.only} if options.only else {}),
        **{name: True for name in ("full", "on_demand", "dry_run") if getattr(options, name)},
    }
    with working("launching …"):
        document = stack.invoke(event)
    answer = stack.legible(lambda: RunAnswer.read(document))
    report: RunReport | None = None
    if not options.json:
        print_facts(_shown(document).items())
    planned = answer.next_attempt_at
    if (answer.launched or planned) and not options.no_wait:
        at = planned and planned.isoformat()
        waiting = f"waiting for the attempt at {at}" if at else "the instance starts"
        try:
            report = follow(store, answer.run_id, waiting, options.timeout * 60, _teller())
        except KeyboardInterrupt as error:
            raise InterruptedRunError(f"{answer.run_id} continues; its mail will come") from error
        if not options.json:
            label = describe(report.visibility).label
            bracketed = f" ({label})" if label else ""
            print_line(f"{report.verdict}{bracketed}: {report.reason}")
            for problem in report.problems:
                print_line(f"  {problem}")
    _print_json(options, "run-now", stack, document, report)
    if report:
        return _EXITS.get(report.verdict, exits.FATAL)
    return exits.GOOD if answer.succeeded else exits.FATAL


def check(options: argparse.Namespace) -> int:
    """``repo-backup check``: the preflight. Returns 0 if everything is in order, else 3."""
    return check_stack(find_stack(options.stack, options.region), options)


def check_stack(stack: Stack, options: argparse.Namespace) -> int:
    """Check this stack; the exit code."""
    with working("checking …"):
        document = stack.invoke({"action": "check"})
    answer = stack.legible(lambda: CheckAnswer.read(document))
    if not options.json:
        print_facts(answer.checks.items())
        print_line(answer.summary)
    _print_json(options, "check", stack, document, None)
    return exits.GOOD if answer.in_order else exits.NOT_ALL


def follow(
    store: Store, run_id: str, waiting: str, seconds: float, tell: Callable[[str], None]
) -> RunReport:
    """Wait for the run's report and show its progress; ``waiting`` is shown before there is any.

    The run continues even if nobody follows it. Raises InterruptedRunError if it is late, and
    FatalError if its report is damaged.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if data := store.read(layout.report(run_id)):
                tell("")
                return RunReport.from_json(data)
        except ValueError as error:
            tell("")
            raise FatalError(f"{layout.report(run_id)} is unreadable: {error}") from error
        progress = read_progress(store, run_id)
        try:
            tell(_so_far(Progress.from_json(progress.data)) if progress else waiting)
        except ValueError as error:
            tell(f"{progress.key if progress else ''} is unreadable: {error}")
        time.sleep(POLL_SECONDS)
    raise InterruptedRunError(f"{run_id} has no report yet; its mail will come")


def _so_far(progress: Progress) -> str:
    return f"{progress.phase}: {progress.done} of {progress.listed} repositories"


def _teller() -> Callable[[str], None]:
    """Progress on stderr: one line that changes on a terminal, one line per change elsewhere."""
    terminal = sys.stderr.isatty()
    last = ""

    def tell(text: str) -> None:
        nonlocal last
        if text == last:
            return
        last = text
        if terminal:
            print(f"\r\033[K{one_line(text, None)}", end="", file=sys.stderr, flush=True)
        elif text:
            print_line(text, sys.stderr)

    return tell


def _shown(answer: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in answer.items()
        if value not in (None, [], {}) and name != "schema"
    }


def _print_json(
    options: argparse.Namespace,
    command: str,
    stack: Stack,
    answer: dict[str, Any],
    report: RunReport | None,
) -> None:
    if options.json:
        document = AnswerDocument(
            schema=SCHEMA,
            command=command,
            stack=stack.name,
            answer=answer,
            report=report.document if report else None,
        )
        print_document(document)
