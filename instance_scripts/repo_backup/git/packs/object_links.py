"""Reads the links of commits, trees and tags from the output of ``git cat-file --batch``.

Objects are read in blocks, so neither a large tree nor a long message is kept in memory. The
format is git's (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects): a commit begins with its
tree and parents, a tag with its object, and a tree is a sequence of ``mode SP name NUL id``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from repo_backup.git.packs.object_types import ObjectType
from repo_backup.runtime.errors import RepositoryError

_BLOCK_BYTES = 1 << 16
_LONGEST_ENTRY_BYTES = 1 << 20
"""The longest entry of a tree that is accepted; no file system has names as long."""
_LONGEST_LINE_BYTES = 200
"""The longest line that is parsed: an object's id, type and size, or a line with an id."""
_MOST_PARENTS = 10_000
_TYPES = {each.name.lower().encode(): each for each in ObjectType}
_KIND = 0o170000
_BY_KIND = {
    0o040000: ObjectType.TREE,
    0o100000: ObjectType.BLOB,
    0o120000: ObjectType.BLOB,
}
"""Files and symbolic links are blobs. git treats every other mode as a submodule, whose commit is
in another repository (canon_mode in git's cache.h)."""
ATTRIBUTES = b".gitattributes"


class ProofError(RepositoryError):
    """New objects cannot be proven complete with the known ones: everything must be fetched."""


@dataclass(frozen=True)
class Links:
    """The objects that an object needs. A large tree is divided into several of these.

    ``needs`` are types and ids; for a commit, its tree and then its parents in order.
    ``attributes`` are the ids among them of files named ``.gitattributes``.
    """

    oid: bytes
    type: ObjectType
    needs: list[tuple[ObjectType, bytes]]
    attributes: tuple[bytes, ...] = ()


def read_links(stream: IO[bytes], id_bytes: int) -> Iterator[Links]:
    """The links of each object in git's output. Raises ProofError if git cannot read an object."""
    entry = re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % id_bytes, re.DOTALL)
    while head := stream.readline(_LONGEST_LINE_BYTES):
        words = head.split()
        if len(words) != 3 or words[1] not in _TYPES:
            raise ProofError("git cannot read an object that it has just checked")
        oid, kind = bytes.fromhex(words[0].decode()), _TYPES[words[1]]
        body = _Body(stream, int(words[2]))
        match kind:
            case ObjectType.TREE:
                yield from _tree(oid, body, entry)
            case ObjectType.COMMIT:
                yield Links(oid, kind, _commit(oid, body))
            case ObjectType.TAG:
                yield Links(oid, kind, [_tag(oid, body)])
            case ObjectType.BLOB:
                pass
        body.skip()


class _Body:
    """The content of one object, up to the line feed that git prints after it."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self.left = size

    def read(self) -> bytes:
        """The next block; empty at the end."""
        return self._counted(self._stream.read(min(self.left, _BLOCK_BYTES)))

    def line(self) -> bytes:
        """The next line; only its beginning if it is too long."""
        return self._counted(self._stream.readline(min(self.left, _LONGEST_LINE_BYTES)))

    def skip(self) -> None:
        """Skip the rest."""
        while self.read():
            pass
        self._stream.read(1)

    def _counted(self, data: bytes) -> bytes:
        if self.left and not data:
            raise ProofError("git ended in the middle of an object")
        self.left -= len(data)
        return data


def _tree(oid: bytes, body: _Body, entry: re.Pattern[bytes]) -> Iterator[Links]:
    rest = b""
    while block := body.read():
        data = rest + block
        needs, attributes, end = [], [], 0
        while found := entry.match(data, end):
            end = found.end()
            mode, name, target = found.groups()
            if (kind := _BY_KIND.get(int(mode, 8) & _KIND)) is not None:
                needs.append((kind, target))
                if name == ATTRIBUTES:
                    attributes.append(target)
        rest = data[end:]
        if len(rest) > _LONGEST_ENTRY_BYTES:
            break
        yield Links(oid, ObjectType.TREE, needs, tuple(attributes))
    if rest:
        raise ProofError(f"tree {oid.hex()} is malformed")


def _commit(oid: bytes, body: _Body) -> list[tuple[ObjectType, bytes]]:
    tree = _id(body.line(), b"tree ", oid)
    needs = [(ObjectType.TREE, tree)]
    while (line := body.line()).startswith(b"parent "):
        needs.append((ObjectType.COMMIT, _id(line, b"parent ", oid)))
        if len(needs) > _MOST_PARENTS:
            raise ProofError(f"commit {oid.hex()} has more than {_MOST_PARENTS} parents")
    return needs


def _tag(oid: bytes, body: _Body) -> tuple[ObjectType, bytes]:
    target = _id(body.line(), b"object ", oid)
    kind = _TYPES.get(body.line().removeprefix(b"type ").removesuffix(b"\n"))
    if kind is None:
        raise ProofError(f"tag {oid.hex()} is malformed")
    return kind, target


def _id(line: bytes, prefix: bytes, oid: bytes) -> bytes:
    text = line.removeprefix(prefix).removesuffix(b"\n")
    if not line.startswith(prefix) or len(text) != 2 * len(oid):
        raise ProofError(f"object {oid.hex()} is malformed")
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        raise ProofError(f"object {oid.hex()} is malformed") from None
