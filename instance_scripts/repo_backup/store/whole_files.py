"""Writes files that get their names only once they are complete and on disk."""

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from backup_contract.text import size
from repo_backup.runtime.errors import ConflictError, FatalError

INCOMING = ".incoming-"
"""The prefix of an unfinished file's name."""
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_CANNOT_LINK = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@contextlib.contextmanager
def replacing(root: Path, key: str, *, new: bool = False) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is complete and on disk.

    The name itself is flushed too: a marker is written last, and after a power cut its archives
    must have their names. ``new``: raises ConflictError if the name is taken.
    """
    target = root / key
    try:
        make_folder(target.parent)
        descriptor, name = tempfile.mkstemp(prefix=INCOMING, dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            _name(temporary, target, new=new)
            _sync(target.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(target, root, error) from error


def unwritable(target: Path, root: Path, error: OSError) -> FatalError:
    """What to say of a file below ``root`` that cannot be written, with the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = size(shutil.disk_usage(root).free if root.exists() else 0)
        remedy = f" ({free} free): make room there, or name another folder"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = ": name a folder that this user may write to"
    else:
        remedy = ""
    return FatalError(f"{target} cannot be written: {error.strerror}{remedy}")


def time_in(directory: Path) -> float:
    """The time in seconds by the clock of a directory's file system, or else this machine's."""
    try:
        with tempfile.TemporaryFile(dir=directory) as now:
            now.write(b"now")
            now.flush()
            return os.fstat(now.fileno()).st_mtime
    except OSError:
        return time.time()


def _name(temporary: Path, target: Path, *, new: bool) -> None:
    """Give a file its name. Raises ConflictError if ``new`` is set and the name is taken.

    Without hard links a file system cannot check that atomically; the lease excludes other writers.
    """
    if new:
        try:
            target.hardlink_to(temporary)
        except FileExistsError as error:
            raise ConflictError(f"{target} exists already") from error
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            if target.exists():
                raise ConflictError(f"{target} exists already") from error
        else:
            temporary.unlink()
            return
    temporary.replace(target)


def make_folder(directory: Path) -> None:
    """Create a directory and its parents, and flush their names to disk."""
    if not directory.is_dir():
        make_folder(directory.parent)
        directory.mkdir(exist_ok=True)
        _sync(directory.parent)


def _sync(directory: Path) -> None:
    """Flush the names in a directory to disk, if the system and the file system can do that."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)
