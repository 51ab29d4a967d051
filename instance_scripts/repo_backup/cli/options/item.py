"""The argument of ``show`` that selects a list of items, or one of them."""

import argparse

from repo_backup.cli.options import argument_types as types


def add_item(parser: argparse.ArgumentParser) -> None:
    """Add the argument: a kind of item or a number; the overview without it."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="issues|pulls|discussions|releases|NUMBER",
        type=types.item,
        help="a list, or the item with this number (default: how many of each are saved)",
    )


def without_late_item(options: argparse.Namespace, unknown: list[str]) -> list[str]:
    """The unknown arguments except the item, if that came after an option.

    Python 3.11 then treats an optional argument as absent. Exits with code 2 for an invalid one.
    https://github.com/python/cpython/issues/59317
    """
    late = bool(unknown) and not unknown[0].startswith("-")
    if options.command != "show" or options.what is not None or not late:
        return unknown
    try:
        options.what = types.item(unknown[0])
    except argparse.ArgumentTypeError as error:
        options.parser.error(str(error))
    return unknown[1:]
