"""The options that select the owner, the store, and the maximum age."""

import argparse

from backup_contract.options.values import number
from repo_backup.cli.options import argument_types as types


def add_owner(parser: argparse.ArgumentParser) -> None:
    """Whose repositories."""
    parser.add_argument(
        "--owner",
        action="extend",
        default=[],
        type=types.owners,
        metavar="NAME[,NAME]",
        help="user or organization (may repeat; default: everything that the token can see)",
    )


def add_store(parser: argparse.ArgumentParser, name: str, text: str, default: str | None) -> None:
    """Add ``--destination`` or ``--source``. ``text`` says what it is for."""
    parser.add_argument(
        name,
        dest="store",
        required=default is None,
        default=default,
        type=types.store if name == "--destination" else types.source,
        metavar="s3://BUCKET[/PREFIX]|DIRECTORY",
        help=f"{text} (default: $ONLINE_BACKUP_DESTINATION)",
    )


def add_max_age(parser: argparse.ArgumentParser) -> None:
    """Add the option for the maximum age of the newest good run."""
    parser.add_argument(
        "--max-age",
        type=number(1, 400),
        metavar="DAYS",
        help="maximum age of the newest good run (default: by the schedule in the newest run's "
        "report; without a report 8)",
    )
