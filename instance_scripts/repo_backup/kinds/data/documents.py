"""The working copy of a repository's data, in a scratch file: see ``hosts.data.Documents``.

Only one document at a time is in memory, however large the repository is.
"""

import contextlib
import errno
import hashlib
import json
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from backup_contract.documents.data_index import DELETED, folder_of
from backup_contract.documents.json_text import json_text
from backup_contract.documents.parts.attachments import ATTACHMENTS
from backup_contract.documents.release_assets import ASSETS
from backup_contract.moments import iso
from backup_contract.text import one_line
from repo_backup.archive.document_zip import Packed
from repo_backup.kinds.data.attached.links import may_have_attachments
from repo_backup.runtime.errors import RepositoryError

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -4096;
PRAGMA temp_store = FILE;
CREATE TABLE documents (
    path TEXT PRIMARY KEY, folder TEXT NOT NULL, number INTEGER, size INTEGER NOT NULL,
    crc32 INTEGER NOT NULL, sha256 BLOB NOT NULL, changed INTEGER NOT NULL, packed BLOB NOT NULL,
    linking INTEGER NOT NULL
);
CREATE INDEX by_number ON documents (folder, number, path);
CREATE TABLE vanished (place TEXT PRIMARY KEY, since TEXT NOT NULL);
BEGIN;
"""
_PATH = re.compile(r"(?!.*/\.{1,2}(?:/|\Z))[a-z][a-z_-]*/[A-Za-z0-9%._~+@-]{1,245}\.json")
_NUMBER = re.compile(r"([0-9]{1,18})\.json")
_PAGE = 1000
_LISTS = (f"{ASSETS}/", f"{ATTACHMENTS}/")
"""The program's own documents, which contain no text of people."""


class Contents(NamedTuple):
    """The number of documents in each folder, and a SHA-256 (hex) of all documents and marks."""

    counts: Mapping[str, int]
    digest: str


class WorkingCopy:
    """Documents by path, and marks on documents and parts that vanished at the host. Thread-safe.

    ``path`` is the scratch file, which must not exist. ``now`` becomes the date of new marks.
    Raises RepositoryError for a path that must not become a file's, and OSError if the disk is
    full.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        with _disk_errors():
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        self._since = iso(now.astimezone(UTC))
        self._marks_changed = False
        # Most copies have no marks, and then need no query for them.
        self._has_marks = False
        with _disk_errors():
            self._database.executescript(_SCHEMA)

    def __enter__(self) -> "WorkingCopy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def get(self, path: str) -> Any | None:
        """The document; None if there is none."""
        rows = self._rows("SELECT packed, size, crc32 FROM documents WHERE path = ?", path)
        return json.loads(Packed(*rows[0]).text()) if rows else None

    def put(self, path: str, document: Any) -> None:
        """Write a document, and remove its mark if it was marked as vanished."""
        self._store(path, json_text(document), changed=True)
        self._unmark(path)

    def paths(self, folder: str) -> Iterator[str]:
        """The paths in a folder, sorted by number if the names are numbers."""
        number, path = -1, ""
        query = (
            "SELECT ifnull(number, -1), path FROM documents WHERE folder = ? "
            "AND (ifnull(number, -1), path) > (?, ?) ORDER BY ifnull(number, -1), path LIMIT ?"
        )
        while rows := self._rows(query, folder, number, path, _PAGE):
            for number, path in rows:  # noqa: B007 - the last is where the next page begins
                yield path

    def vanished(self, path: str, part: str = "") -> None:
        """Mark a document, or a part of one, as gone from the host with this run's date."""
        with self._lock, _disk_errors():
            added = self._database.execute(
                "INSERT OR IGNORE INTO vanished VALUES (?, ?)", (place_of(path, part), self._since)
            )
            self._marks_changed |= bool(added.rowcount)
            self._has_marks = True

    def reappeared(self, path: str, part: str) -> None:
        """Remove the mark of a part that the host shows again."""
        self._unmark(place_of(path, part))

    def is_vanished(self, path: str, part: str = "") -> bool:
        """Whether this run or an earlier one marked it as gone."""
        if not self._has_marks:
            return False
        return bool(self._rows("SELECT 1 FROM vanished WHERE place = ?", place_of(path, part)))

    def load(self, path: str, packed: Packed) -> None:
        """Add a document, or the marks, from an archive."""
        if path == DELETED:
            self._load_marks(packed)
        else:
            self._store(path, packed.text(), changed=False, packed=packed)

    def has(self, path: str) -> bool:
        """Whether there is a document with this path."""
        return bool(self._rows("SELECT 1 FROM documents WHERE path = ?", path))

    def follow(self, digests: Mapping[str, bytes], marks: Mapping[str, str]) -> int:
        """Compare with overlays that contain documents with these SHA-256 digests, and marks.

        The next overlay will follow them: it includes the documents that differ, and omits those
        that do not. Returns how many differ.
        """
        with self._lock, _disk_errors():
            for path, sha256 in digests.items():
                query = "UPDATE documents SET changed = (sha256 <> ?) WHERE path = ?"
                self._database.execute(query, (sha256, path))
        self._marks_changed = dict(marks) != self.marks
        return sum(
            bool(self._rows("SELECT 1 FROM documents WHERE path = ? AND changed", path))
            for path in digests
        )

    def digest_with(self, digests: Mapping[str, bytes], marks: Mapping[str, str]) -> str:
        """The digest that ``contents`` would have with these documents and marks laid over it."""
        merged = dict(self._rows("SELECT path, sha256 FROM documents")) | dict(digests)
        digest = ContentDigest()
        for path in sorted(merged):
            digest.add(path, merged[path])
        return digest.of(marks)

    def packed(self, *, changed: bool) -> Iterator[tuple[str, Packed]]:
        """All documents, sorted by path. ``changed``: only those that differ from the archived
        ones."""
        last, everything = "", not changed
        query = (
            "SELECT path, packed, size, crc32 FROM documents WHERE path > ? AND (changed OR ?) "
            "ORDER BY path LIMIT 1"
        )
        while rows := self._rows(query, last, everything):
            last, *fields = rows[0]
            yield last, Packed(*fields)

    @property
    def is_changed(self) -> bool:
        """Whether a document or a mark differs from the archived one."""
        changed = self._rows("SELECT 1 FROM documents WHERE changed LIMIT 1")
        return self._marks_changed or bool(changed)

    @property
    def marks(self) -> dict[str, str]:
        """The content of ``deleted.json``: since when each document, or part of one, is gone."""
        return dict(self._rows("SELECT place, since FROM vanished ORDER BY place"))

    def linking(self) -> Iterator[str]:
        """The paths of the documents that may link to attachments."""
        last = ""
        query = "SELECT path FROM documents WHERE linking AND path > ? ORDER BY path LIMIT ?"
        while rows := self._rows(query, last, _PAGE):
            for (last,) in rows:
                yield last

    def contents(self) -> Contents:
        """Counts by folder, and the digest of all documents and marks."""
        counts = dict(self._rows("SELECT folder, count(*) FROM documents GROUP BY folder"))
        digest, last = ContentDigest(), ""
        query = "SELECT path, sha256 FROM documents WHERE path > ? ORDER BY path LIMIT ?"
        while rows := self._rows(query, last, _PAGE):
            for path, sha256 in rows:
                digest.add(path, sha256)
            last = rows[-1][0]
        return Contents(counts, digest.of(self.marks))

    def _store(
        self, path: str, text: bytes, *, changed: bool, packed: Packed | None = None
    ) -> None:
        if not is_document_path(path):
            raise RepositoryError(f"no document may be called {one_line(repr(path))}")
        sha256 = hashlib.sha256(text).digest()
        with self._lock, _disk_errors():
            known = self._rows("SELECT sha256 FROM documents WHERE path = ?", path)
            if packed is None and known and known[0][0] == sha256:
                return
            new = packed or Packed.of(text)
            number = _NUMBER.fullmatch(path.rpartition("/")[2])
            self._database.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    path,
                    folder_of(path),
                    int(number[1]) if number else None,
                    new.size,
                    new.crc32,
                    sha256,
                    changed,
                    new.data,
                    not path.startswith(_LISTS) and may_have_attachments(text),
                ),
            )

    def _unmark(self, place: str) -> None:
        if not self._has_marks:
            return
        with self._lock, _disk_errors():
            gone = self._database.execute("DELETE FROM vanished WHERE place = ?", (place,))
            self._marks_changed |= bool(gone.rowcount)

    def _load_marks(self, packed: Packed) -> None:
        """Each archive of a chain has all marks, so the last one's replace the others."""
        marks = read_marks(packed.text())
        with self._lock, _disk_errors():
            self._database.execute("DELETE FROM vanished")
            self._database.executemany("INSERT INTO vanished VALUES (?, ?)", marks.items())
            self._has_marks = bool(marks)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock, _disk_errors():
            return self._database.execute(query, values).fetchall()


class ContentDigest:
    """Computes the digest of documents, which must be added in the order of their paths."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, path: str, sha256: bytes) -> None:
        """Add the next document, by its SHA-256 (bytes)."""
        self._digest.update(path.encode() + b"\0" + sha256 + b"\n")

    def of(self, marks: Mapping[str, str]) -> str:
        """The digest (hex) of the added documents and these marks."""
        whole = self._digest.copy()
        whole.update(json_text(dict(marks)))
        return whole.hexdigest()


def is_document_path(path: str) -> bool:
    """Whether a document may have this path below the archive's folder: ``issues/12.json``."""
    return _PATH.fullmatch(path) is not None


def read_marks(text: bytes) -> dict[str, str]:
    """The content of ``deleted.json``: dates (ISO 8601) by place. Raises RepositoryError."""
    try:
        marks = json.loads(text)
    except ValueError as error:
        raise RepositoryError(f"{DELETED} is not JSON") from error
    if not isinstance(marks, dict) or not all(isinstance(each, str) for each in marks.values()):
        raise RepositoryError(f"{DELETED} does not contain dates")
    return marks


def place_of(path: str, part: str = "") -> str:
    """The key in ``deleted.json`` of a document, or of a part of one."""
    return f"{path}#{part}" if part else path


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn SQLite's errors into the OSError that a full or failing disk raises elsewhere."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(_code(error), str(error)) from error


def _code(error: sqlite3.OperationalError) -> int:
    """The errno for an SQLite error. https://www.sqlite.org/rescode.html#full"""
    full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return errno.ENOSPC if full else errno.EIO
