"""The type of each object of a pack: two bits per object, in the order of the pack's index.

An object id does not tell the type, and a tree's entries may be wrong. With these bits beside the
index, links into a pack can be checked without the pack.

The file ``pack-<id>.types`` consists of: ``PTYP``, the version (1) and the number of objects (four
bytes each, big-endian); the bits, four objects per byte, the first in the lowest two bits (0
commit, 1 tree, 2 blob, 3 tag), unused bits zero; the trailing checksum of its pack (20 or 32
bytes).
"""

import os
import struct
from enum import IntEnum
from pathlib import Path

from repo_backup.git.packs.pack_index import PackIndex, PackOrder
from repo_backup.runtime.errors import RepositoryError

_HEADER = struct.Struct(">4sII")
_MAGIC, _VERSION = b"PTYP", 1
_OBJECTS_A_BYTE = 4
_OFS_DELTA, _REF_DELTA = 6, 7
_LONGEST_ENTRY_HEAD = 64
"""Bytes: at most 10 for type and size, 10 for a base's offset, 32 for a base's id."""
_UNKNOWN = 0xFF


class ObjectType(IntEnum):
    """git's object types, numbered as in a pack, minus one."""

    COMMIT = 0
    TREE = 1
    BLOB = 2
    TAG = 3


class DamagedTypesError(RepositoryError):
    """A file of object types is damaged, or belongs to another pack."""


def encode_types(types: bytes, pack_checksum: bytes) -> bytes:
    """The file's content. ``types`` has one byte per object, in index order."""
    padded = types + bytes(-len(types) % _OBJECTS_A_BYTE)
    bits = bytes(
        a | b << 2 | c << 4 | d << 6
        for a, b, c, d in zip(padded[::4], padded[1::4], padded[2::4], padded[3::4], strict=True)
    )
    return _HEADER.pack(_MAGIC, _VERSION, len(types)) + bits + pack_checksum


class ObjectTypes:
    """The object types of one pack, from the file's content and the pack's ``index``.

    Raises DamagedTypesError if the file is damaged or belongs to another pack.
    """

    def __init__(self, data: bytes, index: PackIndex) -> None:
        size = _HEADER.size + -(-index.count // _OBJECTS_A_BYTE) + index.id_bytes
        if len(data) != size or _HEADER.unpack_from(data) != (_MAGIC, _VERSION, index.count):
            raise DamagedTypesError("this is not a file of object types")
        if data[-index.id_bytes :] != index.pack_checksum:
            raise DamagedTypesError("these object types belong to another pack")
        self._data = data

    def __getitem__(self, position: int) -> ObjectType:
        byte = self._data[_HEADER.size + position // _OBJECTS_A_BYTE]
        return ObjectType(byte >> 2 * (position % _OBJECTS_A_BYTE) & 3)


def read_types(pack: Path, index: PackIndex) -> bytes:
    """The type of each object of a pack that git has checked: one byte each, in index order.

    Reads only the header of each entry; a delta has its base's type. Raises DamagedTypesError.
    """
    order = PackOrder(index)
    types = bytearray([_UNKNOWN]) * index.count
    waiting: list[tuple[int, int]] = []
    with pack.open("rb", buffering=0) as file:
        for offset, position in order:
            head = os.pread(file.fileno(), _LONGEST_ENTRY_HEAD, offset)
            kind = head[0] >> 4 & 7 if head else 0
            if 1 <= kind <= len(ObjectType):
                types[position] = kind - 1
                continue
            base = _base(head, kind, offset, order, index)
            if base is None:
                raise DamagedTypesError("the pack has an entry that is not in its index")
            if types[base] == _UNKNOWN:
                waiting.append((position, base))
            types[position] = types[base]
    # A delta may name its base by id; that base may come later in the pack.
    while waiting:
        for position, base in waiting:
            types[position] = types[base]
        rest = [each for each in waiting if types[each[0]] == _UNKNOWN]
        if len(rest) == len(waiting):
            raise DamagedTypesError("the pack has deltas without a base")
        waiting = rest
    return bytes(types)


def _base(head: bytes, kind: int, offset: int, order: PackOrder, index: PackIndex) -> int | None:
    """The index position of a delta's base; None if the base is missing or this is no delta."""
    at = _number_end(head, 0)
    if kind == _REF_DELTA:
        base = head[at : at + index.id_bytes]
        return index.find(base) if len(base) == index.id_bytes else None
    if kind != _OFS_DELTA or at >= len(head):
        return None
    back = head[at] & 0x7F
    # Each further byte adds 2^7, 2^14 …: https://git-scm.com/docs/gitformat-pack.
    for byte in head[at + 1 : _number_end(head, at)]:
        back = (back + 1) << 7 | byte & 0x7F
    return order.position(offset - back)


def _number_end(head: bytes, at: int) -> int:
    """Where a variable-length number ends: all its bytes but the last have the highest bit set."""
    while at < len(head) and head[at] & 0x80:
        at += 1
    return at + 1
