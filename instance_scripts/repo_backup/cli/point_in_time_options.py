"""The options by which a command asks for what a run or a day had."""

import argparse

from repo_backup.cli import argument_types as types

_MEANING = (
    "a run, or a day such as 2026-11-27 (UTC), which means the newest complete run that began on "
    "that day or before it"
)


def add_at(parser: "argparse._MutuallyExclusiveGroup", default: str) -> None:
    """``--at`` and the older ``--run-id``."""
    parser.add_argument(
        "--at",
        metavar="RUN|DATE",
        type=types.point_in_time,
        help=f"as of {_MEANING} (default: {default})",
    )
    parser.add_argument("--run-id", metavar="RUN", help="as of this run, the same as --at RUN")


def add_two_runs(parser: argparse.ArgumentParser) -> None:
    """The two runs that ``diff`` compares."""
    for name, which in (("before", "RUN1"), ("after", "RUN2")):
        parser.add_argument(name, metavar=which, type=types.point_in_time, help=_MEANING)
    parser.add_argument(
        "--no-refs",
        action="store_true",
        help="do not read the refs and items of what changed, some requests for each archive",
    )
