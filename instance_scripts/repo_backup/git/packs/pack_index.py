"""Reads pack indexes, version 2: which objects a pack contains, and at which offsets.

https://git-scm.com/docs/gitformat-pack (pack-*.idx files).
"""

import bisect
import contextlib
import hashlib
import itertools
import mmap
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

from repo_backup.runtime.errors import RepositoryError

ID_BYTES = {"sha1": 20, "sha256": 32}
"""The length of an object id, by object format."""
_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FANOUT_BYTES = 256 * 4
_HEADER_BYTES = len(_MAGIC) + _FANOUT_BYTES
_CRC_BYTES = _OFFSET_BYTES = 4
_FAR = 1 << 31
_HASH_BLOCK_BYTES = 1 << 20
_MOST_BYTES_IN_MEMORY = 1 << 20


class DamagedIndexError(RepositoryError):
    """A file is not a pack index, or is damaged."""


class PackIndex:
    """An index in memory or in a mapped file. ``object_format`` is ``sha1`` or ``sha256``.

    Its checksum is verified once. Raises DamagedIndexError.
    """

    def __init__(self, data: bytes | mmap.mmap, object_format: str) -> None:
        self._data = data
        self.object_format = object_format
        self.id_bytes = size = ID_BYTES[object_format]
        least = _HEADER_BYTES + 2 * size
        if len(data) < least or data[: len(_MAGIC)] != _MAGIC:
            raise DamagedIndexError("this is not a pack index of version 2")
        self._fanout = (0, *struct.unpack_from(">256I", data, len(_MAGIC)))
        self.count: int = self._fanout[-1]
        self._far_offsets = _HEADER_BYTES + self.count * (size + _CRC_BYTES + _OFFSET_BYTES)
        far_bytes = len(data) - 2 * size - self._far_offsets
        in_order = all(a <= b for a, b in itertools.pairwise(self._fanout))
        if not in_order or far_bytes < 0 or far_bytes % 8 or far_bytes > 8 * self.count:
            raise DamagedIndexError("this pack index is incomplete")
        digest = hashlib.new(object_format, usedforsecurity=False)
        end = len(data) - size
        for start in range(0, end, _HASH_BLOCK_BYTES):
            digest.update(data[start : min(start + _HASH_BLOCK_BYTES, end)])
        if digest.digest() != data[end:]:
            raise DamagedIndexError("this pack index is damaged: its checksum differs")

    @property
    def pack_checksum(self) -> bytes:
        """The trailing checksum of the index's pack."""
        return self._data[-2 * self.id_bytes : -self.id_bytes]

    def find(self, oid: bytes) -> int | None:
        """The position of an object in the index; None if the pack lacks it."""
        place = bisect.bisect_left(
            range(self.count), oid, self._fanout[oid[0]], self._fanout[oid[0] + 1], key=self.oid
        )
        return place if place < self._fanout[oid[0] + 1] and self.oid(place) == oid else None

    def oid(self, position: int) -> bytes:
        """The id of the object at a position."""
        start = _HEADER_BYTES + position * self.id_bytes
        return self._data[start : start + self.id_bytes]

    def offsets(self) -> "array[int]":
        """The offset in bytes of each object in the pack, in index order."""
        start = self._far_offsets - self.count * _OFFSET_BYTES
        near = array("I", self._data[start : self._far_offsets])
        if sys.byteorder == "little":
            near.byteswap()
        found = array("Q", near)
        for position, offset in enumerate(near):
            if offset & _FAR:
                place = self._far_offsets + 8 * (offset - _FAR)
                if place + 8 > len(self._data) - 2 * self.id_bytes:
                    raise DamagedIndexError("this pack index is incomplete")
                found[position] = struct.unpack_from(">Q", self._data, place)[0]
        return found


class PackOrder:
    """The objects of a pack in pack order.

    One number combines offset and index position, so a million objects take 8 MB.
    """

    def __init__(self, index: PackIndex) -> None:
        self._bits = index.count.bit_length()
        self._mask = (1 << self._bits) - 1
        pairs = (offset << self._bits | i for i, offset in enumerate(index.offsets()))
        self._places = array("Q", sorted(pairs))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The offset in bytes and the index position of each object."""
        bits, mask = self._bits, self._mask
        return ((place >> bits, place & mask) for place in self._places)

    def position(self, offset: int) -> int | None:
        """The index position of the object at an offset; None if there is none."""
        if offset < 0:
            return None
        place = bisect.bisect_left(self._places, offset << self._bits)
        if place == len(self._places) or self._places[place] >> self._bits != offset:
            return None
        return self._places[place] & self._mask


@contextlib.contextmanager
def open_index(path: Path, object_format: str) -> Iterator[PackIndex]:
    """Open the index in a file for the block. Raises DamagedIndexError.

    A large index is mapped. Small ones, of which a chain has many, would each take a descriptor.
    """
    if path.stat().st_size <= _MOST_BYTES_IN_MEMORY:
        yield PackIndex(path.read_bytes(), object_format)
        return
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield PackIndex(data, object_format)
