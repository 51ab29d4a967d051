"""The options of the commands for a deployed stack."""

import argparse

from backup_contract.options.values import glob, number
from repo_backup.cli.options import argument_types as types


def add_stack(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the options that select the stack."""
    parser.add_argument(
        "--stack",
        default=default,
        type=types.stack,
        metavar="NAME",
        help="the stack's name (default: $ONLINE_BACKUP_STACK, or onlinebackup)",
    )
    parser.add_argument("--region", help="the stack's region (default: as for the AWS CLI)")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run, and whether to wait for it."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        type=glob,
        metavar="GLOB",
        help="back up only repositories whose names match (may repeat)",
    )
    parser.add_argument(
        "--full", action="store_true", help="fetch everything, unchanged repositories included"
    )
    parser.add_argument("--on-demand", action="store_true", help="use an on-demand instance")
    parser.add_argument(
        "--dry-run", action="store_true", help="launch nothing; ask AWS whether it would"
    )
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the run to end")
    parser.add_argument(
        "--timeout",
        type=number(1, 10**5),
        default=1440,
        metavar="MINUTES",
        help="how long to wait (default: a day); the run continues",
    )
