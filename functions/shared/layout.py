"""Every key in the bucket, once. The instance's program writes the same layout."""

from datetime import datetime

ARCHIVES = "github_backups/"
"""Prefix of all archives and, directly below it, the date markers."""


def program(sha256: str) -> str:
    """Where instances fetch the backup program whose zip has this SHA-256 (hex)."""
    return f"admin/init_scripts/repo_backup-{sha256}.zip"


def launch_record(run_id: str) -> str:
    """How the run's latest attempt was launched."""
    return f"runs/{run_id}/launch.json"


def progress(run_id: str) -> str:
    """The backup's own account of how far it is."""
    return f"runs/{run_id}/progress.json"


def log(run_id: str) -> str:
    """Everything the instance printed, uploaded by its bootstrap before it powers off."""
    return f"runs/{run_id}/backup.log"


def manifest(run_id: str) -> str:
    """What the run listed and what became of each repository."""
    return f"runs/{run_id}/manifest.json"


def report(run_id: str) -> str:
    """The reporter's verdict with its figures."""
    return f"runs/{run_id}/report.json"


def markers_from(moment: datetime) -> str:
    """A key that sorts just before every date marker completed in or after this UTC minute."""
    return f"{ARCHIVES}{moment:%Y-%m-%d-%H-%M}"
