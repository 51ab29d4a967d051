"""What the backup program is told on the instance, judged by the program's own parser. Pure."""

import re
import shlex
from argparse import Namespace
from collections.abc import Iterable
from typing import NoReturn

from backup_contract.options.choices import add_choices
from backup_contract.options.grammar import REWRITE_GLOB, accepts, description
from backup_contract.options.parser import Parser
from shared.errors import RefusedError
from shared.model.run import Options

OWN_OPTIONS = {
    "--owner": "whose repositories they are says GitHubOwner.",
    "--destination": "the archives go to the stack's own bucket; ExistingBucketName chooses one.",
    "--run-id": "the launcher names each run.",
    "--attempt": "the launcher counts the attempts.",
    "--evidence": "the launcher and the reporter agree on it.",
    "--dry-run": "nothing would ever be backed up. To see whether a run would start, invoke the "
    'launcher with {"dry_run": true}.',
    "--only": 'it narrows a single run, {"only": [...]}; --include is the choice for all runs.',
    "--json": "nobody reads it there; the run's documents are in the bucket.",
    "--help": "it would only print the options; docs/reference.md has them.",
    "-h": "it would only print the options; docs/reference.md has them.",
}
"""What ``repo_backup backup`` understands and ``BackupOptions`` must not hold, and why not."""
_EXAMPLE = "Give some like gh-pages,renovate/*, or refs/tags/nightly for tags."
_REMEDY = "Correct BackupOptions and deploy again; 'BackupOptions=\"\"' takes all of them away."


class _Judge(Parser):
    """Refuses what argparse would end the process for."""

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
    """The words that follow those of the bootstrap.

    What upstream dropped is pinned for as long as replaced archives are kept,
    ``keep_versions_days`` (0: for ever), unless ``backup_options`` say how long.

    Raises :class:`RefusedError` for any by which the program would end before it began.
    """
    try:
        chosen = shlex.split(backup_options)
    except ValueError as error:
        raise _refused(f"{error}: close every quotation mark that is opened.") from error
    _judge(chosen)
    if not accepts(backup_options):
        raise _refused(f"it may hold no more than this. {description()}")
    words = [word for owner in owners for word in ("--owner", owner)]
    if keep_versions_days:
        words += ["--keep-pins-days", str(keep_versions_days)]
    words += chosen
    for glob in known_rewrites:
        if not re.fullmatch(REWRITE_GLOB, glob):
            raise RefusedError("KnownRewrites", f"{glob!r} is no glob of branches.", _EXAMPLE)
        words += ["--known-rewrites", glob]
    for pattern in options.only:
        if pattern == "--":  # argparse takes it away wherever it stands
            raise RefusedError("only", "'--' is no name pattern.", 'Give some like ["name*"].')
        words += [f"--only={pattern}"] if pattern.startswith("-") else ["--only", pattern]
    return [*words, "--full"] if options.full else words


def takes(kind: str, backup_options: str) -> bool:
    """Whether a run with these options backs this kind up. Raises :class:`RefusedError`."""
    chosen = _judge(program_arguments((), backup_options, Options()))
    return kind not in chosen.excluded_kinds and kind in (chosen.kinds or (kind,))


def _judge(words: list[str]) -> Namespace:
    parser = _Judge(prog="BackupOptions", add_help=False, allow_abbrev=False)
    add_choices(parser)
    if "--" in words:
        raise _refused("--: what follows it would be no options any more.")
    options = Namespace()
    _, unknown = parser.parse_known_args(words, options)
    for word in unknown:
        name = word.partition("=")[0]
        if name in OWN_OPTIONS:
            raise _refused(f"{name}: {OWN_OPTIONS[name]}")
    if unknown:
        parser.error(f"unknown: '{unknown[0].partition('=')[0]}'")
    return options


def _refused(problem: str) -> RefusedError:
    return RefusedError("BackupOptions", problem, _REMEDY)
