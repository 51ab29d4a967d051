"""The word by which ``show`` is asked for a list of items, or for one of them."""

import argparse

from repo_backup.cli import argument_types as types


def add_item(parser: argparse.ArgumentParser) -> None:
    """A kind of item or a number; neither: the overview."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="issues|pulls|discussions|releases|NUMBER",
        type=types.item,
        help="a list, or one of them by its number (default: how much there is of each)",
    )


def without_late_item(options: argparse.Namespace, unknown: list[str]) -> list[str]:
    """What is unknown besides the item, if that came after an option.

    Python 3.11 then takes an optional word for absent. Exits with code 2 for a word that is none.
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
