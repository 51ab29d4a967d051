"""Finds and parses Git LFS pointers, the small files that stand for large ones.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repo_backup.git.process import run_git
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError

LONGEST_BYTES = 1024
"""A pointer is shorter than this."""
_SHORTEST_BYTES = 100
_VERSIONS = (
    "https://git-lfs.github.com/spec/v1",
    "https://hawser.github.com/spec/v1",
    "http://git-media.io/v/2",
)
"""The last two are from earlier versions of Git LFS, which still reads them."""
_OID = re.compile(r"sha256:([0-9a-f]{64})")
_SIZE = re.compile(r"[0-9]{1,18}")
_EXTENSION = re.compile(r"ext-[0-9]-\w+")
_LIST = ("cat-file", "--batch-all-objects", "--unordered", "--buffer")
_LIST_SMALL = (*_LIST, "--batch-check=%(objectname) %(objecttype) %(objectsize)")
_READ = ("cat-file", "--batch", "--buffer")
_IDS_IN_A_BLOCK = 1000
_MEMORY_BYTES = 256 << 20
_LINE_BYTES = 200


@dataclass(frozen=True, slots=True, order=True)
class Pointer:
    """A pointer to a large file: the SHA-256 of its content (hex) and its size in bytes."""

    oid: str
    size: int


def parse(blob: bytes) -> Pointer | None:
    """Parse a pointer; None if the file is not one. Pure."""
    if not _SHORTEST_BYTES <= len(blob) < LONGEST_BYTES:
        return None
    try:
        lines = blob.decode().strip().splitlines()
    except UnicodeDecodeError:
        return None
    pairs = [line.partition(" ")[::2] for line in lines]
    values = {key: value for key, value in pairs if not _EXTENSION.fullmatch(key)}
    if list(values) != ["version", "oid", "size"] or values["version"] not in _VERSIONS:
        return None
    oid, size = _OID.fullmatch(values["oid"]), _SIZE.fullmatch(values["size"])
    return Pointer(oid[1], int(size[0])) if oid and size else None


def pointers_in(repository: Path, id_bytes: int, stop: CancellationToken) -> set[Pointer]:
    """All pointers among the objects of a bare repository, reachable or not.

    Objects larger than a kilobyte are not read. Object ids have ``id_bytes``. Raises
    RepositoryError if git cannot read the repository, InterruptedRunError if the run is stopped.
    """
    small = bytearray()
    found: set[Pointer] = set()

    def note_small(stream: IO[bytes]) -> None:
        for line in stream:
            oid, kind, size = line.split()
            if kind == b"blob" and _SHORTEST_BYTES <= int(size) < LONGEST_BYTES:
                small.extend(bytes.fromhex(oid.decode()))

    def read(stream: IO[bytes]) -> None:
        while head := stream.readline(_LINE_BYTES):
            size = int(head.split()[2])
            blob = stream.read(size + 1)
            if pointer := parse(blob[:size]):
                found.add(pointer)

    _run(_LIST_SMALL, repository, stop, None, note_small)
    if small:
        _run(_READ, repository, stop, _ids(small, id_bytes), read)
    return found


def _ids(packed: bytearray, id_bytes: int) -> Iterator[bytes]:
    block = id_bytes * _IDS_IN_A_BLOCK
    for start in range(0, len(packed), block):
        piece = packed[start : start + block]
        ids = (piece[at : at + id_bytes].hex() for at in range(0, len(piece), id_bytes))
        yield "".join(f"{oid}\n" for oid in ids).encode()


def _run(
    arguments: tuple[str, ...],
    repository: Path,
    stop: CancellationToken,
    feed: Iterator[bytes] | None,
    read: Callable[[IO[bytes]], None],
) -> None:
    try:
        result = run_git(arguments, repository, _MEMORY_BYTES, stop, feed=feed, read=read)
    except (ValueError, IndexError) as error:
        raise RepositoryError("git cannot list the objects that were archived") from error
    if result.code:
        raise RepositoryError(f"git {arguments[0]} ended with code {result.code}")
