"""The working copy of a repository's data, in a scratch file: see ``hosts.data.Documents``.

Nothing holds more than one document in memory, whatever the repository has.
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
"""The program's own documents, which nobody wrote a text in."""


class Contents(NamedTuple):
    """What a working copy holds: how many documents in each folder, and a digest of them all."""

    counts: Mapping[str, int]
    digest: str


class WorkingCopy:
    """Documents by path, and what vanished; any number of threads may use it at once.

    ``path`` is the scratch file, which must not exist; ``now`` is the date of what is found gone.
    Raises RepositoryError for a path that must not become one of a file, and OSError when the
    disk is full.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        with _disk_errors():
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        self._since = iso(now.astimezone(UTC))
        self._marks_changed = False
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
        """The document; None where there is none."""
        rows = self._rows("SELECT packed, size, crc32 FROM documents WHERE path = ?", path)
        return json.loads(Packed(*rows[0]).text()) if rows else None

    def put(self, path: str, document: Any) -> None:
        """Write a document; it is there again if it had vanished."""
        self._store(path, json_text(document), changed=True)
        self._unmark(path)

    def paths(self, folder: str) -> Iterator[str]:
        """The paths below a folder, by number where the names are numbers."""
        number, path = -1, ""
        query = (
            "SELECT ifnull(number, -1), path FROM documents WHERE folder = ? "
            "AND (ifnull(number, -1), path) > (?, ?) ORDER BY ifnull(number, -1), path LIMIT ?"
        )
        while rows := self._rows(query, folder, number, path, _PAGE):
            for number, path in rows:  # noqa: B007 - the last is where the next page begins
                yield path

    def vanished(self, path: str, part: str = "") -> None:
        """The host has it no more: the document stays, marked with the date of this run."""
        with self._lock, _disk_errors():
            added = self._database.execute(
                "INSERT OR IGNORE INTO vanished VALUES (?, ?)", (place_of(path, part), self._since)
            )
            self._marks_changed |= bool(added.rowcount)

    def reappeared(self, path: str, part: str) -> None:
        """The host has a part again that was marked."""
        self._unmark(place_of(path, part))

    def is_vanished(self, path: str, part: str = "") -> bool:
        """Whether an earlier run, or this one, found it gone."""
        return bool(self._rows("SELECT 1 FROM vanished WHERE place = ?", place_of(path, part)))

    def load(self, path: str, packed: Packed) -> None:
        """Take over a document of an archive."""
        if path == DELETED:
            self._load_marks(packed)
        else:
            self._store(path, packed.text(), changed=False, packed=packed)

    def has(self, path: str) -> bool:
        """Whether there is a document of this path."""
        return bool(self._rows("SELECT 1 FROM documents WHERE path = ?", path))

    def follow(self, digests: Mapping[str, bytes], marks: Mapping[str, str]) -> int:
        """Let the next overlay follow others that hold documents with these SHA-256 digests.

        It has those that differ, and lacks those that do not; how many differ.
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
        """What the digest of ``contents`` were with these documents and marks laid over it."""
        merged = dict(self._rows("SELECT path, sha256 FROM documents")) | dict(digests)
        digest = ContentDigest()
        for path in sorted(merged):
            digest.add(path, merged[path])
        return digest.of(marks)

    def packed(self, *, changed: bool) -> Iterator[tuple[str, Packed]]:
        """All documents by path, or those that are not as they were archived."""
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
        """Whether a document or a mark is not as it was archived."""
        changed = self._rows("SELECT 1 FROM documents WHERE changed LIMIT 1")
        return self._marks_changed or bool(changed)

    @property
    def marks(self) -> dict[str, str]:
        """``deleted.json``: since when each document, or part of one, is gone."""
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
        with self._lock, _disk_errors():
            gone = self._database.execute("DELETE FROM vanished WHERE place = ?", (place,))
            self._marks_changed |= bool(gone.rowcount)

    def _load_marks(self, packed: Packed) -> None:
        """Each archive of a chain has all marks: the last one's stand."""
        marks = read_marks(packed.text())
        with self._lock, _disk_errors():
            self._database.execute("DELETE FROM vanished")
            self._database.executemany("INSERT INTO vanished VALUES (?, ?)", marks.items())

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock, _disk_errors():
            return self._database.execute(query, values).fetchall()


class ContentDigest:
    """The digest of documents, which are added in the order of their paths."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, path: str, sha256: bytes) -> None:
        """The next document."""
        self._digest.update(path.encode() + b"\0" + sha256 + b"\n")

    def of(self, marks: Mapping[str, str]) -> str:
        """The digest (hex) of what was added, and of what is marked as gone."""
        whole = self._digest.copy()
        whole.update(json_text(dict(marks)))
        return whole.hexdigest()


def is_document_path(path: str) -> bool:
    """Whether a document may have this path below the archive's folder: ``issues/12.json``."""
    return _PATH.fullmatch(path) is not None


def read_marks(text: bytes) -> dict[str, str]:
    """What ``deleted.json`` says. Raises RepositoryError."""
    try:
        marks = json.loads(text)
    except ValueError as error:
        raise RepositoryError(f"{DELETED} is no JSON") from error
    if not isinstance(marks, dict) or not all(isinstance(each, str) for each in marks.values()):
        raise RepositoryError(f"{DELETED} holds no dates")
    return marks


def place_of(path: str, part: str = "") -> str:
    """What is marked as gone, as ``deleted.json`` names it."""
    return f"{path}#{part}" if part else path


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    """SQLite's troubles with the disk, as whoever has a scratch directory knows them."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(_code(error), str(error)) from error


def _code(error: sqlite3.OperationalError) -> int:
    """https://www.sqlite.org/rescode.html#full"""
    full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return errno.ENOSPC if full else errno.EIO
