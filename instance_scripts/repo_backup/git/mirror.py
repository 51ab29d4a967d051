"""A bare mirror on disk, made from an advertisement and a pack: nothing of it comes from upstream
but objects and refs, so that no hook, no configuration and no path can.
"""

import itertools
import mmap
import re
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from repo_backup.git.fsck_messages import strict_option
from repo_backup.git.process import known_fsck_messages, memory_bound, run_git
from repo_backup.git.protocol.advertisement import Advertisement, encode
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import (
    DiskFullError,
    IncompletePackError,
    RefusedPackError,
    RepositoryError,
    TransientError,
    said,
)

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tfilemode = true
\tbare = true
"""
_SHA256_CONFIG = "[extensions]\n\tobjectformat = sha256\n"
CONFIGS = (_CONFIG.format(version=0), _CONFIG.format(version=1) + _SHA256_CONFIG)
"""The two configurations that a mirror of ours may have: for SHA-1 and for SHA-256."""
_INDEX_PACK = ("index-pack", "--stdin", "--threads=1")
CONNECTED = ("--check-self-contained-and-connected",)
_GREP_LFS = ("grep", "--quiet", "--fixed-strings", "--threads=1", "-f", "-")
_LFS = b"filter=lfs\n"
GREP_SECONDS = 60.0
GREP_BYTES = 256 << 20
"""git reads a blob as a whole to look through it, and one may be of any size."""
_FOUND, _NOT_FOUND = 0, 1
_NO_TREE = "unable to grep from object of type"
_IDX_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FANOUT_OFFSET, _FANOUT_BYTES = 8, 256 * 4
_FULL_BYTES = 1 << 20
_TIPS_IN_FULL, _TIPS_AT_ONCE = 10, 1000
_PACK_HEADER_BYTES = 12
# index-pack's memory: per pack, and per object without and with the check of links. Measured with
# git 2.39, a fifth added: 32 MB for deltas between blobs just below the threshold, 80 and 175
# bytes for each object (tools/bench/memory.py).
_BASE_BYTES, _OBJECT_BYTES, _LINKED_OBJECT_BYTES = 40 << 20, 100, 220


_UNCHECKED = re.compile(r"links between its [0-9]+ objects were not checked: memory is short")


def links_unchecked(remarks: Iterable[str]) -> bool:
    """Whether :meth:`Mirror.receive` did not check links, by its remarks. Pure."""
    return any(map(_UNCHECKED.fullmatch, remarks))


def index_memory(objects: int, *, links: bool) -> int:
    """Bytes that index-pack needs for so many objects, with or without the check of links. Pure."""
    return _BASE_BYTES + objects * (_LINKED_OBJECT_BYTES if links else _OBJECT_BYTES)


class Mirror:
    """The bare repository ``path`` (``…/<name>.git``)."""

    def __init__(self, path: Path, advertisement: Advertisement) -> None:
        self.path = path
        self.advertisement = advertisement
        self.pack: Path | None = None
        self.pack_crc32 = 0

    def create(self) -> None:
        """Write everything but the objects."""
        (self.path / "objects" / "pack").mkdir(parents=True)
        (self.path / "refs").mkdir()
        for name, text in self.texts().items():
            (self.path / name).write_bytes(text)

    def texts(self) -> dict[str, bytes]:
        """The mirror's small files by name: the same refs make the same bytes."""
        known = self.advertisement
        sha256 = known.object_format == "sha256"
        config = CONFIGS[sha256]
        head = known.detached or f"ref: {known.head}"
        packed = ["# pack-refs with: peeled fully-peeled sorted "]
        for name in sorted(known.refs, key=encode):
            packed.append(f"{known.refs[name]} {name}")
            if name in known.peeled:
                packed.append(f"^{known.peeled[name]}")
        texts = {
            "HEAD": encode(f"{head}\n"),
            "config": config.encode(),
            "packed-refs": encode("".join(f"{line}\n" for line in packed)),
        }
        if known.shallow:
            texts["shallow"] = "".join(f"{oid}\n" for oid in known.shallow).encode()
        return texts

    def receive(
        self, blocks: Iterator[bytes], memory: Budget, stop: Stop, *, closely: bool = True
    ) -> tuple[str, ...]:
        """Let git check and index the pack in ``blocks``; returns remarks.

        Every object's contents and every link between objects are checked, and every advertised
        tip must be there. Links are not, and a remark says so, when ``memory`` is too short for
        that. ``closely`` has git look at the form of each object as well; what it dislikes is a
        remark. Raises TransientError when the pack is not whole, IncompletePackError when it lacks
        an object, RefusedPackError, DiskFullError.
        """
        head = b""
        while len(head) < _PACK_HEADER_BYTES and (block := next(blocks, None)) is not None:
            head += block
        count = int.from_bytes(head[8:_PACK_HEADER_BYTES])
        connected = index_memory(count, links=True) <= memory.total
        need = index_memory(count, links=connected)
        # To look closely git walks all links: it takes the memory of that.
        strict = (strict_option(known_fsck_messages()),) if closely else ()
        checks = (*CONNECTED, *strict) if connected else ()
        with memory.lend(need):
            limit = memory_bound(need, memory.total)
            remarks = self.index_pack(itertools.chain([head], blocks), stop, checks, limit)
        missing = self._missing(self.advertisement.tips)
        if missing:
            # A mirror is nothing without any; then the answer, not an object, is at fault.
            some = len(missing) < len(self.advertisement.tips)
            reason = f"the pack lacks {len(missing)} of the advertised tips"
            raise IncompletePackError(reason, tuple(missing) if some else ())
        if connected:
            return remarks
        return (*remarks, f"links between its {count} objects were not checked: memory is short")

    def index_pack(
        self, blocks: Iterable[bytes], stop: Stop, checks: tuple[str, ...], memory_bytes: int
    ) -> tuple[str, ...]:
        """Let git index the pack in ``blocks``, with these further ``checks``; returns remarks.

        git always checks that each object is whole and that no delta needs one that is elsewhere.
        Raises what :meth:`receive` raises.
        """
        crc32 = 0

        def counted() -> Iterator[bytes]:
            nonlocal crc32
            for block in blocks:
                crc32 = zlib.crc32(block, crc32)
                yield block

        arguments = (*_INDEX_PACK, *checks)
        ended = run_git(arguments, self.path, memory_bytes, stop, feed=counted())
        if ended.code != 0:
            raise _index_error(ended.code, ended.complaints.last, self.path)
        self.pack = next((self.path / "objects" / "pack").glob("*.pack"))
        self.pack_crc32 = crc32
        return ended.complaints.warnings()

    def uses_lfs(self, stop: Stop) -> bool | None:
        """Whether a ``.gitattributes`` at a branch's tip hands files to Git LFS.

        All folders are looked through at the first branches; at further ones, of which there may
        be thousands, the top folder alone. (Tags may name a blob, which cannot be looked through.)
        None when that takes too much: a tree may name itself many times over, at every level.
        Raises InterruptedRunError when told to stop.
        """
        refs = self.advertisement.refs
        names = [self.advertisement.head or "", *sorted(refs)]
        tips = list(dict.fromkeys(refs[n] for n in names if n in refs and "/heads/" in n))
        searches = [(tips[:_TIPS_IN_FULL], ":(glob)**/.gitattributes")]
        for start in range(_TIPS_IN_FULL, len(tips), _TIPS_AT_ONCE):
            searches.append((tips[start : start + _TIPS_AT_ONCE], ".gitattributes"))
        return self._any_lfs(searches, stop)

    def adds_lfs(self, attributes: Iterable[bytes], stop: Stop) -> bool | None:
        """The same of these objects, which are files named ``.gitattributes`` in the new pack."""
        ids = sorted(oid.hex() for oid in attributes)
        starts = range(0, len(ids), _TIPS_AT_ONCE)
        return self._any_lfs(
            [(ids[at : at + _TIPS_AT_ONCE], ".gitattributes") for at in starts], stop
        )

    def _any_lfs(self, searches: list[tuple[list[str], str]], stop: Stop) -> bool | None:
        ends_at = time.monotonic() + GREP_SECONDS
        try:
            return any(self._grep_lfs(*search, ends_at, stop) for search in searches if search[0])
        except (subprocess.TimeoutExpired, MemoryError):
            return None

    def _grep_lfs(self, tips: list[str], paths: str, ends_at: float, stop: Stop) -> bool:
        arguments = (*_GREP_LFS, *tips, "--", paths)
        left = max(0.1, ends_at - time.monotonic())
        ended = run_git(arguments, self.path, GREP_BYTES, stop, feed=(_LFS,), seconds=left)
        if any(_NO_TREE in line for line in ended.complaints.last):
            # A branch may name a file, which costs git all other tips of the search.
            half = len(tips) // 2
            halves = (tips[:half], tips[half:]) if half else ()
            return any(self._grep_lfs(each, paths, ends_at, stop) for each in halves)
        if ended.code not in (_FOUND, _NOT_FOUND):
            raise MemoryError("git grep failed")
        return ended.code == _FOUND

    def _missing(self, tips: list[str]) -> list[str]:
        assert self.pack  # noqa: S101 - set by receive
        with (
            self.pack.with_suffix(".idx").open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as index,
        ):
            if index[:8] != _IDX_MAGIC:
                raise TransientError("git wrote an index of an unknown version")
            return [tip for tip in tips if not _holds(index, bytes.fromhex(tip))]


def _holds(index: mmap.mmap, oid: bytes) -> bool:
    """Whether a pack index, version 2, names the object (https://git-scm.com/docs/gitformat-pack)."""

    def fanout(byte: int) -> int:
        if byte < 0:
            return 0
        return int(struct.unpack_from(">I", index, _FANOUT_OFFSET + 4 * byte)[0])

    low, high, size = fanout(oid[0] - 1), fanout(oid[0]), len(oid)
    while low < high:
        middle = (low + high) // 2
        start = _FANOUT_OFFSET + _FANOUT_BYTES + middle * size
        found = index[start : start + size]
        if found == oid:
            return True
        low, high = (middle + 1, high) if found < oid else (low, middle)
    return False


def _index_error(code: int, told: list[str], path: Path) -> RepositoryError:
    text = said("; ".join(told).replace(str(path), "")) or "no reason given"
    # git has no exit code for a full disk.
    if shutil.disk_usage(path).free < _FULL_BYTES or "No space left on device" in text:
        return DiskFullError("the temporary directory is full")
    if code < 0:
        return TransientError(f"git was ended by signal {-code}; memory may be short")
    # git has no exit code for that either.
    kind = IncompletePackError if "did not receive expected object" in text else RefusedPackError
    return kind(f"git refuses the pack: {text}")
