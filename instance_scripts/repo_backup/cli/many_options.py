"""How ``restore`` is told which repositories, one or many."""

import argparse
import os

from backup_contract.kinds import ACCOUNT
from backup_contract.options.values import number
from repo_backup.cli import argument_types as types
from repo_backup.restore.selected_archives import WILDCARDS

_MOST_JOBS = 64


def add_repositories(parser: argparse.ArgumentParser) -> None:
    """The names, ``--all`` and ``--jobs``."""
    parser.add_argument(
        "repositories",
        nargs="*",
        metavar="OWNER/REPO",
        type=types.restorable,
        help="one or more, also as a pattern in quotation marks: 'OWNER/*'",
    )
    parser.add_argument("--all", action="store_true", help="every repository that is in the backup")
    parser.add_argument(
        "--jobs",
        type=number(1, _MOST_JOBS),
        default=min(_MOST_JOBS, os.cpu_count() or 1),
        help="of many repositories so many at once (default: one for each processor)",
    )


def add_new_owner(
    parser: argparse.ArgumentParser, target: "argparse._MutuallyExclusiveGroup"
) -> None:
    """``--push-to-owner`` and ``--yes``."""
    target.add_argument(
        "--push-to-owner",
        metavar="NAME",
        type=types.owner,
        help="create each repository in this organisation or account of GitHub, and push to it",
    )
    parser.add_argument(
        "--yes", action="store_true", help="with --push-to-owner: create them without asking"
    )


def check_names(options: argparse.Namespace) -> None:
    """End with code 2 for an owner's name alone where repositories are meant."""
    for name in options.repositories:
        if "/" not in name and not WILDCARDS & {*name} and options.kind != ACCOUNT:
            options.parser.error(f"{name!r} is not OWNER/REPO; OWNER alone goes with --account")


def names_one(options: argparse.Namespace) -> bool:
    """Whether one repository is meant by its name. Ends with code 2 where none is."""
    if options.all and options.repositories:
        options.parser.error("--all: it takes no names; leave either out")
    if not options.all and not options.repositories:
        options.parser.error("name a repository as OWNER/REPO, several, 'OWNER/*', or --all")
    if options.push_to_owner:
        return False
    return len(options.repositories) == 1 and not WILDCARDS & {*options.repositories[0]}
