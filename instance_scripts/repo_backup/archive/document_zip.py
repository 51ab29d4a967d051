"""Writes and reads zips of any number of documents, as a stream.

Only one document is in memory at a time, while Python's ``zipfile`` would keep a directory of a
hundred thousand entries. Equal documents give equal bytes: there are no times and no owners.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import hashlib
import io
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backup_contract.text import one_line
from repo_backup.archive.zip_writer import FileBlob
from repo_backup.runtime.errors import RepositoryError

MOST_DOCUMENT_BYTES = 256 << 20
"""The largest size of one document. No run writes a larger one."""
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_COMMENT_LENGTH = struct.Struct("<H")
_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGICS = b"PK\3\4", b"PK\1\2", (b"PK\5\6", b"PK\6\6")
_VERSION, _VERSION_64, _MADE_BY_UNIX = 20, 45, 3 << 8
_UTF8, _DEFLATED = 0x800, 8
_EPOCH_DATE = (1 << 5) | 1
_FILE_MODE = 0o100644 << 16
_LIMIT, _LIMIT_COUNT = 0xFFFFFFFF, 0xFFFF
_IN_MEMORY_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Packed:
    """A deflated document. ``size`` and ``crc32`` are those of its text."""

    data: bytes
    size: int
    crc32: int

    @classmethod
    def of(cls, text: bytes) -> "Packed":
        """Deflate a document."""
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = compressor.compress(text) + compressor.flush()
        return cls(data, len(text), zlib.crc32(text))

    def text(self) -> bytes:
        """The document. Raises RepositoryError if it is damaged."""
        try:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            text = inflater.decompress(self.data, self.size + 1)
        except zlib.error as error:
            raise RepositoryError(f"a document in the zip is damaged: {error}") from error
        if (len(text), zlib.crc32(text)) != (self.size, self.crc32):
            raise RepositoryError("a document in the zip is damaged: its checksum differs")
        return text


def write_zip(path: Path, documents: Iterable[tuple[str, Packed]], part_bytes: int) -> FileBlob:
    """Write a zip of documents, by name, then read it once to compute its checksums.

    Raises OSError.
    """
    count = 0
    with path.open("wb") as file, tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as directory:
        for name, packed in documents:
            offset = file.tell()
            encoded = name.encode()
            common = (_UTF8, _DEFLATED, 0, _EPOCH_DATE, packed.crc32, len(packed.data), packed.size)
            file.write(_LOCAL.pack(_LOCAL_MAGIC, _VERSION, *common, len(encoded), 0))
            file.write(encoded)
            file.write(packed.data)
            directory.write(_central(encoded, common, offset))
            count += 1
        start, size = file.tell(), directory.tell()
        directory.seek(0)
        while block := directory.read(_BLOCK_BYTES):
            file.write(block)
        file.write(_end(count, size, start))
    return FileBlob(path, part_bytes)


def with_comment(path: Path, into: Path, comment: str, part_bytes: int) -> FileBlob:
    """Copy a zip and give it a comment (ASCII). Raises OSError."""
    shutil.copyfile(path, into)
    text = comment.encode("ascii")
    with into.open("r+b") as file:
        file.seek(-_COMMENT_LENGTH.size, io.SEEK_END)
        file.write(_COMMENT_LENGTH.pack(len(text)) + text)
    return FileBlob(into, part_bytes)


def read_zip(
    blocks: Iterable[bytes], sha256: str | None, check: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, Packed]]:
    """The documents of a zip that comes in ``blocks``, in order, by name.

    Only zips of ``write_zip`` are accepted. The zip is compared with its ``sha256`` (hex; None if
    unknown) after the last document; until then nothing is proven. ``check`` is called for each
    document. Raises RepositoryError, and what ``blocks`` raise.
    """
    source = _Source(blocks)
    while (magic := source.take(4)) == _LOCAL_MAGIC:
        check()
        yield _document(source)
    if magic != _CENTRAL_MAGIC and magic not in _END_MAGICS:
        raise RepositoryError("this is not a complete zip of documents")
    source.drain()
    if sha256 is not None and source.digest.hexdigest() != sha256:
        raise RepositoryError("it does not match the record (SHA-256 differs)")


def file_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """A file in blocks, from its current position."""
    while block := file.read(_BLOCK_BYTES):
        yield block


def _document(source: "_Source") -> tuple[str, Packed]:
    """The next document. The magic of its local header has just been read."""
    head = source.take(_LOCAL.size - len(_LOCAL_MAGIC))
    fields = _LOCAL.unpack(_LOCAL_MAGIC + head)
    _, _, flags, method, _, _, crc32, packed_size, size, name_bytes, extra_bytes = fields
    name = source.take(name_bytes)
    if (flags, method, extra_bytes) != (_UTF8, _DEFLATED, 0):
        raise RepositoryError("this zip is not packed the way this program does it")
    if max(size, packed_size) > MOST_DOCUMENT_BYTES:
        raise RepositoryError(f"this zip has a document of {size} bytes")
    try:
        shown = name.decode()
    except UnicodeDecodeError as error:
        raise RepositoryError(f"this zip has a file named {one_line(repr(name))}") from error
    return shown, Packed(source.take(packed_size), size, crc32)


class _Source:
    """Blocks as one stream, hashed while it is read."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")
        self.digest = hashlib.sha256()

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes. Raises RepositoryError at the end."""
        pieces = []
        while count:
            if not self._rest and not self._next():
                raise RepositoryError("this is not a complete zip: it ends early")
            pieces.append(bytes(self._rest[:count]))
            self._rest = self._rest[len(pieces[-1]) :]
            count -= len(pieces[-1])
        return b"".join(pieces)

    def drain(self) -> None:
        """Read to the end."""
        while self._next():
            pass

    def _next(self) -> bool:
        for block in self._blocks:
            self.digest.update(block)
            self._rest = memoryview(block)
            if block:
                return True
        return False


def _central(name: bytes, common: tuple[int, ...], offset: int) -> bytes:
    """A file's entry in the central directory."""
    far = offset >= _LIMIT
    extra = struct.pack("<HHQ", 1, 8, offset) if far else b""
    version = _VERSION_64 if far else _VERSION
    made_by = _MADE_BY_UNIX | version
    tail = (len(name), len(extra), 0, 0, 0, _FILE_MODE, _LIMIT if far else offset)
    return _CENTRAL.pack(_CENTRAL_MAGIC, made_by, version, *common, *tail) + name + extra


def _end(count: int, size: int, start: int) -> bytes:
    """The records after a directory of ``size`` bytes that begins at ``start``."""
    zip64 = b""
    if start >= _LIMIT or size >= _LIMIT or count >= _LIMIT_COUNT:
        record = struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
        locator = struct.pack("<LQL", 0, start + size, 1)
        zip64 = b"PK\6\6" + record + b"PK\6\7" + locator
    short = min(count, _LIMIT_COUNT)
    fields = (0, 0, short, short, min(size, _LIMIT), min(start, _LIMIT), 0)
    return zip64 + b"PK\5\6" + struct.pack("<HHHHLLH", *fields)
