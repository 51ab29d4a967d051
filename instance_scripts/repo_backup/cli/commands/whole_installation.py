"""The commands that instances lack. Each reports that its code is missing there."""

import argparse
from importlib.util import find_spec

from repo_backup.runtime.errors import FatalError

_OF_THE_PAGE = ("repo_backup.page", "repo_backup.cli.commands.page_command", "jinja2")
"""Instances have neither this package nor the library that it needs."""


def evidence(options: argparse.Namespace) -> int:
    """``repo-backup evidence``. It reads the runs as the page does."""
    if find_spec("repo_backup.page") is None:
        raise FatalError(
            "this installation cannot list evidence: repo_backup.page is missing, as on the "
            "instances of a stack. Run it where the whole program is installed (pip install)"
        )
    from repo_backup.cli.commands.evidence_command import evidence

    return evidence(options)


def report(options: argparse.Namespace) -> int:
    """``repo-backup report``. Returns 0 if the page is complete, 3 if documents were unreadable."""
    missing = [each for each in _OF_THE_PAGE if find_spec(each) is None]
    if missing:
        raise FatalError(
            f"this installation cannot write pages: {missing[0]} is missing, as on the instances "
            "of a stack. Run report on a machine where the whole program is installed (pip install)"
        )
    from repo_backup.cli.commands.page_command import write_page

    return write_page(options)


def prune_objects(options: argparse.Namespace) -> int:
    """``repo-backup prune-objects``. The code that removes objects is not on instances."""
    if find_spec("repo_backup.prune") is None:
        raise FatalError(
            "this installation cannot remove objects: repo_backup.prune is missing, as on the "
            "instances of a stack. Run it where the whole program is installed (pip install)"
        )
    from repo_backup.cli.commands.prune_command import prune_objects

    return prune_objects(options)
