"""The options that select the state of a run or a day."""

import argparse

from repo_backup.cli.options import argument_types as types

_MEANING = (
    "a run, or a date such as 2026-11-27 (UTC), which selects the newest complete run that began "
    "on that day or before"
)


def add_at(parser: "argparse._MutuallyExclusiveGroup", default: str) -> None:
    """Add ``--at`` and the older ``--run-id``."""
    parser.add_argument(
        "--at",
        metavar="RUN|DATE",
        type=types.point_in_time,
        help=f"as of {_MEANING} (default: {default})",
    )
    parser.add_argument("--run-id", metavar="RUN", help="the same as --at RUN")


def add_two_runs(parser: argparse.ArgumentParser) -> None:
    """Add the two runs that ``diff`` compares."""
    for name, which, text in (
        ("before", "RUN1", _MEANING),
        ("after", "RUN2", "the run to compare it with, or a date likewise"),
    ):
        parser.add_argument(name, metavar=which, type=types.point_in_time, help=text)
    parser.add_argument(
        "--no-refs",
        action="store_true",
        help="do not compare refs and items, which takes some requests for each changed archive",
    )
