"""Builds a zip of a bare mirror without writing it to disk: headers in memory, packs in place.

Equal mirrors give equal bytes: entries in a fixed order, no times, no owners. Zip64 is used only
for sizes that need it. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repo_backup.git.mirror import Mirror

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_PARTS = 10_000
"""The limit of an S3 upload."""
_EPOCH_DATE = (1 << 5) | 1
"""1980-01-01, the first date of the zip format."""
_LIMIT = 0xFFFFFFFF
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8
_NO_ZLIB_HEADER = -zlib.MAX_WBITS
_FILE_MODE, _DIRECTORY_MODE = 0o100644 << 16, (0o040755 << 16) | 0x10
_BLOCK_BYTES = 1024 * 1024
_MADE_BY_UNIX = 3 << 8


@dataclass(frozen=True)
class _Entry:
    """A file of the zip. ``size`` is that of ``source``, ``inflated_size`` its size if deflated."""

    name: str
    size: int
    crc32: int
    source: bytes | Path
    inflated_size: int | None = None


class _Zip:
    """A zip that need not exist as a file. Computing ``sha256`` (hex), ``crc32`` and
    ``part_crc32s`` reads it once.

    ``part_bytes`` is the length of every part but the last: the requested one, or more if that
    would make more parts than an upload may have.
    """

    def __init__(self, segments: Iterator[bytes | Path], part_bytes: int) -> None:
        self._segments = _joined(segments)
        self.size = sum(_length(segment) for segment in self._segments)
        self.part_bytes = part_bytes = max(part_bytes, -(-self.size // MOST_PARTS))
        sha256, crc32, parts = hashlib.sha256(), 0, []
        for start in range(0, self.size, part_bytes):
            part_crc32 = 0
            with self.part(start) as body:
                while block := body.read(_BLOCK_BYTES):
                    sha256.update(block)
                    crc32 = zlib.crc32(block, crc32)
                    part_crc32 = zlib.crc32(block, part_crc32)
            parts.append(part_crc32)
        self.sha256, self.crc32, self.part_crc32s = sha256.hexdigest(), crc32, parts

    def part(self, start: int) -> io.BufferedReader:
        """A seekable file of at most ``part_bytes`` bytes of the archive from ``start``."""
        end = min(start + self.part_bytes, self.size)
        return io.BufferedReader(_Slice(self._segments, start, end), _BLOCK_BYTES)

    def blocks(self) -> Iterator[bytes]:
        """The bytes of the whole archive."""
        for start in range(0, self.size, self.part_bytes):
            with self.part(start) as body:
                while block := body.read(_BLOCK_BYTES):
                    yield block


class Archive(_Zip):
    """The zip of a complete mirror: a base. Another ``comment`` (ASCII) makes another zip."""

    def __init__(self, mirror: Mirror, part_bytes: int, comment: str = "") -> None:
        super().__init__(_zip(_entries(mirror), comment.encode("ascii")), part_bytes)


class FileBlob(_Zip):
    """A zip that exists as a file."""

    def __init__(self, path: Path, part_bytes: int) -> None:
        super().__init__(iter([path]), part_bytes)


class OverlayArchive(_Zip):
    """The zip of an overlay: the mirror's pack, if any, and all refs. The refs are deflated,
    because every overlay has all of them.

    ``side_files`` are stored beside the pack's index, by name: those of ``git.increment`` for this
    pack, and for earlier packs of the chain that have none.
    """

    def __init__(self, mirror: Mirror, side_files: Mapping[str, bytes], part_bytes: int) -> None:
        super().__init__(_zip(_overlay_entries(mirror, side_files)), part_bytes)


class TextsArchive(_Zip):
    """The zip of some texts by name, all in one folder and deflated."""

    def __init__(self, texts: Mapping[str, bytes], part_bytes: int) -> None:
        entries = (_deflated_entry(name, text) for name, text in texts.items())
        super().__init__(_zip(entries), part_bytes)


class _Slice(io.RawIOBase):
    """A range of the segments' concatenation as a file."""

    def __init__(self, segments: list[bytes | Path], start: int, end: int) -> None:
        self._start, self._end, self._position = start, end, start
        self._places: list[tuple[int, int, bytes | Path]] = []
        offset = 0
        for segment in segments:
            following = offset + _length(segment)
            if offset < end and following > start:
                self._places.append((offset, following, segment))
            offset = following
        self._file: tuple[Path, io.FileIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position - self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: self._start, io.SEEK_CUR: self._position, io.SEEK_END: self._end}
        self._position = max(self._start, base[whence] + offset)
        return self.tell()

    def readinto(self, target: "WriteableBuffer") -> int:
        buffer = memoryview(target).cast("B")
        for first, following, segment in self._places:
            if first <= self._position < min(following, self._end):
                wanted = min(len(buffer), min(following, self._end) - self._position)
                offset = self._position - first
                if isinstance(segment, bytes):
                    count = wanted
                    buffer[:count] = segment[offset : offset + count]
                else:
                    file = self._opened(segment)
                    file.seek(offset)
                    count = file.readinto(buffer[:wanted])
                self._position += count
                return count
        return 0

    def close(self) -> None:
        if self._file:
            self._file[1].close()
        super().close()

    def _opened(self, path: Path) -> io.FileIO:
        if self._file is None or self._file[0] != path:
            if self._file:
                self._file[1].close()
            self._file = path, io.FileIO(path)
        return self._file[1]


def _joined(segments: Iterator[bytes | Path]) -> list[bytes | Path]:
    """The segments, with adjacent bytes joined."""
    joined: list[bytes | Path] = []
    for segment in segments:
        if joined and isinstance(segment, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += segment
        else:
            joined.append(segment)
    return joined


def _length(segment: bytes | Path) -> int:
    return len(segment) if isinstance(segment, bytes) else segment.stat().st_size


def _entries(mirror: Mirror) -> Iterator[_Entry]:
    """The files that ``git clone`` needs of a bare repository, in the archive's order."""
    top = mirror.path.name
    for name, text in mirror.texts().items():
        yield _text_entry(f"{top}/{name}", text)
    yield _text_entry(f"{top}/refs/", b"")
    yield _text_entry(f"{top}/objects/pack/", b"")
    yield from _pack_entries(mirror)


def _overlay_entries(mirror: Mirror, side_files: Mapping[str, bytes]) -> Iterator[_Entry]:
    """Objects before refs, because they are unpacked in this order and that may be interrupted."""
    top, texts = mirror.path.name, mirror.texts()
    for name in sorted(side_files):
        yield _text_entry(f"{top}/objects/pack/{name}", side_files[name])
    if mirror.pack:
        yield from _pack_entries(mirror)
    yield _deflated_entry(f"{top}/packed-refs", texts["packed-refs"])
    yield _text_entry(f"{top}/HEAD", texts["HEAD"])


def _pack_entries(mirror: Mirror) -> Iterator[_Entry]:
    assert mirror.pack  # noqa: S101 - the mirror has received one
    index = mirror.pack.with_suffix(".idx")
    packs = f"{mirror.path.name}/objects/pack/"
    yield _Entry(packs + index.name, index.stat().st_size, _crc32(index), index)
    size = mirror.pack.stat().st_size
    yield _Entry(packs + mirror.pack.name, size, mirror.pack_crc32, mirror.pack)


def _deflated_entry(name: str, text: bytes) -> _Entry:
    compressor = zlib.compressobj(wbits=_NO_ZLIB_HEADER)
    deflated = compressor.compress(text) + compressor.flush()
    return _Entry(name, len(deflated), zlib.crc32(text), deflated, len(text))


def _text_entry(name: str, text: bytes) -> _Entry:
    return _Entry(name, len(text), zlib.crc32(text), text)


def _crc32(path: Path) -> int:
    crc32 = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            crc32 = zlib.crc32(block, crc32)
    return crc32


def _zip(entries: Iterator[_Entry], comment: bytes = b"") -> Iterator[bytes | Path]:
    """The zip's bytes: a local header and the data for each entry, then the directory."""
    offset, directory, count = 0, b"", 0
    for entry in entries:
        header = _local_header(entry)
        yield header
        if entry.size:
            yield entry.source
        directory += _directory_entry(entry, offset)
        offset += len(header) + entry.size
        count += 1
    yield directory + _end(count, len(directory), offset, comment)


def _common(entry: _Entry, version: int, size: int, extra: int) -> bytes:
    """The fields that a local header and a directory entry share."""
    method, inflated = _STORED, size
    if entry.inflated_size is not None:
        method, inflated = _DEFLATED, entry.inflated_size
    sizes = (size, inflated, len(entry.name.encode()), extra)
    return struct.pack("<HHHHHLLLHH", version, _UTF8, method, 0, _EPOCH_DATE, entry.crc32, *sizes)


def _local_header(entry: _Entry) -> bytes:
    big = entry.size >= _LIMIT
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if big else b""
    fields = _common(entry, 45 if big else 20, _LIMIT if big else entry.size, len(extra))
    return b"PK\3\4" + fields + entry.name.encode() + extra


def _directory_entry(entry: _Entry, offset: int) -> bytes:
    big, far = entry.size >= _LIMIT, offset >= _LIMIT
    values = ([entry.size, entry.size] if big else []) + ([offset] if far else [])
    extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    version = 45 if values else 20
    fields = _common(entry, version, _LIMIT if big else entry.size, len(extra))
    mode = _DIRECTORY_MODE if entry.name.endswith("/") else _FILE_MODE
    tail = struct.pack("<HHHLL", 0, 0, 0, mode, _LIMIT if far else offset)
    made_by = struct.pack("<H", _MADE_BY_UNIX | version)
    return b"PK\1\2" + made_by + fields + tail + entry.name.encode() + extra


def _end(count: int, size: int, offset: int, comment: bytes) -> bytes:
    zip64 = b""
    if offset >= _LIMIT:
        record = struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, size, offset)
        locator = struct.pack("<LQL", 0, offset + size, 1)
        zip64 = b"PK\6\6" + record + b"PK\6\7" + locator
    fields = struct.pack("<HHHHLLH", 0, 0, count, count, size, min(offset, _LIMIT), len(comment))
    return zip64 + b"PK\5\6" + fields + comment
