"""The temporary directory of a run. Removes those that killed runs left behind."""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from repo_backup.runtime.errors import DiskFullError, InterruptedRunError, RepositoryError

_PREFIX = "repo_backup."
_ALIVE, _ARRIVING = ".alive", ".arriving"
_UNLOCKED_SECONDS = 3600.0
"""A directory without its lock file is removed after this: its run was killed while creating it."""
_ATTEMPTS, _PAUSE_SECONDS = 20, 0.05


@contextlib.contextmanager
def scratch_directory(parent: Path | None = None) -> Iterator[Path]:
    """A directory below ``parent`` (default: ``TMPDIR``) for the block.

    What an interrupted thread still writes is removed, too. A killed process leaves its directory,
    but the system releases its lock; the next run then removes the directory.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_leftovers(parent)
    name = ""
    try:
        with (
            tempfile.TemporaryDirectory(
                prefix=_PREFIX, dir=parent, ignore_cleanup_errors=True
            ) as name,
            (Path(name) / _ARRIVING).open("w") as file,
        ):
            fcntl.flock(file, fcntl.LOCK_EX)
            # Rename only once it is locked: an unlocked file marks a killed process's directory.
            Path(file.name).rename(Path(name) / _ALIVE)
            yield Path(name)
    except InterruptedRunError:
        if name:
            _remove_again(Path(name))
        raise


def _remove_again(directory: Path) -> None:
    """An interrupted thread that still writes creates the directory again, for a moment."""
    for _ in range(_ATTEMPTS):
        time.sleep(_PAUSE_SECONDS)
        if not directory.exists():
            return
        shutil.rmtree(directory, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    for directory in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            status = directory.lstat()
            if status.st_uid == os.getuid() and _is_leftover(directory, status.st_mtime):
                shutil.rmtree(directory, ignore_errors=True)


def _is_leftover(directory: Path, modified_at: float) -> bool:
    """Whether no process uses the directory. Raises OSError if one does."""
    try:
        with (directory / _ALIVE).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return time.time() - modified_at > _UNLOCKED_SECONDS
    return True


@contextlib.contextmanager
def scratch_room(directory: Path) -> Iterator[Path]:
    """A directory of its own; what cannot be removed of it is left to whoever tidies up."""
    room = Path(tempfile.mkdtemp(dir=directory))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def disk_error(error: OSError) -> RepositoryError:
    """The error of an item for which the temporary directory fails."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError("the temporary directory is full")
    return RepositoryError(f"the temporary directory fails: {error.strerror}")
