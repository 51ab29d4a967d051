"""The table of runs that ``status`` and ``list --runs`` print."""

from collections.abc import Sequence

from backup_contract.documents.output.runs import RunRow
from backup_contract.text import size
from repo_backup.cli.output import print_table
from repo_backup.health import run_rows


def _failed(run: RunRow) -> str:
    """The counts of failed repositories and gists, and of accounts with incomplete data."""
    others = (("gist", run["failed_gists"]), ("account", run["failed_accounts"]))
    named = [f" and {count} {noun}{'s' * (count != 1)}" for noun, count in others if count]
    return f"{run['failed']}{''.join(named)}"


def print_runs(runs: Sequence[RunRow]) -> None:
    """Print one line for each run."""
    print_table(
        ("run", "verdict", "listed", "backed up", "unchanged", "failed", "stored"),
        [
            (
                run["run_id"],
                run_rows.word(run) + run_rows.label(run),
                str(run["listed"]),
                str(run["backed_up"]),
                str(run["unchanged"]),
                _failed(run),
                size(run["bytes_stored"]),
            )
            for run in runs
        ],
    )
