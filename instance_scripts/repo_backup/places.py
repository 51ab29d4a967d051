"""Where a command finds what it works with: its store, a temporary directory."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from repo_backup.s3 import open_bucket
from repo_backup.store import DirectoryStore, Store

S3 = "s3://"


def open_store(location: str, *, connections: int) -> Store:
    """The store at ``s3://BUCKET[/PREFIX]`` or in a directory."""
    if location.startswith(S3):
        return open_bucket(location.removeprefix(S3), connections=connections)
    return DirectoryStore(Path(location).expanduser().resolve())


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """Below ``TMPDIR``; what an interrupted thread is still writing does not matter."""
    with tempfile.TemporaryDirectory(prefix="repo_backup.", ignore_cleanup_errors=True) as name:
        yield Path(name)
