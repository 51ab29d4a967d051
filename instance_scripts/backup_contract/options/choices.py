"""Defines the options that select repositories and control a backup."""

from argparse import ArgumentParser, Namespace

from backup_contract.kinds import ACCOUNT, DATA, KINDS, LFS, further_kinds
from backup_contract.options.values import glob, number, size, some_of

_ASSETS_KIB = 2 << 20


def add_only(parser: ArgumentParser) -> None:
    """Add ``--only``, which narrows a single run. ``BackupOptions`` cannot contain it."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        type=glob,
        metavar="GLOB",
        help="in this run, back up only repositories whose names match (may repeat); all others "
        "stay as earlier runs left them",
    )


def add_selection(parser: ArgumentParser) -> None:
    """Add the options that select repositories and kinds in every run."""
    parser.add_argument(
        "--include",
        action="append",
        default=[],
        type=glob,
        metavar="GLOB",
        help="in every run, back up only repositories whose names match (may repeat)",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        type=glob,
        metavar="GLOB",
        help="exclude repositories whose names match (may repeat)",
    )
    parser.add_argument(
        "--starred",
        action="store_true",
        help="also back up the repositories that the owner, a person, has starred (git only)",
    )
    parser.add_argument("--no-forks", action="store_true", help="exclude forks")
    parser.add_argument("--no-archived", action="store_true", help="exclude archived repositories")
    for kind in further_kinds():
        parser.add_argument(
            kind.exclusion,
            action="append_const",
            dest="excluded_kinds",
            const=kind.name,
            default=[],
            help=f"exclude {kind.many}",
        )
    parser.add_argument(
        "--kinds",
        type=some_of([*KINDS], "kinds"),
        metavar="KINDS",
        help=f"back up only these kinds, such as git,data; all kinds: {','.join(KINDS)}",
    )
    parser.add_argument(
        "--max-size",
        type=size,
        metavar="SIZE",
        help="exclude repositories larger than this (500M, 2G)",
    )


def add_assets(parser: ArgumentParser) -> None:
    """Add the options for release assets and attachments."""
    parser.add_argument(
        "--max-assets",
        type=size,
        default=_ASSETS_KIB,
        metavar="SIZE",
        help="download at most this much of release files and attachments in a run (default 2G); "
        "later runs download the rest",
    )
    parser.add_argument(
        "--no-assets", action="store_true", help="do not save the files of releases"
    )
    parser.add_argument(
        "--no-attachments",
        action="store_true",
        help="do not save the files that issues, pull requests and other texts link to",
    )


def add_choices(parser: ArgumentParser) -> None:
    """Add all options that ``BackupOptions`` may contain."""
    parser.add_argument(
        "--jobs",
        type=number(1, 64),
        default=16,
        help="repositories to process at once (default 16)",
    )
    add_selection(parser)
    parser.add_argument(
        "--full", action="store_true", help="fetch everything, unchanged repositories included"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --full: replace archives even if the destination keeps no versions; earlier "
        "runs can then no longer be restored",
    )
    parser.add_argument(
        "--allow-shrink",
        action="store_true",
        help="accept a listing with less than half of the last run's repositories, or with none",
    )
    parser.add_argument(
        "--known-rewrites",
        action="append",
        default=[],
        type=glob,
        metavar="GLOB",
        help="do not report it if these branches are rewritten or deleted, such as gh-pages or "
        "renovate/* (may repeat); name tags as refs/tags/GLOB",
    )
    parser.add_argument(
        "--keep-pins-days",
        type=number(1, 36500),
        metavar="DAYS",
        help="when a run combines an archive and its overlays, leave out commits that were "
        "rewritten or deleted on GitHub longer ago than this (default: keep them for ever)",
    )
    parser.add_argument(
        "--lfs",
        action="store_true",
        help="save Git LFS objects, too; GitHub bills their bandwidth to the repository's owner",
    )
    parser.add_argument(
        "--max-lfs",
        type=size,
        metavar="SIZE",
        help="download at most this much of Git LFS in a run; later runs download the rest",
    )
    parser.add_argument(
        "--api-share",
        type=number(1, 100),
        default=80,
        metavar="PERCENT",
        help="use at most this share of GitHub's hourly limits for project data (default 80)",
    )
    add_assets(parser)
    parser.add_argument("--no-drill", action="store_true", help="skip the restore drill at the end")
    parser.add_argument(
        "--stall-timeout",
        type=number(1, 3600),
        default=60,
        metavar="SECONDS",
        help="close a connection that is silent for this long (default 60)",
    )


def excluded_kinds(options: Namespace) -> dict[str, str]:
    """The kinds that :func:`add_selection`'s options exclude, each with the option that does it."""
    chosen = options.kinds or KINDS
    unchosen = {kind: f"--kinds {','.join(chosen)}" for kind in KINDS if kind not in chosen}
    excluded = {kind: KINDS[kind].exclusion for kind in options.excluded_kinds}
    # Without project data, an account's own data is excluded too.
    of_account = {ACCOUNT: excluded[DATA]} if DATA in excluded else {}
    return {**unchosen, **of_account, **excluded}


def contradiction(options: Namespace) -> str | None:
    """Two options of which one excludes what the other selects, with the remedy; None if there are
    none. With both, a run could be good although it saves nothing."""
    excluded, chosen = excluded_kinds(options), options.kinds or ()
    selected = {kind: f"--kinds {','.join(chosen)}" for kind in chosen}
    if getattr(options, "lfs", False):
        selected[LFS] = "--lfs"
    for kind, option in selected.items():
        if kind in excluded:
            return f"{option} contradicts {excluded[kind]}: remove one of the two"
    return None
