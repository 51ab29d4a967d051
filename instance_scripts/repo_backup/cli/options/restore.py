"""The options of ``restore``: which repositories, which kinds, and the target."""

import argparse
import os

from backup_contract.kinds import ACCOUNT, GIST, GIT, LFS, further_kinds
from backup_contract.options.values import WILDCARDS, number
from repo_backup.cli.options import argument_types as types

_MOST_JOBS = 64
_INSTEAD = {
    ACCOUNT: "the data of the account OWNER instead",
    GIST: "gists instead: all of OWNER, or one as OWNER/ID",
    LFS: "its LFS objects alone, into a mirror that was restored before",
}


def add_repositories(parser: argparse.ArgumentParser) -> None:
    """Add the names, ``--all`` and ``--jobs``."""
    parser.add_argument(
        "repositories",
        nargs="*",
        metavar="OWNER/REPO",
        type=types.restorable,
        help="one or more repositories, or a pattern in quotation marks: 'OWNER/*'",
    )
    parser.add_argument("--all", action="store_true", help="every repository in the backup")
    parser.add_argument(
        "--jobs",
        type=number(1, _MOST_JOBS),
        default=min(_MOST_JOBS, os.cpu_count() or 1),
        help="repositories to restore at once (default: one for each processor)",
    )


def add_kind(parser: argparse.ArgumentParser) -> None:
    """Add an option for each kind besides the repository's own git."""
    what = parser.add_mutually_exclusive_group()
    for kind in further_kinds():
        what.add_argument(
            kind.choice,
            action="store_const",
            dest="kind",
            const=kind.name,
            default=GIT,
            help=_INSTEAD.get(kind.name, f"its {kind.one} alone"),
        )


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add ``--into``, ``--push-to``, ``--push-to-owner``, and their companions."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--into",
        "--to",
        metavar="DIR",
        type=types.directory,
        help="write DIR/REPO.git, a bare mirror ready to clone, and DIR/REPO.data; for several "
        "repositories DIR/OWNER/REPO.git and so on",
    )
    target.add_argument(
        "--push-to",
        metavar="URL",
        type=types.not_empty,
        help="push all branches, tags and other refs to this empty repository",
    )
    _add_new_owner(parser, target)
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --push-to: push even if the repository is not empty, and overwrite refs of the "
        "same name",
    )


def _add_new_owner(
    parser: argparse.ArgumentParser, target: "argparse._MutuallyExclusiveGroup"
) -> None:
    target.add_argument(
        "--push-to-owner",
        metavar="NAME",
        type=types.owner,
        help="create each repository in this organization or account on GitHub, and push to it",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="with --push-to-owner: create repositories without asking",
    )


def check_names(options: argparse.Namespace) -> None:
    """Exit with code 2 for an owner alone where a repository is required, and the reverse. For
    gists, an owner selects all of the owner's."""
    for place, name in enumerate(options.repositories):
        if options.kind == ACCOUNT and "/" in name:
            options.parser.error(f"--account: it goes with OWNER alone, not with {name!r}")
        alone = "/" not in name and not WILDCARDS & {*name}
        if alone and options.kind not in (ACCOUNT, GIST):
            options.parser.error(
                f"{name!r} is not OWNER/REPO; OWNER alone goes with --account and --gists"
            )
        if alone and options.kind == GIST:
            options.repositories[place] = f"{name}/*"


def names_one(options: argparse.Namespace) -> bool:
    """Whether a single repository is named. Exits with code 2 if none is."""
    if options.all and options.repositories:
        options.parser.error("--all cannot be combined with names")
    if not options.all and not options.repositories:
        options.parser.error("name a repository as OWNER/REPO, several, 'OWNER/*', or --all")
    if options.push_to_owner:
        return False
    return len(options.repositories) == 1 and not WILDCARDS & {*options.repositories[0]}
