"""Builds the program's arguments on the instance, and checks them with its own parser. Pure."""

import re
import shlex
from argparse import Namespace
from collections.abc import Iterable
from typing import NoReturn

from backup_contract.options.choices import add_choices, contradiction, excluded_kinds
from backup_contract.options.grammar import REWRITE_GLOB, accepts, description
from backup_contract.options.parser import Parser
from shared.errors import RefusedError
from shared.model.run import Options

OWN_OPTIONS = {
    "--owner": "GitHubOwner names the account.",
    "--destination": "the archives go to the stack's own bucket; ExistingBucketName chooses one.",
    "--run-id": "the launcher names each run.",
    "--attempt": "the launcher counts the attempts.",
    "--evidence": "the launcher and the reporter use a fixed one.",
    "--dry-run": "no run would back anything up. To see whether a run would start, invoke the "
    'launcher with {"dry_run": true}.',
    "--only": 'it narrows a single run, {"only": [...]}; use --include for all runs.',
    "--json": "nobody reads its output there; the run's documents are in the bucket.",
    "--help": "it would only print the options, which docs/reference.md lists.",
    "-h": "it would only print the options, which docs/reference.md lists.",
}
"""Options of ``repo-backup backup`` that ``BackupOptions`` must not contain, and why."""
_EXAMPLE = "Give some like gh-pages,renovate/*, or refs/tags/nightly for tags."
_REMEDY = "Correct BackupOptions and deploy again; 'BackupOptions=\"\"' removes all of them."


class _RaisingParser(Parser):
    """Raises RefusedError where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        explanation = self.explain(message).replace("\n", "; ")
        raise _refused(explanation if explanation.endswith("?") else f"{explanation}.")


def program_arguments(
    owners: Iterable[str],
    backup_options: str,
    options: Options,
    known_rewrites: Iterable[str] = (),
    keep_versions_days: int = 0,
) -> list[str]:
    """The arguments that follow those of the bootstrap.

    History that upstream dropped stays pinned as long as replaced archives are kept,
    ``keep_versions_days`` (0: for ever), unless ``backup_options`` specify a time.

    Raises :class:`RefusedError` for arguments that the program would refuse.
    """
    try:
        chosen = shlex.split(backup_options)
    except ValueError as error:
        raise _refused(f"{error}: close every quotation mark that is opened.") from error
    _parse(chosen)
    if not accepts(backup_options):
        raise _refused(f"it accepts only these. {description()}")
    arguments = [word for owner in owners for word in ("--owner", owner)]
    if keep_versions_days:
        arguments += ["--keep-pins-days", str(keep_versions_days)]
    arguments += chosen
    for glob in known_rewrites:
        if not re.fullmatch(REWRITE_GLOB, glob):
            raise RefusedError("KnownRewrites", f"{glob!r} is not a glob of branches.", _EXAMPLE)
        arguments += ["--known-rewrites", glob]
    for pattern in options.only:
        if pattern == "--":  # argparse removes it wherever it is
            raise RefusedError("only", "'--' is not a name pattern.", 'Give some like ["name*"].')
        arguments += [f"--only={pattern}"] if pattern.startswith("-") else ["--only", pattern]
    return [*arguments, "--full"] if options.full else arguments


def takes(kind: str, backup_options: str) -> bool:
    """Whether a run with these options backs this kind up. Raises :class:`RefusedError`."""
    chosen = _parse(program_arguments((), backup_options, Options()))
    return kind not in excluded_kinds(chosen)


def _parse(arguments: list[str]) -> Namespace:
    parser = _RaisingParser(prog="BackupOptions", add_help=False, allow_abbrev=False)
    add_choices(parser)
    if "--" in arguments:
        raise _refused("--: whatever follows it would not count as an option.")
    options = Namespace()
    _, unknown = parser.parse_known_args(arguments, options)
    for word in unknown:
        name = word.partition("=")[0]
        if name in OWN_OPTIONS:
            raise _refused(f"{name}: {OWN_OPTIONS[name]}")
    if unknown:
        parser.error(f"unknown: '{unknown[0].partition('=')[0]}'")
    if problem := contradiction(options):
        raise _refused(f"{problem}.")
    return options


def _refused(problem: str) -> RefusedError:
    return RefusedError("BackupOptions", problem, _REMEDY)
