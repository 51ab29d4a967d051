"""The options of the commands that speak to a deployed stack."""

import argparse

from backup_contract.options.values import number


def add_stack(parser: argparse.ArgumentParser, default: str) -> None:
    """Which stack it is."""
    parser.add_argument(
        "--stack",
        default=default,
        metavar="NAME",
        help="the stack's name (default: $ONLINE_BACKUP_STACK, or onlinebackup)",
    )
    parser.add_argument("--region", help="the stack's region (default: as for the AWS CLI)")


def add_run(parser: argparse.ArgumentParser) -> None:
    """What is to be run, and whether to wait for it."""
    parser.add_argument(
        "--only", action="append", default=[], metavar="GLOB", help="nothing but these (may repeat)"
    )
    parser.add_argument("--full", action="store_true", help="fetch also what has not changed")
    parser.add_argument("--on-demand", action="store_true", help="no spot instance")
    parser.add_argument(
        "--dry-run", action="store_true", help="launch nothing, ask AWS if it would"
    )
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the report")
    parser.add_argument(
        "--timeout",
        type=number(1, 10**5),
        default=1440,
        metavar="MINUTES",
        help="wait so long (default a day); the run goes on",
    )
