"""Opens the store that a command works with."""

from pathlib import Path

from repo_backup.store.base import Store
from repo_backup.store.directory import DirectoryStore

S3 = "s3://"


def open_store(location: str, *, connections: int) -> Store:
    """The store at ``s3://BUCKET[/PREFIX]`` or in a directory.

    Only a bucket needs the SDK, whose import takes longer than all others together.
    """
    if location.startswith(S3):
        from repo_backup.store.s3 import open_bucket

        return open_bucket(location.removeprefix(S3), connections=connections)
    return DirectoryStore(Path(location).expanduser().resolve())
