"""Opens the store from which ``prune-objects`` removes binaries."""

from pathlib import Path

from repo_backup.store.open import S3
from repo_backup.store.prunable import PrunableStore
from repo_backup.store.prunable_directory import PrunableDirectory


def open_prunable(location: str, *, connections: int) -> PrunableStore:
    """The store at ``s3://BUCKET[/PREFIX]`` or in a directory."""
    if location.startswith(S3):
        from repo_backup.store.prunable_bucket import PrunableBucket
        from repo_backup.store.s3 import open_bucket_as

        return open_bucket_as(PrunableBucket, location.removeprefix(S3), connections=connections)
    return PrunableDirectory(Path(location).expanduser().resolve())
