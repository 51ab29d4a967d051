"""A bare mirror on disk, made from an advertisement and a pack.

Only objects and refs come from upstream, so no hook, configuration or path can.
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

from backup_contract.text import one_line
from repo_backup.git.fsck_messages import strict_option
from repo_backup.git.process import known_fsck_messages, memory_bound, run_git
from repo_backup.git.protocol.advertisement import Advertisement, encode
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    DiskFullError,
    IncompletePackError,
    RefusedPackError,
    RepositoryError,
    TransientError,
)

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tfilemode = true
\tbare = true
"""
_SHA256_CONFIG = "[extensions]\n\tobjectformat = sha256\n"
CONFIGS = (_CONFIG.format(version=0), _CONFIG.format(version=1) + _SHA256_CONFIG)
"""The two configurations of our mirrors: for SHA-1 and for SHA-256."""
_INDEX_PACK = ("index-pack", "--stdin", "--threads=1")
CONNECTED = ("--check-self-contained-and-connected",)
_GREP_LFS = ("grep", "--quiet", "--fixed-strings", "--threads=1", "-f", "-")
_LFS = b"filter=lfs\n"
GREP_SECONDS = 60.0
GREP_BYTES = 256 << 20
"""git grep reads each blob into memory, and a blob may have any size."""
_FOUND, _NOT_FOUND = 0, 1
_NO_TREE = "unable to grep from object of type"
_IDX_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FANOUT_OFFSET, _FANOUT_BYTES = 8, 256 * 4
_FULL_BYTES = 1 << 20
_TIPS_IN_FULL, _TIPS_AT_ONCE = 10, 1000
_PACK_HEADER_BYTES = 12
# index-pack's memory: per pack, and per object without and with the link check. Measured with git
# 2.39, plus a fifth: 32 MB for deltas between blobs just below the threshold, 80 and 175 bytes per
# object (tools/bench/memory.py).
_BASE_BYTES, _OBJECT_BYTES, _LINKED_OBJECT_BYTES = 40 << 20, 100, 220


_UNCHECKED = re.compile(r"links between its [0-9]+ objects were not checked: memory is short")


def links_unchecked(remarks: Iterable[str]) -> bool:
    """Whether the remarks of :meth:`Mirror.receive` say that links were not checked. Pure."""
    return any(map(_UNCHECKED.fullmatch, remarks))


def index_memory(objects: int, *, links: bool) -> int:
    """Bytes of memory that index-pack needs, with or without the check of links. Pure."""
    return _BASE_BYTES + objects * (_LINKED_OBJECT_BYTES if links else _OBJECT_BYTES)


class Mirror:
    """The bare repository ``path`` (``…/<name>.git``)."""

    def __init__(self, path: Path, advertisement: Advertisement) -> None:
        self.path = path
        self.advertisement = advertisement
        self.pack: Path | None = None
        self.pack_crc32 = 0

    def create(self) -> None:
        """Write everything except the objects."""
        (self.path / "objects" / "pack").mkdir(parents=True)
        (self.path / "refs").mkdir()
        for name, text in self.texts().items():
            (self.path / name).write_bytes(text)

    def texts(self) -> dict[str, bytes]:
        """The mirror's small files by name. Equal refs give equal bytes."""
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
        self,
        blocks: Iterator[bytes],
        memory: ResourceBudget,
        stop: CancellationToken,
        *,
        check_format: bool = True,
    ) -> tuple[str, ...]:
        """Let git check and index the pack in ``blocks``. Returns remarks.

        git checks every object and every link between objects, and the pack must contain every
        advertised tip. If ``memory`` is not enough to check links, a remark says that they were not
        checked. ``check_format``: git also checks the format of each object; a malformed one is a
        remark. Raises TransientError if the pack is incomplete, IncompletePackError if it lacks an
        object, RefusedPackError, DiskFullError.
        """
        head = b""
        while len(head) < _PACK_HEADER_BYTES and (block := next(blocks, None)) is not None:
            head += block
        count = int.from_bytes(head[8:_PACK_HEADER_BYTES])
        connected = index_memory(count, links=True) <= memory.total
        need = index_memory(count, links=connected)
        # git follows all links to check the format, which takes as much memory as checking links.
        strict = (strict_option(known_fsck_messages()),) if check_format else ()
        checks = (*CONNECTED, *strict) if connected else ()
        with memory.reserve(need):
            limit = memory_bound(need, memory.total)
            remarks = self.index_pack(itertools.chain([head], blocks), stop, checks, limit)
        missing = self._missing(self.advertisement.tips)
        if missing:
            # If all tips are missing, the response is at fault and not an object.
            some = len(missing) < len(self.advertisement.tips)
            reason = f"the pack lacks {len(missing)} of the advertised tips"
            raise IncompletePackError(reason, tuple(missing) if some else ())
        if connected:
            return remarks
        return (*remarks, f"links between its {count} objects were not checked: memory is short")

    def index_pack(
        self,
        blocks: Iterable[bytes],
        stop: CancellationToken,
        checks: tuple[str, ...],
        memory_bytes: int,
    ) -> tuple[str, ...]:
        """Let git index the pack in ``blocks``, with these additional ``checks``. Returns remarks.

        git always checks that each object is intact and that no delta needs a base outside the
        pack. Raises what :meth:`receive` raises.
        """
        crc32 = 0

        def counted() -> Iterator[bytes]:
            nonlocal crc32
            for block in blocks:
                crc32 = zlib.crc32(block, crc32)
                yield block

        arguments = (*_INDEX_PACK, *checks)
        result = run_git(arguments, self.path, memory_bytes, stop, feed=counted())
        if result.code != 0:
            raise _index_error(result.code, result.diagnostics.last, self.path)
        self.pack = next((self.path / "objects" / "pack").glob("*.pack"))
        self.pack_crc32 = crc32
        return result.diagnostics.warnings()

    def uses_lfs(self, stop: CancellationToken) -> bool | None:
        """Whether a ``.gitattributes`` at a branch's tip uses Git LFS.

        In the first branches all folders are searched; in the others, of which there may be
        thousands, only the top folder. Tags are not searched, because they may name a blob. None if
        the search takes too long: a tree may contain another many times, at every level. Raises
        InterruptedRunError if the run is stopped.
        """
        refs = self.advertisement.refs
        names = [self.advertisement.head or "", *sorted(refs)]
        tips = list(dict.fromkeys(refs[n] for n in names if n in refs and "/heads/" in n))
        searches = [(tips[:_TIPS_IN_FULL], ":(glob)**/.gitattributes")]
        for start in range(_TIPS_IN_FULL, len(tips), _TIPS_AT_ONCE):
            searches.append((tips[start : start + _TIPS_AT_ONCE], ".gitattributes"))
        return self._any_lfs(searches, stop)

    def adds_lfs(self, attributes: Iterable[bytes], stop: CancellationToken) -> bool | None:
        """The same for objects of the new pack that are files named ``.gitattributes``."""
        ids = sorted(oid.hex() for oid in attributes)
        starts = range(0, len(ids), _TIPS_AT_ONCE)
        return self._any_lfs(
            [(ids[at : at + _TIPS_AT_ONCE], ".gitattributes") for at in starts], stop
        )

    def _any_lfs(
        self, searches: list[tuple[list[str], str]], stop: CancellationToken
    ) -> bool | None:
        ends_at = time.monotonic() + GREP_SECONDS
        try:
            return any(self._grep_lfs(*search, ends_at, stop) for search in searches if search[0])
        except (subprocess.TimeoutExpired, MemoryError):
            return None

    def _grep_lfs(
        self, tips: list[str], paths: str, ends_at: float, stop: CancellationToken
    ) -> bool:
        arguments = (*_GREP_LFS, *tips, "--", paths)
        left = max(0.1, ends_at - time.monotonic())
        result = run_git(arguments, self.path, GREP_BYTES, stop, feed=(_LFS,), seconds=left)
        if any(_NO_TREE in line for line in result.diagnostics.last):
            # A branch may name a blob, at which git stops the search. Search the tips in halves.
            half = len(tips) // 2
            halves = (tips[:half], tips[half:]) if half else ()
            return any(self._grep_lfs(each, paths, ends_at, stop) for each in halves)
        if result.code not in (_FOUND, _NOT_FOUND):
            raise MemoryError("git grep failed")
        return result.code == _FOUND

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
    """Whether a version 2 pack index has the object (https://git-scm.com/docs/gitformat-pack)."""

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


def _index_error(code: int, lines: list[str], path: Path) -> RepositoryError:
    text = one_line("; ".join(lines).replace(str(path), "")) or "no reason given"
    # git has no exit code for a full disk.
    if shutil.disk_usage(path).free < _FULL_BYTES or "No space left on device" in text:
        return DiskFullError("the temporary directory is full")
    if code < 0:
        return TransientError(f"git was killed by signal {-code}; memory may be short")
    # git has no exit code for this either.
    kind = IncompletePackError if "did not receive expected object" in text else RefusedPackError
    return kind(f"git refuses the pack: {text}")
