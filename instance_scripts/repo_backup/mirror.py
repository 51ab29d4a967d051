"""A bare mirror on disk, made from an advertisement and a pack: nothing of it comes from upstream
but objects and refs, so that no hook, no configuration and no path can.
"""

import contextlib
import itertools
import mmap
import os
import resource
import shutil
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from repo_backup.capacity import Budget
from repo_backup.errors import (
    DiskFullError,
    RefusedPackError,
    RepositoryError,
    TransientError,
    said,
)
from repo_backup.git import Advertisement, encode
from repo_backup.malformations import STRICT, Complaints
from repo_backup.stop import Stop

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tfilemode = true
\tbare = true
"""
_SHA256_CONFIG = "[extensions]\n\tobjectformat = sha256\n"
CONFIGS = (_CONFIG.format(version=0), _CONFIG.format(version=1) + _SHA256_CONFIG)
"""The two configurations that a mirror of ours may have: for SHA-1 and for SHA-256."""
LEAN_GIT = (
    "git",
    # Larger blobs are checked in a stream: 13 MB of memory instead of the blob's size.
    *("-c", "core.bigFileThreshold=16m", "-c", "core.deltaBaseCacheLimit=16m"),
    # A pack is looked at through a window instead of being mapped as a whole.
    *("-c", "core.packedGitWindowSize=16m", "-c", "core.packedGitLimit=64m"),
    *("-c", "pack.writeReverseIndex=false"),
    # Nothing that a repository holds may start a program or reach out, whatever git does next.
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"),
    *("-c", "core.attributesFile=/dev/null", "-c", "credential.helper=", "-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false", "-c", "submodule.recurse=false"),
)
"""git in little memory: of a 500 MB blob fsck held 960 MB without, 70 MB with these (2.39)."""
_INDEX_PACK = (*LEAN_GIT, "index-pack", "--stdin", "--threads=1")
CONNECTED = ("--check-self-contained-and-connected",)
_GREP_LFS = (*LEAN_GIT, "grep", "--quiet", "--fixed-strings", "--threads=1", "-e", "filter=lfs")
GREP_SECONDS = 60.0
GREP_BYTES = 256 << 20
"""git reads a blob as a whole to look through it, and one may be of any size."""
_FOUND, _NOT_FOUND = 0, 1
_IDX_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FANOUT_OFFSET, _FANOUT_BYTES = 8, 256 * 4
_FULL_BYTES = 1 << 20
_TIPS_IN_FULL, _TIPS_AT_ONCE = 10, 1000
_FIRST_TO_GO = "800"
_PACK_HEADER_BYTES = 12
_LEAST_MEMORY_BYTES = 256 << 20
"""What index-pack may take beyond what its objects need: for deltas of large files."""
# index-pack's memory: per pack, and per object without and with the check of links. Measured with
# git 2.39, a fifth added: 32 MB for deltas between blobs just below the threshold, 80 and 175
# bytes for each object (benchmarks/memory.py).
_BASE_BYTES, _OBJECT_BYTES, _LINKED_OBJECT_BYTES = 40 << 20, 100, 220


def git_environment(home: Path) -> dict[str, str]:
    """All that a git of ours gets to see: no configuration of anybody's, no prompt, no secret."""
    authority = os.environ.get("SSL_CERT_FILE")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_ATTR_NOSYSTEM": "1",
        # Our git only ever works on what is there already: it has no reason to speak to anybody.
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        # git's own name for what OpenSSL calls SSL_CERT_FILE, which its GnuTLS does not read.
        **({"GIT_SSL_CAINFO": authority} if authority else {}),
    }


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
        return {
            "HEAD": encode(f"{head}\n"),
            "config": config.encode(),
            "packed-refs": encode("".join(f"{line}\n" for line in packed)),
        }

    def receive(
        self, blocks: Iterator[bytes], memory: Budget, stop: Stop, *, closely: bool = True
    ) -> tuple[str, ...]:
        """Let git check and index the pack in ``blocks``; returns remarks.

        Every object's contents and every link between objects are checked, and every advertised
        tip must be there. Links are not, and a remark says so, when ``memory`` is too short for
        that. ``closely`` has git look at the form of each object as well; what it dislikes is a
        remark. Raises TransientError when the pack is not whole, RefusedPackError, DiskFullError.
        """
        head = b""
        while len(head) < _PACK_HEADER_BYTES and (block := next(blocks, None)) is not None:
            head += block
        count = int.from_bytes(head[8:_PACK_HEADER_BYTES])
        linked = _BASE_BYTES + count * _LINKED_OBJECT_BYTES
        connected = linked <= memory.total
        need = linked if connected else _BASE_BYTES + count * _OBJECT_BYTES
        # To look closely git walks all links: it takes the memory of that.
        checks = (*CONNECTED, *((STRICT,) if closely else ())) if connected else ()
        with memory.lend(need):
            limit = max(memory.total, need) + _LEAST_MEMORY_BYTES
            remarks = self._index(itertools.chain([head], blocks), stop, checks, limit)
        missing = self._missing(self.advertisement.tips)
        if missing:
            raise TransientError(f"the pack lacks {len(missing)} of the advertised tips")
        if connected:
            return remarks
        return (f"links between its {count} objects were not checked: memory is short",)

    def _index(
        self, blocks: Iterable[bytes], stop: Stop, checks: tuple[str, ...], memory_bytes: int
    ) -> tuple[str, ...]:
        environment = git_environment(self.path)
        complaints = Complaints()
        crc32 = 0
        with subprocess.Popen(
            (*_INDEX_PACK, *checks),
            cwd=self.path,
            env={**environment, "GIT_DIR": str(self.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin  # noqa: S101 - for the type checker
            assert process.stderr  # noqa: S101 - for the type checker
            _confine(process, memory_bytes)
            # Read while it works: what it says may be more than a pipe holds.
            reader = threading.Thread(target=complaints.read, args=(process.stderr,), daemon=True)
            reader.start()
            try:
                with contextlib.suppress(BrokenPipeError), process.stdin:
                    for block in blocks:
                        stop.check()
                        process.stdin.write(block)
                        crc32 = zlib.crc32(block, crc32)
                process.wait()
            except BaseException:
                process.kill()
                raise
            finally:
                reader.join()
        if process.returncode != 0:
            raise _index_error(process.returncode, complaints.last, self.path)
        self.pack = next((self.path / "objects" / "pack").glob("*.pack"))
        self.pack_crc32 = crc32
        return complaints.warnings()

    def uses_lfs(self) -> bool | None:
        """Whether a ``.gitattributes`` at a branch's tip hands files to Git LFS.

        All folders are looked through at the first branches; at further ones, of which there may
        be thousands, the top folder alone. (Tags may name a blob, which cannot be looked through.)
        None when that takes too much: a tree may name itself many times over, at every level.
        """
        refs = self.advertisement.refs
        names = [self.advertisement.head or "", *sorted(refs)]
        tips = list(dict.fromkeys(refs[n] for n in names if n in refs and "/heads/" in n))
        searches = [(tips[:_TIPS_IN_FULL], ":(glob)**/.gitattributes")]
        for start in range(_TIPS_IN_FULL, len(tips), _TIPS_AT_ONCE):
            searches.append((tips[start : start + _TIPS_AT_ONCE], ".gitattributes"))
        ends_at = time.monotonic() + GREP_SECONDS
        try:
            return any(self._grep_lfs(*search, ends_at) for search in searches if search[0])
        except (subprocess.TimeoutExpired, MemoryError):
            return None

    def _grep_lfs(self, tips: list[str], paths: str, ends_at: float) -> bool:
        with subprocess.Popen(
            (*_GREP_LFS, *tips, "--", paths),
            cwd=self.path,
            env={**git_environment(self.path), "GIT_DIR": str(self.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            _confine(process, GREP_BYTES)
            try:
                code = process.wait(max(0.1, ends_at - time.monotonic()))
            except BaseException:
                process.kill()
                raise
        if code not in (_FOUND, _NOT_FOUND):
            raise MemoryError("git grep failed")
        return code == _FOUND

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


def _confine(process: subprocess.Popen[bytes], memory_bytes: int) -> None:
    """Bound what a hostile pack can take: a few bytes of delta may stand for gigabytes.

    Where memory runs out all the same, Linux shall end this git, which costs one repository.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(_FIRST_TO_GO)


def _index_error(code: int, told: list[str], path: Path) -> RepositoryError:
    text = said("; ".join(told).replace(str(path), "")) or "no reason given"
    # git has no exit code for a full disk.
    if shutil.disk_usage(path).free < _FULL_BYTES or "No space left on device" in text:
        return DiskFullError("the temporary directory is full")
    if code < 0:
        return TransientError(f"git was ended by signal {-code}; memory may be short")
    return RefusedPackError(f"git refuses the pack: {text}")
