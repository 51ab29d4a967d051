"""The command line's parser, with help texts and a suggestion for every typo."""

import argparse
import functools
import os
from collections.abc import Sequence

from backup_contract import __version__
from backup_contract import exit_codes as exits
from backup_contract.kinds import KINDS
from backup_contract.options.choices import (
    add_assets,
    add_choices,
    add_only,
    add_selection,
    contradiction,
)
from backup_contract.options.parser import Parser
from backup_contract.options.values import number
from repo_backup.cli.help_texts import environment, examples
from repo_backup.cli.options import argument_types as types
from repo_backup.cli.options.item import add_item, without_late_item
from repo_backup.cli.options.point_in_time import add_at, add_two_runs
from repo_backup.cli.options.restore import add_kind, add_repositories, add_target
from repo_backup.cli.options.stack import add_run, add_stack
from repo_backup.cli.options.store import add_max_age, add_owner, add_store

_DESTINATION, _STACK = "ONLINE_BACKUP_DESTINATION", "ONLINE_BACKUP_STACK"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line. Exits with code 2 if it is wrong."""
    options, unknown = command_line().parse_known_args(arguments)
    asked: Parser = options.parser
    if unknown := without_late_item(options, unknown):
        asked.error(f"unknown: {' '.join(unknown)}")
    if "excluded_kinds" in options and (problem := contradiction(options)):
        asked.error(problem)
    return options


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands, cached for the same kinds and defaults in the environment."""
    stack = os.environ.get(_STACK, "onlinebackup")
    return _command_line(os.environ.get(_DESTINATION), stack, tuple(KINDS))


@functools.cache
def _command_line(
    destination: str | None, stack: str, _kinds: tuple[str, ...]
) -> argparse.ArgumentParser:
    parser = Parser(
        prog="repo-backup",
        description="Back up every repository of a GitHub account to a bucket or a directory,\n"
        "and prove that the backup can be restored.",
        epilog=f"{examples()}\n{environment()}\n{exits.describe()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"repo-backup {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_backup(commands, destination)
    _add_status(commands, destination)
    _add_list(commands, destination)
    _add_restore(commands, destination)
    _add_show(commands, destination)
    _add_diff(commands, destination)
    _add_verify(commands, destination)
    _add_prune(commands, destination)
    _add_acknowledge(commands, destination)
    _add_estimate(commands)
    _add_report(commands, destination)
    _add_evidence(commands, destination)
    _add_run_now(commands, stack)
    _add_check(commands, stack)
    return parser


def _command(commands: "argparse._SubParsersAction[Parser]", name: str, text: str) -> Parser:
    parser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"{examples(name)}\n{environment(name)}\n{exits.describe(name)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of a table"
    )
    return parser


def _add_backup(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "backup", "Back up what changed since the last run.")
    add_owner(parser)
    add_store(parser, "--destination", "where to store the archives", store)
    parser.add_argument(
        "--run-id",
        type=types.run_id,
        help="continue this run (default: start a new one, named after the time)",
    )
    parser.add_argument(
        "--attempt", type=number(1, 99), default=1, help="the number of this attempt of the run"
    )
    parser.add_argument(
        "--evidence",
        type=types.evidence,
        metavar="PREFIX",
        help="for the instances of a stack: where this attempt writes its manifest and progress "
        "(default: in the run's own documents)",
    )
    add_only(parser)
    add_choices(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what a run would do")


def _add_estimate(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = _command(commands, "estimate", "Estimate what an account would cost per month.")
    add_owner(parser)
    add_only(parser)
    add_selection(parser)
    add_assets(parser)
    parser.add_argument(
        "--every-days", type=number(1, 365), default=7, help="days between runs (default 7)"
    )
    parser.add_argument(
        "--changed-percent",
        type=number(0, 100),
        default=3,
        help="percentage of the data that changes between runs (default 3)",
    )
    parser.add_argument(
        "--keep-days",
        type=number(1, 3650),
        default=365,
        help="days that replaced archives are kept (default 365)",
    )


def _add_status(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "status", "Show whether the backups can be relied on.")
    add_store(parser, "--source", "where the archives are", store)
    parser.add_argument(
        "--runs", type=number(1, 1000), default=5, help="number of runs to show (default 5)"
    )
    add_max_age(parser)


def _add_restore(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "restore", "Restore repositories, checked by git.")
    add_repositories(parser)
    add_store(parser, "--source", "where the archives are", store)
    add_kind(parser)
    which = parser.add_mutually_exclusive_group()
    add_at(which, "the newest")
    which.add_argument(
        "--version-id",
        metavar="ID",
        type=types.not_empty,
        help="this version of the archive (see list --versions)",
    )
    add_target(parser)


def _add_show(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "show", "Show issues, pull requests, discussions and releases.")
    parser.add_argument("repository", metavar="OWNER/REPO", type=types.repository)
    add_item(parser)
    add_store(parser, "--source", "where the archives are", store)
    add_at(parser.add_mutually_exclusive_group(), "the newest")


def _add_list(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "list", "List what is in the backup.")
    add_store(parser, "--source", "where the archives are", store)
    what = parser.add_mutually_exclusive_group()
    add_at(what, "all that there is")
    what.add_argument("--runs", action="store_true", help="list the runs instead of the archives")
    what.add_argument(
        "--versions",
        metavar="OWNER/REPO",
        type=types.repository,
        help="list every version of this repository's archive",
    )


def _add_diff(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "diff", "Show what changed between two runs.")
    add_two_runs(parser)
    add_store(parser, "--source", "where the archives are", store)


def _add_verify(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "verify", "Read archives back and let git check every object.")
    parser.add_argument(
        "repositories",
        nargs="*",
        metavar="OWNER/REPO",
        type=types.restorable,
        help="all archives of these repositories, or of a pattern in quotation marks: 'OWNER/*'",
    )
    add_store(parser, "--source", "where the archives are", store)
    add_at(parser.add_mutually_exclusive_group(), "all that there is")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--sample",
        type=number(1, 10**6),
        help="number of archives to read, chosen at random (default 5)",
    )
    amount.add_argument("--all", action="store_true", help="read every archive")


def _add_prune(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(
        commands, "prune-objects", "List objects that nothing restorable needs; remove them."
    )
    add_store(parser, "--source", "where the objects are", store)
    parser.add_argument(
        "--older-than-days",
        type=number(1, 3650),
        metavar="DAYS",
        help="keep objects that are not older than this (default: the time for which the bucket's "
        "lifecycle rule keeps replaced versions; in a stack KeepVersionsDays)",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="remove the objects. A bucket with versioning gets delete markers, and S3 removes the "
        "bytes KeepVersionsDays later; elsewhere the removal is permanent. Fails while a run is in "
        "progress",
    )


def _add_acknowledge(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "acknowledge", "Confirm that rewritten history is not an attack.")
    parser.add_argument(
        "run_id",
        metavar="RUN",
        type=types.run_id,
        help="the run that reported it; findings of earlier runs are acknowledged, too",
    )
    add_store(parser, "--source", "where the archives are", store)


def _add_report(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "report", "Write a page about all runs and repositories.")
    add_store(parser, "--source", "where the archives are", store)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        type=types.directory,
        help="write DIR/index.html, one file that needs no network",
    )
    parser.add_argument(
        "--runs",
        type=number(1, 10**6),
        metavar="N",
        help="read only the newest N runs (default: all)",
    )
    add_max_age(parser)


def _add_evidence(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(
        commands, "evidence", "List when each repository was backed up, verified and restored."
    )
    add_store(parser, "--source", "where the archives are", store)
    parser.add_argument(
        "--csv", action="store_true", help="print CSV with all columns, for an auditor"
    )
    parser.add_argument(
        "--runs",
        type=number(1, 10**6),
        metavar="N",
        help="read only the newest N runs (default: all)",
    )


def _add_run_now(commands: "argparse._SubParsersAction[Parser]", stack: str) -> None:
    parser = _command(commands, "run-now", "Start a run of a deployed stack and follow it.")
    add_stack(parser, stack)
    add_run(parser)


def _add_check(commands: "argparse._SubParsersAction[Parser]", stack: str) -> None:
    parser = _command(commands, "check", "Check whether a deployed stack is in order.")
    add_stack(parser, stack)
