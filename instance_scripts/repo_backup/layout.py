"""Every key below a destination, once. The launcher and the reporter use the same layout."""

from datetime import datetime

ARCHIVES = "github_backups/"
RUNS = "runs/"
LOCK = "runs/lock.json"
RUN_DOCUMENTS = ("/manifest.json", "/progress.json", "/report.json")
"""How the keys end by which a run is known."""


def archive(owner: str, name: str, *, wiki: bool = False) -> str:
    """Where the zip of a repository's (or its wiki's) mirror lies."""
    return f"{ARCHIVES}{owner}/{name}{'.wiki' if wiki else ''}.zip"


def archives_of(owner: str) -> str:
    """The prefix of an owner's archives."""
    return f"{ARCHIVES}{owner}/"


def manifest(run_id: str) -> str:
    """Where a run's manifest lies."""
    return f"{RUNS}{run_id}/manifest.json"


def progress(run_id: str) -> str:
    """Where a run says how far it is."""
    return f"{RUNS}{run_id}/progress.json"


def report(run_id: str) -> str:
    """Where the reporter writes its verdict, if there is a reporter."""
    return f"{RUNS}{run_id}/report.json"


def marker(completed_at: datetime) -> str:
    """The date marker of a run completed at this moment (UTC)."""
    return f"{ARCHIVES}{completed_at:%Y-%m-%d-%H-%M}.txt"
