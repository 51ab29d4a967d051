"""Reads single files of a stored zip by range requests.

The zip's directory at its end has the position of each file.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from typing import IO, TYPE_CHECKING

from backup_contract.text import one_line
from repo_backup.archive.zip_reader import BROKEN_ZIP
from repo_backup.runtime.errors import NotFoundError, RepositoryError
from repo_backup.store.base import Store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_TAIL_BYTES = 256 << 10
"""The directory, and usually all of an overlay, in one request."""
_HEAD_BYTES = 256 << 10
"""What precedes the pack: the small files, and the index of a pack that is not large."""
_SHORTEST_ZIP_BYTES = 22
_PIECE_BYTES = 8 << 20
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_LOCAL_MAGIC = b"PK\3\4"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_HEADER_BYTES = 512
_MOST_EXTRA_BYTES = 64
"""After the name in a local header; this program writes 20 bytes for files above 4 GB."""


class StoredZip:
    """The zip at ``key``, of ``size`` bytes. ``version_id`` is None without versions.

    ``names`` are the names of its files. Raises what ``Store.read_range`` raises, and
    RepositoryError if it is not a zip.
    """

    def __init__(self, store: Store, key: str, size: int, version_id: str | None = None) -> None:
        self._store, self._key, self._size, self.version_id = store, key, size, version_id
        if size < _SHORTEST_ZIP_BYTES:
            raise RepositoryError(f"{key} is not a complete zip: it has {size} bytes")
        self._tail_start = max(0, size - _TAIL_BYTES)
        self._tail = self._read(self._tail_start, size)
        self._head, self._head_end = b"", 0
        try:
            with zipfile.ZipFile(_Ranges(self, size)) as archive:
                self._entries = {entry.orig_filename: entry for entry in archive.infolist()}
        except BROKEN_ZIP as error:
            raise RepositoryError(f"{key} is not a complete zip: {one_line(str(error))}") from error
        self.names = tuple(self._entries)
        self._head_end = min(self._before_pack(), self._tail_start, _HEAD_BYTES)

    @property
    def whole(self) -> bytes | None:
        """All bytes, if the zip is small enough to have been read as a whole; else None."""
        return None if self._tail_start else self._tail

    def read(self, name: str) -> bytes:
        """A small file's content. Raises what ``extract`` raises."""
        found = io.BytesIO()
        self.extract(name, found)
        return found.getvalue()

    def extract(self, name: str, into: IO[bytes]) -> None:
        """Write a file's content to ``into``, and verify it by the CRC-32 in the zip's directory.

        Raises RepositoryError if it differs, and what ``Store.read_range`` raises.
        """
        entry = self._entries[name]
        crc32, left = 0, entry.file_size
        for piece in self._inflated(entry):
            crc32, left = zlib.crc32(piece, crc32), left - len(piece)
            if left < 0:
                break
            into.write(piece)
        if left or crc32 != entry.CRC:
            raise RepositoryError(
                f"{self._key} is damaged: the checksum of {one_line(name)} differs"
            )

    def place(self, name: str) -> tuple[int, int]:
        """The range of a file's bytes in the zip. Raises what ``extract`` raises."""
        entry = self._entries[name]
        start = entry.header_offset
        head = self.range(start, min(self._size, start + _LOCAL_HEADER.size))
        first = start + self._header_bytes(head)
        return first, first + entry.file_size

    def checksum(self, name: str) -> tuple[int, int]:
        """Size and CRC-32 of a file, from the zip's directory."""
        entry = self._entries[name]
        return entry.file_size, entry.CRC

    def run(self, names: Collection[str]) -> tuple[int, Iterator[bytes]]:
        """The number of files from the first to the last of these, and their bytes as stored.

        The bytes include headers and come in pieces; the last piece may exceed the last file.
        Raises what ``Store.read_range`` raises.
        """
        offsets = [self._entries[name].header_offset for name in names]
        first, last = min(offsets), max(offsets)
        inside = [each for each in self._entries.values() if first <= each.header_offset <= last]
        end = max(map(_latest_end, inside))
        return len(inside), self._pieces(first, min(end, self._size))

    def range(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` to ``end`` of the zip.

        Bytes at the zip's end are in memory. The small files at its beginning are read together on
        first use.
        """
        if start >= self._tail_start:
            return self._tail[start - self._tail_start : end - self._tail_start]
        if end > self._head_end:
            return self._read(start, end)
        self._head = self._head or self._read(0, self._head_end)
        return self._head[start:end]

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, _PIECE_BYTES):
            yield self.range(at, min(at + _PIECE_BYTES, end))

    def _before_pack(self) -> int:
        """The offset of the largest file's bytes, which is the pack if there is one."""
        largest = max(self._entries.values(), key=lambda entry: entry.compress_size, default=None)
        return largest.header_offset + _LONGEST_HEADER_BYTES if largest else 0

    def _inflated(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        if entry.compress_type not in _METHODS or entry.flag_bits & 1:
            raise RepositoryError(f"{self._key} is not packed the way this program does it")
        if entry.compress_type == zipfile.ZIP_STORED:
            yield from self._data(entry)
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for piece in self._data(entry):
                rest = piece
                while rest:
                    yield inflater.decompress(rest, _PIECE_BYTES)
                    rest = inflater.unconsumed_tail
            yield inflater.flush()
        except zlib.error as error:
            raise RepositoryError(f"{self._key} is damaged: {error}") from error

    def _data(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """A file's bytes as stored in the zip."""
        start = entry.header_offset
        least = start + _LOCAL_HEADER.size + len(entry.orig_filename.encode())
        # The header and the first piece in one request.
        end = min(self._size, least + _MOST_EXTRA_BYTES + min(entry.compress_size, _PIECE_BYTES))
        head = self.range(start, end)
        skipped = self._header_bytes(head)
        data_end = start + skipped + entry.compress_size
        first = head[skipped : skipped + entry.compress_size]
        yield first
        yield from self._pieces(start + skipped + len(first), data_end)

    def _header_bytes(self, head: bytes) -> int:
        if len(head) < _LOCAL_HEADER.size or not head.startswith(_LOCAL_MAGIC):
            raise RepositoryError(f"{self._key} is damaged: a file does not begin where it should")
        *_, name_bytes, extra_bytes = _LOCAL_HEADER.unpack_from(head)
        return _LOCAL_HEADER.size + int(name_bytes) + int(extra_bytes)

    def _read(self, start: int, end: int) -> bytes:
        found = self._store.read_range(self._key, start, end - start, self.version_id)
        if len(found) != end - start:
            raise RepositoryError(f"{self._key} is not {self._size} bytes long")
        return found


def open_stored(store: Store, key: str, size: int, version_id: str | None) -> StoredZip:
    """Open a version of a zip, or else the current one: in a copied bucket version ids differ."""
    if version_id and store.capabilities.versions:
        with contextlib.suppress(NotFoundError):
            return StoredZip(store, key, size, version_id)
    return StoredZip(store, key, size)


def _latest_end(entry: zipfile.ZipInfo) -> int:
    """The upper bound of a file's end; the local header's extra field may be empty."""
    named = len(entry.orig_filename.encode())
    header = _LOCAL_HEADER.size + named + _MOST_EXTRA_BYTES
    return entry.header_offset + header + entry.compress_size


class _Ranges(io.RawIOBase):
    """A stored zip as a file object, for reading its directory with ``zipfile``."""

    def __init__(self, stored: StoredZip, size: int) -> None:
        self._stored, self._size, self._position = stored, size, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        if base[whence] + offset < 0:
            raise OSError("before the beginning of the file")
        self._position = base[whence] + offset
        return self._position

    def readinto(self, target: "WriteableBuffer") -> int:
        buffer = memoryview(target).cast("B")
        end = min(self._position + len(buffer), self._size)
        data = self._stored.range(self._position, end) if self._position < end else b""
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
