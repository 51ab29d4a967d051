"""Where a command finds what it works with: its store, and what reads from it."""

from pathlib import Path

from repo_backup.restore.archive_reader import Reader
from repo_backup.runtime.budgets import available_memory_bytes
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.retry import Patience
from repo_backup.store.base import DirectoryStore, Store
from repo_backup.store.s3 import open_bucket

S3 = "s3://"
SHARE = 0.8
"""Of the free disk and memory; the rest is for everybody else."""


def open_store(location: str, *, connections: int) -> Store:
    """The store at ``s3://BUCKET[/PREFIX]`` or in a directory."""
    if location.startswith(S3):
        return open_bucket(location.removeprefix(S3), connections=connections)
    return DirectoryStore(Path(location).expanduser().resolve())


def open_reader(store: Store, stop: Stop) -> Reader:
    """What reads archives back, in the memory that this machine can spare now."""
    return Reader(store, Patience(stop), int(available_memory_bytes() * SHARE))
