"""The parents of each commit of a pack, stored beside the pack's index.

New commits build on known ones, so their own parents do not always show whether they descend from
an old tip. With this file for each pack, ancestry can be decided without any pack.

The file ``pack-<id>.history`` consists of: ``PHIS``, the version (1), and three counts: of commits
and tags, of their links, and of linked objects in other packs; the index position of each commit
and tag, ascending; for each of them where its links end; the links (a commit's parents in order, a
tag's object), each an index position, or 2^31 plus a number among the objects of other packs; the
ids of those objects; the trailing checksum of its pack. Numbers are four bytes, big-endian.
"""

import bisect
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence

from repo_backup.git.packs.pack_index import PackIndex
from repo_backup.git.packs.ref_changes import History
from repo_backup.runtime.errors import RepositoryError

_HEADER = struct.Struct(">4s4I")
_MAGIC, _VERSION = b"PHIS", 1
_ELSEWHERE = 1 << 31


class DamagedHistoryError(RepositoryError):
    """A file of commit parents is damaged, or belongs to another pack."""


def encode_history(history: Mapping[bytes, tuple[bytes, ...]], index: PackIndex) -> bytes:
    """The file's content, from the links of each commit and tag of a pack."""
    placed = sorted((position, oid) for oid in history if (position := index.find(oid)) is not None)
    foreign: dict[bytes, int] = {}
    links, ends = array("I"), array("I")
    for _, oid in placed:
        for target in history[oid]:
            position = index.find(target)
            if position is None:
                position = _ELSEWHERE + foreign.setdefault(target, len(foreign))
            links.append(position)
        ends.append(len(links))
    numbers = array("I", [position for position, _ in placed]) + ends + links
    if sys.byteorder == "little":
        numbers.byteswap()
    header = _HEADER.pack(_MAGIC, _VERSION, len(placed), len(links), len(foreign))
    return b"".join((header, numbers.tobytes(), *foreign, index.pack_checksum))


class PackHistory:
    """The history in one pack, from the file's content and the pack's ``index``.

    Raises DamagedHistoryError if the file is damaged or belongs to another pack.
    """

    def __init__(self, data: bytes, index: PackIndex) -> None:
        header = data[: _HEADER.size].ljust(_HEADER.size, b"\0")
        magic, version, count, links, foreign = _HEADER.unpack(header)
        self._ids_at = _HEADER.size + 4 * (2 * count + links)
        size = self._ids_at + (foreign + 1) * index.id_bytes
        if (magic, version, size) != (_MAGIC, _VERSION, len(data)):
            raise DamagedHistoryError("this is not a file of commit parents")
        if data[-index.id_bytes :] != index.pack_checksum:
            raise DamagedHistoryError("this history belongs to another pack")
        numbers = array("I", data[_HEADER.size : self._ids_at])
        if sys.byteorder == "little":
            numbers.byteswap()
        self._positions, self._ends = numbers[:count], numbers[count : 2 * count]
        self._links = numbers[2 * count :]
        self._data, self._index = data, index

    def get(self, oid: bytes) -> tuple[bytes, ...] | None:
        """A commit's parents or a tag's object; None if the pack lacks it."""
        position = self._index.find(oid)
        if position is None:
            return None
        place = bisect.bisect_left(self._positions, position)
        if place == len(self._positions) or self._positions[place] != position:
            return None
        start = self._ends[place - 1] if place else 0
        return tuple(map(self._id, self._links[start : self._ends[place]]))

    def _id(self, link: int) -> bytes:
        if link < _ELSEWHERE:
            return self._index.oid(link)
        start = self._ids_at + (link - _ELSEWHERE) * self._index.id_bytes
        return self._data[start : start + self._index.id_bytes]


class JoinedHistory:
    """Several histories as one. The one with the most look-ups should come first."""

    def __init__(self, histories: Sequence[History]) -> None:
        self._histories = histories

    def get(self, oid: bytes) -> tuple[bytes, ...] | None:
        """A commit's parents or a tag's object; None if no history has it."""
        for history in self._histories:
            if (found := history.get(oid)) is not None:
                return found
        return None
