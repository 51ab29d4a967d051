"""Which repositories a backup takes, and how it goes about it."""

from argparse import ArgumentParser

from backup_contract.kinds import KINDS, further_kinds
from backup_contract.options.values import number, size, some_of

_ASSETS_KIB = 2 << 20


def add_only(parser: ArgumentParser) -> None:
    """What narrows a single run: the one choice that ``BackupOptions`` cannot hold."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="GLOB",
        help="this time nothing but these (may repeat); the others stay as earlier runs left them",
    )


def add_selection(parser: ArgumentParser) -> None:
    """Which repositories, as a rule."""
    parser.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help="in every run, only repositories whose names match (may repeat)",
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="not these (may repeat)"
    )
    parser.add_argument("--no-forks", action="store_true", help="leave forks out")
    parser.add_argument("--no-archived", action="store_true", help="leave archived ones out")
    for kind in further_kinds():
        parser.add_argument(
            kind.exclusion,
            action="append_const",
            dest="excluded_kinds",
            const=kind.name,
            default=[],
            help=f"leave {kind.many} out",
        )
    parser.add_argument(
        "--kinds",
        type=some_of([*KINDS], "kinds"),
        metavar="KINDS",
        help=f"nothing but these, as git,data; all: {','.join(KINDS)}",
    )
    parser.add_argument(
        "--max-size", type=size, metavar="SIZE", help="leave larger ones out (500M, 2G)"
    )


def add_choices(parser: ArgumentParser) -> None:
    """Which repositories, and how: all that ``BackupOptions`` may hold."""
    parser.add_argument(
        "--jobs", type=number(1, 64), default=16, help="repositories at once (default 16)"
    )
    add_selection(parser)
    parser.add_argument("--full", action="store_true", help="fetch also what has not changed")
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --full: give up earlier runs where the destination keeps no versions",
    )
    parser.add_argument(
        "--allow-shrink",
        action="store_true",
        help="accept a listing of less than half of last time's, or of nothing at all",
    )
    parser.add_argument(
        "--known-rewrites",
        action="append",
        default=[],
        metavar="GLOB",
        help="branches that are expected to be rewritten or deleted, such as gh-pages or "
        "renovate/* (may repeat); tags as refs/tags/GLOB",
    )
    parser.add_argument(
        "--keep-pins-days",
        type=number(1, 36500),
        metavar="DAYS",
        help="leave out of a new archive, put together from a bucket with versions, what upstream "
        "rewrote or deleted longer ago than this (default: keep it for ever)",
    )
    parser.add_argument(
        "--lfs",
        action="store_true",
        help="save the objects of Git LFS, too: GitHub bills their bandwidth to the owner",
    )
    parser.add_argument(
        "--max-lfs",
        type=size,
        metavar="SIZE",
        help="fetch no more of these objects in a run; the rest is left to later runs",
    )
    parser.add_argument(
        "--api-share",
        type=number(1, 100),
        default=80,
        metavar="PERCENT",
        help="use at most this share of GitHub's hourly limits for project data and leave the rest "
        "to others (default 80)",
    )
    parser.add_argument(
        "--max-assets",
        type=size,
        default=_ASSETS_KIB,
        metavar="SIZE",
        help="fetch no more of releases' files in a run (default 2G); the rest is left to later "
        "runs",
    )
    parser.add_argument("--no-assets", action="store_true", help="save no files of releases")
    parser.add_argument("--no-drill", action="store_true", help="skip the restore drill at the end")
    parser.add_argument(
        "--stall-timeout",
        type=number(1, 3600),
        default=60,
        metavar="SECONDS",
        help="give a silent connection up after this long (default 60)",
    )
