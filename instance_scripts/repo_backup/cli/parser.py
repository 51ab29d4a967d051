"""The words of the command line, with help that teaches and a suggestion for every typo."""

import argparse
import functools
import os
from collections.abc import Sequence

from backup_contract import __version__
from backup_contract import exit_codes as exits
from backup_contract.kinds import GIT, KINDS, further_kinds
from backup_contract.options.choices import add_choices, add_only, add_selection
from backup_contract.options.parser import Parser
from backup_contract.options.values import number
from repo_backup.cli import argument_types as types
from repo_backup.cli.help_texts import ENVIRONMENT, EXAMPLES
from repo_backup.cli.item_options import add_item, without_late_item
from repo_backup.cli.many_options import add_new_owner, add_repositories
from repo_backup.cli.point_in_time_options import add_at, add_two_runs
from repo_backup.cli.stack_options import add_run, add_stack

_DESTINATION, _STACK = "ONLINE_BACKUP_DESTINATION", "ONLINE_BACKUP_STACK"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; exits with code 2 for a wrong command line."""
    options, unknown = command_line().parse_known_args(arguments)
    asked: Parser = options.parser
    if unknown := without_late_item(options, unknown):
        asked.error(f"unknown: {' '.join(unknown)}")
    return options


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands, made once for the same kinds, and defaults in the environment."""
    stack = os.environ.get(_STACK, "onlinebackup")
    return _command_line(os.environ.get(_DESTINATION), stack, tuple(KINDS))


@functools.cache
def _command_line(
    destination: str | None, stack: str, _kinds: tuple[str, ...]
) -> argparse.ArgumentParser:
    parser = Parser(
        prog="repo_backup",
        description="Mirror every repository and wiki of a GitHub account to a bucket or a "
        "directory, and prove that it can be restored.",
        epilog=f"{EXAMPLES}\n{ENVIRONMENT}\n{exits.describe()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"repo_backup {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_backup(commands, destination)
    _add_status(commands, destination)
    _add_list(commands, destination)
    _add_restore(commands, destination)
    _add_show(commands, destination)
    _add_diff(commands, destination)
    _add_verify(commands, destination)
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
        epilog=f"{ENVIRONMENT}\n{exits.describe(name)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser


def _add_backup(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "backup", "Mirror what changed since the last run.")
    _add_owner(parser)
    _add_store(parser, "--destination", "where the archives go", store)
    parser.add_argument(
        "--run-id",
        type=types.run_id,
        help="continue this run; default: a new one named after the time",
    )
    parser.add_argument("--attempt", type=number(1, 99), default=1, help="which attempt of the run")
    parser.add_argument(
        "--evidence",
        type=types.evidence,
        metavar="PREFIX",
        help="where this attempt alone may write how it goes; the launcher and the reporter of a "
        "stack read it there (default: in the run's own documents)",
    )
    add_only(parser)
    add_choices(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _add_estimate(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = _command(commands, "estimate", "Say what an account would cost per month, about.")
    _add_owner(parser)
    add_only(parser)
    add_selection(parser)
    parser.add_argument(
        "--every-days", type=number(1, 365), default=7, help="days between runs (default 7)"
    )
    parser.add_argument(
        "--changed-percent",
        type=number(0, 100),
        default=3,
        help="how much of it changes between runs (default 3)",
    )
    parser.add_argument(
        "--keep-days",
        type=number(1, 3650),
        default=365,
        help="how long replaced archives are kept (default 365)",
    )


def _add_status(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "status", "Say whether the backups can be relied on.")
    _add_store(parser, "--source", "where the archives are", store)
    parser.add_argument(
        "--runs", type=number(1, 1000), default=5, help="show so many runs (default 5)"
    )
    _add_max_age(parser)


def _add_max_age(parser: Parser) -> None:
    parser.add_argument(
        "--max-age",
        type=number(1, 400),
        metavar="DAYS",
        help="the newest good run may be so old (default: as the schedule in the newest run's "
        "report has it, 8 where there is none)",
    )


def _add_restore(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "restore", "Bring repositories back, checked by git.")
    add_repositories(parser)
    _add_store(parser, "--source", "where the archives are", store)
    what = parser.add_mutually_exclusive_group()
    for kind in further_kinds():
        what.add_argument(
            kind.choice,
            action="store_const",
            dest="kind",
            const=kind.name,
            default=GIT,
            help=f"its {kind.one} instead" if not kind.of_account else "the owner's own data",
        )
    which = parser.add_mutually_exclusive_group()
    add_at(which, "the newest")
    which.add_argument(
        "--version-id", metavar="ID", help="this version of a bucket (see list --versions)"
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--into",
        "--to",
        metavar="DIR",
        help="write the bare mirror DIR/REPO.git, ready to clone, and DIR/REPO.data; of several "
        "repositories DIR/OWNER/REPO.git and so on",
    )
    target.add_argument(
        "--push-to",
        metavar="URL",
        help="push all branches, tags and other refs to this empty repository",
    )
    add_new_owner(parser, target)
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --push-to: it need not be empty; refs of the same name are overwritten",
    )


def _add_show(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(
        commands, "show", "Read issues, pull requests, discussions and releases in the backup."
    )
    parser.add_argument("repository", metavar="OWNER/REPO", type=types.repository)
    add_item(parser)
    _add_store(parser, "--source", "where the archives are", store)
    add_at(parser.add_mutually_exclusive_group(), "the newest")


def _add_list(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "list", "Say what is in the backup.")
    _add_store(parser, "--source", "where the archives are", store)
    what = parser.add_mutually_exclusive_group()
    add_at(what, "all that there is")
    what.add_argument("--runs", action="store_true", help="the runs instead of the archives")
    what.add_argument(
        "--versions",
        metavar="OWNER/REPO",
        type=types.repository,
        help="every version of one repository's archive",
    )


def _add_diff(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "diff", "Say what became other between two runs.")
    add_two_runs(parser)
    _add_store(parser, "--source", "where the archives are", store)


def _add_verify(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "verify", "Read archives back and let git check every object.")
    _add_store(parser, "--source", "where the archives are", store)
    add_at(parser.add_mutually_exclusive_group(), "all that there is")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--sample", type=number(1, 10**6), default=5, help="so many (default 5)")
    amount.add_argument("--all", action="store_true", help="every archive")


def _add_acknowledge(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(
        commands, "acknowledge", "Say that rewritten history which looks like an attack is none."
    )
    parser.add_argument(
        "run_id",
        metavar="RUN",
        type=types.run_id,
        help="the run that found it; what earlier runs found is acknowledged, too",
    )
    _add_store(parser, "--source", "where the archives are", store)


def _add_owner(parser: Parser) -> None:
    parser.add_argument(
        "--owner",
        action="extend",
        default=[],
        type=types.owners,
        metavar="NAME[,NAME]",
        help="user or organisation (may repeat); without it all that the token can see",
    )


def _add_store(parser: Parser, name: str, text: str, default: str | None) -> None:
    parser.add_argument(
        name,
        dest="store",
        required=default is None,
        default=default,
        type=types.store if name == "--destination" else types.source,
        metavar="s3://BUCKET[/PREFIX]|DIRECTORY",
        help=f"{text} (default: $ONLINE_BACKUP_DESTINATION)",
    )


def _add_report(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(commands, "report", "Write a page about all runs and repositories.")
    _add_store(parser, "--source", "where the archives are", store)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        type=types.directory,
        help="write DIR/index.html, one file that needs no network",
    )
    parser.add_argument(
        "--runs", type=number(1, 10**6), metavar="N", help="the newest N (default: all)"
    )
    _add_max_age(parser)


def _add_evidence(commands: "argparse._SubParsersAction[Parser]", store: str | None) -> None:
    parser = _command(
        commands, "evidence", "List when each repository was backed up, verified and restored."
    )
    _add_store(parser, "--source", "where the archives are", store)
    parser.add_argument("--csv", action="store_true", help="CSV with all columns, for an auditor")
    parser.add_argument(
        "--runs", type=number(1, 10**6), metavar="N", help="the newest N (default: all)"
    )


def _add_run_now(commands: "argparse._SubParsersAction[Parser]", stack: str) -> None:
    parser = _command(commands, "run-now", "Start a run of a deployed stack and follow it.")
    add_stack(parser, stack)
    add_run(parser)


def _add_check(commands: "argparse._SubParsersAction[Parser]", stack: str) -> None:
    parser = _command(commands, "check", "Ask a deployed stack whether everything is in order.")
    add_stack(parser, stack)
