"""A directory as a store."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import iso
from repo_backup.runtime.errors import ConflictError, FatalError, NotFoundError, NotHandedOutError
from repo_backup.store.base import Blob, Body, Capabilities, Stored, Tagged, Version, most_bytes

_BLOCK_BYTES = 1024 * 1024
_INCOMING = ".incoming-"
_NO_FILE = "no file"
"""The tag of a directory, a pipe or a link that leads nowhere."""

_RIGHTS = "run as a user who may read it, or change its rights"
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_CANNOT_LINK = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


class DirectoryStore:
    """A directory as destination; it keeps one version of everything."""

    part_bytes = 64 * _BLOCK_BYTES
    capabilities = Capabilities(conditional_writes=True, versions=False, full_checksums=False)

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def case_sensitive(self) -> bool:
        """Whether the file system tells ``A`` from ``a``."""
        _make(self._root)
        with tempfile.TemporaryDirectory(prefix=".case.", dir=self._root) as directory:
            (Path(directory) / "a").touch()
            return not (Path(directory) / "A").exists()

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """Copy the archive to a temporary file, flush it to disk, rename it."""
        try:
            with self._replacing(key, new=new) as file:
                for block in archive.blocks():
                    file.write(block)
        except ConflictError:
            if not self._holds(key, archive):
                raise
        return Stored(archive.size)

    def _holds(self, key: str, archive: Blob) -> bool:
        with (self._root / key).open("rb") as file:
            same = all(file.read(len(block)) == block for block in archive.blocks())
            return same and not file.read(1)

    def put_object(self, key: str, body: Body, *, replace: bool = False) -> None:
        """As an archive: a file that takes its name when it is whole and on disk."""
        with self._replacing(key, new=not replace) as file:
            while block := body.read(_BLOCK_BYTES):
                file.write(block)

    def object_sha256(self, key: str) -> str | None:
        """By reading the file; of what is no file None."""
        path = self._root / key
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            _unless_missing(error)
        return None

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write a file; the content type has no place in a directory."""
        with self._replacing(key) as file:
            file.write(data)

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """Compare and write under a file lock, which the system lifts when a process is killed.

        There is one for all keys, under the name that the first programs gave to the lease's.
        """
        lock = self._root / layout.LOCK
        _make(lock.parent)
        with (lock.parent / f".{lock.name}.guard").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if self._tag(key) != tag:
                raise ConflictError(f"{key} was written by another process")
            self.write(key, data)
            return hashlib.sha256(data).hexdigest()

    def read(self, key: str) -> bytes | None:
        """A file's bytes; what is no file, or may not be read, is damaged."""
        path, most = self._root / key, most_bytes(key)
        try:
            # Whoever opens a pipe waits for somebody who writes into it.
            if not path.is_file() and path.exists():
                raise DamagedError("", "it is no file")
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size > most:
                    raise DamagedError("", f"it has {size} bytes, {most} at most")
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            remedy = f"; {_RIGHTS}" if isinstance(error, PermissionError) else ""
            raise DamagedError("", f"it cannot be read: {error.strerror}{remedy}") from error

    def read_tagged(self, key: str) -> Tagged | None:
        """A file's bytes; its tag is their SHA-256. A new file beside it tells the time there, this
        machine's clock where none may be made: whoever only reads gets its answer, too.

        What is no file holds nothing. Raises FatalError where it may not be read.
        """
        target, tag = self._root / key, self._tag(key)
        if tag is None:
            return None
        if tag == _NO_FILE:
            return Tagged(
                b"", tag, datetime.fromtimestamp(target.lstat().st_mtime, UTC), timedelta()
            )
        with target.open("rb") as file:
            written = os.fstat(file.fileno()).st_mtime
            data = file.read(most_bytes(key))
        age = timedelta(seconds=_time_in(target.parent) - written)
        return Tagged(data, tag, datetime.fromtimestamp(written, UTC), age)

    def _tag(self, key: str) -> str | None:
        path = self._root / key
        try:
            # Whoever opens a pipe waits for somebody who writes into it.
            if os.path.lexists(path) and not path.is_file():
                return _NO_FILE
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            _unless_missing(error)
        return None

    def objects(self, prefix: str) -> dict[str, Stored]:
        """The files below a directory, without those still being written, and the system's own.

        A run's folder that cannot be listed is named by whoever reads that run's manifest.
        """

        def unless_a_run(error: OSError) -> None:
            if self._root / layout.RUNS not in Path(error.filename).parents:
                _unless_missing(error)

        top = self._root / prefix.rpartition("/")[0]
        found = (
            Path(folder, name)
            for folder, _, names in os.walk(top, onerror=unless_a_run)
            for name in names
            if not _is_hidden(name)
        )
        return {
            key: Stored(path.stat().st_size)
            for path in found
            if (key := path.relative_to(self._root).as_posix()).startswith(prefix)
            and path.is_file()
        }

    def names(self, folder: str, since: str) -> Iterator[str]:
        """What a directory holds, sorted: what is no file takes a name, too."""
        names = (folder + name for name in _names(self._root / folder))
        yield from sorted(key for key in names if key >= since)

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """By the manifests' times of modification; by its own of a run's folder nobody may list.

        Such a run is given, so that whoever reads its manifest names what cannot be read.
        """
        written = []
        try:
            for folder in os.scandir(self._root / layout.RUNS):
                try:
                    written += self._written_in(folder.name)
                except OSError:
                    unread = folder.stat(follow_symlinks=False)
                    written.append((layout.manifest(folder.name), unread.st_mtime_ns))
        except OSError as error:
            _unless_missing(error)
        found = evidence.manifests(written)
        times = sorted(((ns, run_id) for run_id, ns in found.items()), reverse=True)
        return [(run_id, datetime.fromtimestamp(ns / 1e9, UTC)) for ns, run_id in times]

    def _written_in(self, run_id: str) -> list[tuple[str, int]]:
        """The documents of a run that may be its manifest, and when they were written (ns)."""
        keys = [layout.manifest(run_id), layout.launch_record(run_id)]
        attempts = f"{layout.RUNS}{run_id}/attempts"
        for one in _names(self._root / attempts):
            keys += [f"{attempts}/{one}/{name}" for name in _names(self._root / attempts / one)]
        written = []
        for key in keys:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                written.append((key, (self._root / key).lstat().st_mtime_ns))
        return written

    def run_ids(self) -> list[str]:
        """By the manifests' times of modification."""
        return [run_id for run_id, _ in self.manifests_written()]

    def versions(self, key: str) -> list[Version]:
        """The one version there is."""
        path = self._root / key
        if not path.is_file():
            return []
        status = path.stat()
        modified_at = iso(datetime.fromtimestamp(status.st_mtime, UTC))
        return [Version(None, modified_at, status.st_size, latest=True)]

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """None."""
        return {}

    @contextlib.contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[IO[bytes]]:
        """A file for reading; nobody waits for what a pipe may hold."""
        path = self._root / key
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise NotHandedOutError(f"{key} is no file")
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no {key}") from error
        with file:
            yield file

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        """A piece of a file."""
        with self.open(key) as file:
            file.seek(start)
            return file.read(count)

    def tidy(self, older_than: timedelta) -> None:
        """Remove files that never took their name, however old: no two runs write on one disk."""
        for path in self._root.rglob(f"{_INCOMING}*"):
            if _is_hidden(path.name):
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _replacing(self, key: str, *, new: bool = False) -> Iterator[IO[bytes]]:
        """A file that takes its name when it is whole and on disk, and then keeps it.

        A marker, written last, must not outlive a power cut that an archive's name does not.
        ``new``: it takes no name that something has. Raises ConflictError.
        """
        target = self._root / key
        try:
            _make(target.parent)
            descriptor, name = tempfile.mkstemp(prefix=_INCOMING, dir=target.parent)
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
            free = shutil.disk_usage(self._root).free if self._root.exists() else 0
            raise FatalError(
                f"{target} cannot be written: {error.strerror} ({free} free)"
            ) from error


def _time_in(directory: Path) -> float:
    """The time by the clock of whatever keeps a directory, or by this machine's, in seconds."""
    try:
        with tempfile.TemporaryFile(dir=directory) as now:
            now.write(b"now")
            now.flush()
            return os.fstat(now.fileno()).st_mtime
    except OSError:
        return time.time()


def _name(temporary: Path, target: Path, *, new: bool) -> None:
    """Give a file its name. Raises ConflictError where ``new`` and something has that name.

    A file system without hard links has no such question; there the lease keeps other writers off.
    """
    if new:
        try:
            target.hardlink_to(temporary)
        except FileExistsError as error:
            raise ConflictError(f"{target} is there already") from error
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            if target.exists():
                raise ConflictError(f"{target} is there already") from error
        else:
            temporary.unlink()
            return
    temporary.replace(target)


def _names(folder: Path) -> list[str]:
    """What a folder holds; nothing if there is none. Raises OSError where it cannot be listed."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return [each.name for each in folder.iterdir()]
    return []


def _unless_missing(error: OSError) -> None:
    """What cannot be listed is not empty. Raises FatalError."""
    if not isinstance(error, FileNotFoundError):
        remedy = _RIGHTS
        if isinstance(error, NotADirectoryError):
            remedy = "name the folder that holds github_backups/ and runs/"
        raise FatalError(f"{error.filename} cannot be read: {error.strerror}; {remedy}") from error


def _make(directory: Path) -> None:
    """A directory, with those above it, whose names are on disk."""
    if not directory.is_dir():
        _make(directory.parent)
        directory.mkdir(exist_ok=True)
        _sync(directory.parent)


def _sync(directory: Path) -> None:
    """Have the names in a directory on disk, where the system and its file system can do that."""
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


def _is_hidden(name: str) -> bool:
    """Whether a file is no object: an archive may begin with a dot as ``.github`` does.

    ``._…`` is what macOS puts beside files on a foreign file system.
    """
    ours = name.endswith(".zip") or layout.is_chain_document(name)
    return name.startswith("._") or (name.startswith(".") and not ours)
