"""The directory in which mirrors are made; what killed runs left in it is removed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "repo_backup."
_ALIVE, _ARRIVING = ".alive", ".arriving"
_YOUNG_SECONDS = 3600.0


@contextlib.contextmanager
def scratch_directory(parent: Path | None = None) -> Iterator[Path]:
    """A directory below ``TMPDIR`` for the block, or below ``parent``.

    What an interrupted thread is still writing does not matter. A killed process removes nothing:
    its lock is gone with it, and by that the next one knows whose directory may go.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_leftovers(parent)
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent, ignore_cleanup_errors=True) as name,
        (Path(name) / _ARRIVING).open("w") as file,
    ):
        fcntl.flock(file, fcntl.LOCK_EX)
        # Not before it is locked: a sign of life that nobody holds is one that a killed one left.
        Path(file.name).rename(Path(name) / _ALIVE)
        yield Path(name)


def _remove_leftovers(parent: Path) -> None:
    for directory in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            status = directory.lstat()
            if status.st_uid == os.getuid() and _is_left(directory, status.st_mtime):
                shutil.rmtree(directory, ignore_errors=True)


def _is_left(directory: Path, modified_at: float) -> bool:
    """Whether nobody works there. Raises OSError where somebody does."""
    try:
        with (directory / _ALIVE).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return time.time() - modified_at > _YOUNG_SECONDS
    return True
