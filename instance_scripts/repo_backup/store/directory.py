"""A directory as a store."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import iso
from repo_backup.runtime.errors import (
    ConflictError,
    FatalError,
    NotFoundError,
    UnavailableObjectError,
)
from repo_backup.store.base import Blob, Body, Capabilities, Stored, Tagged, Version, most_bytes
from repo_backup.store.whole_files import (
    INCOMING,
    make_folder,
    replacing,
    time_in,
    unwritable,
)

_BLOCK_BYTES = 1024 * 1024
_NO_FILE = "no file"
"""The tag of a directory, a pipe or a broken symbolic link."""

_RIGHTS = "run as a user who may read it, or change its rights"


class DirectoryStore:
    """A directory as destination; it keeps one version of everything."""

    part_bytes = 64 * _BLOCK_BYTES
    capabilities = Capabilities(conditional_writes=True, versions=False, full_checksums=False)

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def case_sensitive(self) -> bool:
        """Whether the file system tells ``A`` from ``a``."""
        make_folder(self._root)
        with tempfile.TemporaryDirectory(prefix=".case.", dir=self._root) as directory:
            (Path(directory) / "a").touch()
            return not (Path(directory) / "A").exists()

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """Copy the archive to a temporary file, flush it to disk, rename it."""
        try:
            with replacing(self._root, key, new=new) as file:
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
        """Like an archive: the file gets its name once it is complete and on disk."""
        with replacing(self._root, key, new=not replace) as file:
            while block := body.read(_BLOCK_BYTES):
                file.write(block)

    def object_sha256(self, key: str) -> str | None:
        """Read the file; None if it is not a regular file."""
        path = self._root / key
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            unless_missing(error)
        return None

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write a file. A directory does not keep the content type."""
        with replacing(self._root, key) as file:
            file.write(data)

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        """Compare and write under a file lock. The system releases it when a process is killed.

        All keys share one lock. Its name is that of the lease's lock in the first versions.
        """
        lock = self._root / layout.LOCK
        guarding = lock.with_name(f".{lock.name}.guard")
        with contextlib.ExitStack() as stack:
            try:
                make_folder(lock.parent)
                guard = stack.enter_context(guarding.open("w"))
            except OSError as error:
                raise unwritable(guarding, self._root, error) from error
            fcntl.flock(guard, fcntl.LOCK_EX)
            if self._tag(key) != tag:
                raise ConflictError(f"{key} was written by another process")
            self.write(key, data)
            return hashlib.sha256(data).hexdigest()

    def read(self, key: str) -> bytes | None:
        """A file's bytes. Raises DamagedError if it is not a regular file or cannot be read."""
        path, most = self._root / key, most_bytes(key)
        try:
            # Opening a pipe would block until another process writes to it.
            if not path.is_file() and path.exists():
                raise DamagedError("", "it is not a regular file")
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
        """A file's bytes; the tag is their SHA-256. A new file beside it gives the file system's
        time. If none may be created, this machine's clock does, so that reading is always possible.

        What is not a regular file counts as empty. Raises FatalError if it cannot be read.
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
        age = timedelta(seconds=time_in(target.parent) - written)
        return Tagged(data, tag, datetime.fromtimestamp(written, UTC), age)

    def _tag(self, key: str) -> str | None:
        path = self._root / key
        try:
            # Opening a pipe would block until another process writes to it.
            if os.path.lexists(path) and not path.is_file():
                return _NO_FILE
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            unless_missing(error)
        return None

    def objects(self, prefix: str) -> dict[str, Stored]:
        """The files under a directory, without unfinished ones and the system's own.

        A run's folder that cannot be listed is no error here: reading its manifest reports it.
        """

        def unless_a_run(error: OSError) -> None:
            if self._root / layout.RUNS not in Path(error.filename).parents:
                unless_missing(error)

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
        """The names in a directory, sorted. Everything counts, not only regular files."""
        names = (folder + name for name in _names(self._root / folder))
        yield from sorted(key for key in names if key >= since)

    def manifests_written(self) -> list[tuple[str, datetime]]:
        """The runs by their manifests' modification time.

        A run's folder that cannot be listed counts by its own modification time: reading its
        manifest then reports the error.
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
            unless_missing(error)
        found = evidence.manifests(written)
        times = sorted(((ns, run_id) for run_id, ns in found.items()), reverse=True)
        return [(run_id, datetime.fromtimestamp(ns / 1e9, UTC)) for ns, run_id in times]

    def _written_in(self, run_id: str) -> list[tuple[str, int]]:
        """The documents that may be a run's manifest, and when they were written (ns)."""
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
        """The runs by their manifests' modification time."""
        return [run_id for run_id, _ in self.manifests_written()]

    def versions(self, key: str) -> list[Version]:
        """The only version."""
        path = self._root / key
        if not path.is_file():
            return []
        status = path.stat()
        modified_at = iso(datetime.fromtimestamp(status.st_mtime, UTC))
        return [Version(None, modified_at, status.st_size, latest=True)]

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """Empty: a directory keeps only the latest version."""
        return {}

    @contextlib.contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[IO[bytes]]:
        """Open a file for reading. Refuses a pipe, which could block for ever."""
        path = self._root / key
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UnavailableObjectError(f"{key} is not a regular file")
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no {key}") from error
        with file:
            yield file

    def read_range(self, key: str, start: int, count: int, version_id: str | None = None) -> bytes:
        """A range of a file."""
        with self.open(key) as file:
            file.seek(start)
            return file.read(count)

    def tidy(self, older_than: timedelta) -> None:
        """Remove unfinished files of any age: no two runs write to one disk at the same time."""
        for path in self._root.rglob(f"{INCOMING}*"):
            if _is_hidden(path.name):
                path.unlink(missing_ok=True)


def _names(folder: Path) -> list[str]:
    """The names in a folder; none if it does not exist. Raises OSError if it cannot be listed."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return [each.name for each in folder.iterdir()]
    return []


def unless_missing(error: OSError) -> None:
    """Raise FatalError unless the folder is missing: one that cannot be listed may not be empty."""
    if not isinstance(error, FileNotFoundError):
        remedy = _RIGHTS
        if isinstance(error, NotADirectoryError):
            remedy = "name the folder that holds github_backups/ and runs/"
        raise FatalError(f"{error.filename} cannot be read: {error.strerror}; {remedy}") from error


def _is_hidden(name: str) -> bool:
    """Whether a file is not an object. An archive's name may begin with a dot, as ``.github`` does.

    macOS puts ``._…`` files beside others on a foreign file system.
    """
    ours = name.endswith(".zip") or layout.is_chain_document(name) or layout.object_list_key(name)
    return name.startswith("._") or (name.startswith(".") and not ours)
