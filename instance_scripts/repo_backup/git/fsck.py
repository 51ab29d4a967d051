"""Checks a mirror on disk with git: every object, every link between objects, and the refs."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from backup_contract.documents.manifest import ItemResult
from backup_contract.text import one_line
from repo_backup.git.mirror import CONFIGS, CONNECTED, index_memory, links_unchecked
from repo_backup.git.packs.pack_index import ID_BYTES, DamagedIndexError, open_index
from repo_backup.git.process import GitResult, memory_bound, run_git
from repo_backup.git.protocol.advertisement import mirror_digest
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError, UnfitMachineError

_FSCK = ("fsck", "--full", "--no-dangling", "--no-progress")
_LINKS = ("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
"""For several packs: index-pack would require each pack to contain all that its objects link to."""
_INDEX_PACK = ("index-pack", "--threads=1")
_ONLY_OBJECT_ERRORS = {1, 4, 5}
"""fsck's exit code is a sum: 1 for a bad object, 2 for a broken link or ref, 4 for a bad object in
a pack, 8 for an unusual ref or HEAD, such as a branch that names a tag."""
_UNUSUAL_REFS = 8
"""Not an error: :mod:`repo_backup.git.restorable` decides which refs are allowed."""
_BASE_BYTES, _OBJECT_BYTES = 48 << 20, 300
"""fsck's memory: 41 MB with blobs of 15 MB, 220 to 280 bytes per object (tools/bench/memory.py)."""
_COUNT_OFFSET = 8
_BLOCK_BYTES = 1 << 20
_LEAST_OBJECT_BYTES = 9
"""The least size of an object in a pack: its type and the shortest zlib stream. A header that
claims more objects than fit is false."""


def check_mirror(
    mirror: Path,
    part: ItemResult | None,
    memory_bytes: int,
    stop: CancellationToken,
    *,
    same_bytes: bool = False,
) -> tuple[str, ...]:
    """Let git check every object and link, and compare the refs with the manifest's.

    Returns remarks. Malformed history is a remark, not an error. If ``memory_bytes``, which git may
    use, are not enough to check links, they are not checked, and a remark says so. Raises
    UnfitMachineError if the machine has too little memory for any check, RepositoryError, and
    InterruptedRunError if the run is stopped.

    ``same_bytes``: the mirror was unpacked from the bytes that this run stored, and git has checked
    every object and link of them. Then only the checksums of pack and index are verified, and that
    git finds every object that the refs lead to.
    """
    packs = sorted((mirror / "objects" / "pack").glob("*.pack"))
    count = sum(map(_object_count, packs))
    need = _BASE_BYTES + count * _OBJECT_BYTES
    if not (linked := need <= memory_bytes):
        need = index_memory(count, links=False)
    git = _Git(mirror, memory_bound(need, memory_bytes), stop)
    remarks: tuple[str, ...]
    seen = same_bytes and not (part and part.archive and links_unchecked(part.archive.remarks))
    if linked and seen and _have_checksums(mirror, packs) and git.finds_all():
        remarks = ()
    elif linked:
        remarks = git.fsck(packs)
    else:
        git.index(packs, connected=False)
        remarks = (f"links between its {count} objects were not checked: memory is short",)
    if part and part.refs_digest and mirror_digest(mirror) != part.refs_digest:
        raise RepositoryError("its refs are not those of the manifest")
    return remarks


@dataclass(frozen=True)
class _Git:
    """git's own checks of a mirror, within ``memory_bytes``."""

    mirror: Path
    memory_bytes: int
    stop: CancellationToken

    def fsck(self, packs: list[Path]) -> tuple[str, ...]:
        """Check every object and link. Returns remarks. Raises RepositoryError."""
        result = self._run(_FSCK)
        code = result.code & ~_UNUSUAL_REFS if result.code > 0 else result.code
        if code in _ONLY_OBJECT_ERRORS and packs:
            # fsck's code is the same for malformed and broken objects; index-pack only refuses
            # broken ones.
            self.index(packs, connected=len(packs) == 1)
            if len(packs) > 1 and (linked := self._run(_LINKS)).code & ~_UNUSUAL_REFS:
                raise self._error("git fsck", linked)
        elif code:
            raise self._error("git fsck", result)
        return result.diagnostics.warnings()

    def finds_all(self) -> bool:
        """Whether all objects that the refs lead to exist. Blobs are not read."""
        result = self._run(_LINKS)
        return result.code >= 0 and not result.code & ~_UNUSUAL_REFS

    def index(self, packs: list[Path], *, connected: bool) -> None:
        """Read every object of each pack. Raises RepositoryError."""
        checks = CONNECTED if connected else ()
        with tempfile.TemporaryDirectory(dir=self.mirror.parent) as scratch:
            for pack in packs:
                index = ("-o", f"{scratch}/{pack.stem}.idx")
                result = self._run((*_INDEX_PACK, *checks, *index, str(pack)))
                if result.code:
                    raise self._error("git index-pack", result)

    def _error(self, tool: str, result: GitResult) -> RepositoryError:
        lines = result.diagnostics.last
        # git has no exit code for this, and calls objects corrupt that it could not read.
        if result.code < 0 or any("Out of memory" in line for line in lines):
            megabytes = self.memory_bytes >> 20
            return UnfitMachineError(
                f"{tool}: it needs more memory than is available ({megabytes} MB for git); use a "
                "machine with more, or stop other programs"
            )
        reason = one_line("; ".join(lines).replace(str(self.mirror), "")) or "no reason given"
        return RepositoryError(f"{tool}: {reason}")

    def _run(self, arguments: tuple[str, ...]) -> GitResult:
        return run_git(arguments, self.mirror, self.memory_bytes, self.stop)


def _object_count(pack: Path) -> int:
    """The number of objects in a pack's header: https://git-scm.com/docs/gitformat-pack."""
    with pack.open("rb") as file:
        head = file.read(_COUNT_OFFSET + 4)
    return min(int.from_bytes(head[_COUNT_OFFSET:]), pack.stat().st_size // _LEAST_OBJECT_BYTES)


def _have_checksums(mirror: Path, packs: list[Path]) -> bool:
    """Whether packs and indexes have the right checksums at their ends, and belong together.

    https://git-scm.com/docs/gitformat-pack
    """
    config = (mirror / "config").read_text()
    object_format = "sha256" if config == CONFIGS[1] else "sha1"
    try:
        return all(_has_checksum(pack, object_format) for pack in packs)
    except DamagedIndexError:
        return False


def _has_checksum(pack: Path, object_format: str) -> bool:
    with open_index(pack.with_suffix(".idx"), object_format) as index, pack.open("rb") as file:
        digest = hashlib.new(object_format, usedforsecurity=False)
        left = pack.stat().st_size - ID_BYTES[object_format]
        while left > 0 and (block := file.read(min(left, _BLOCK_BYTES))):
            digest.update(block)
            left -= len(block)
        return digest.digest() == file.read() == index.pack_checksum
