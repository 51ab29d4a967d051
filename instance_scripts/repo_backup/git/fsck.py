"""Whether a mirror on disk is whole: every object, every link between them, and the refs."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from backup_contract.documents.manifest import ItemResult
from repo_backup.git.mirror import CONFIGS, CONNECTED, index_memory, links_unchecked
from repo_backup.git.packs.pack_index import ID_BYTES, DamagedIndexError, open_index
from repo_backup.git.process import Ended, memory_bound, run_git
from repo_backup.git.protocol.advertisement import mirror_digest
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, UnfitMachineError, said

_FSCK = ("fsck", "--full", "--no-dangling", "--no-progress")
_LINKS = ("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
"""Of several packs no one need hold what its objects name."""
_INDEX_PACK = ("index-pack", "--threads=1")
_OBJECTS_BUT_NO_LINKS = {1, 4, 5}
"""fsck's exit code is a sum: 1 an object, 2 a link or a ref's object, 4 an object in a pack is at
fault, 8 what a ref or HEAD is: a branch that names a tag, a HEAD elsewhere."""
_REF_HABITS = 8
"""No fault: :mod:`repo_backup.git.restorable` says what refs may be."""
_BASE_BYTES, _OBJECT_BYTES = 48 << 20, 300
"""fsck's memory: 41 MB with blobs of 15 MB, 220 to 280 bytes an object (tools/bench/memory.py)."""
_COUNT_OFFSET = 8
_BLOCK_BYTES = 1 << 20
_LEAST_OBJECT_BYTES = 9
"""In a pack: a type, and the shortest that zlib makes. More objects than fit are a lie."""


def check_mirror(
    mirror: Path,
    part: ItemResult | None,
    memory_bytes: int,
    stop: Stop,
    *,
    same_bytes: bool = False,
) -> tuple[str, ...]:
    """Let git check every object and link, and compare the refs with the manifest's; remarks.

    Malformed history is no fault but a remark; that the machine has too little memory to look is an
    UnfitMachineError. ``memory_bytes`` are what git may take: links are
    not checked, and a remark says so, where they are too few for that. Raises RepositoryError, and
    InterruptedRunError when told to stop.

    ``same_bytes``: the mirror was unpacked from the very bytes that this run stored, and whose
    every object git read and linked before. It is then enough that pack and index have their
    checksums and that git finds all objects that the refs lead to.
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
    stop: Stop

    def fsck(self, packs: list[Path]) -> tuple[str, ...]:
        """Read every object and link; remarks. Raises RepositoryError."""
        ended = self._run(_FSCK)
        code = ended.code & ~_REF_HABITS if ended.code > 0 else ended.code
        if code in _OBJECTS_BUT_NO_LINKS and packs:
            # fsck counts an ugly object like a broken one; index-pack refuses broken ones only.
            self.index(packs, connected=len(packs) == 1)
            if len(packs) > 1 and (linked := self._run(_LINKS)).code & ~_REF_HABITS:
                raise self._error("git fsck", linked)
        elif code:
            raise self._error("git fsck", ended)
        return ended.complaints.warnings()

    def finds_all(self) -> bool:
        """Whether all objects are there that the refs lead to; contents of files are not read."""
        ended = self._run(_LINKS)
        return ended.code >= 0 and not ended.code & ~_REF_HABITS

    def index(self, packs: list[Path], *, connected: bool) -> None:
        """Read every object of each pack. Raises RepositoryError."""
        checks = CONNECTED if connected else ()
        with tempfile.TemporaryDirectory(dir=self.mirror.parent) as scratch:
            for pack in packs:
                index = ("-o", f"{scratch}/{pack.stem}.idx")
                ended = self._run((*_INDEX_PACK, *checks, *index, str(pack)))
                if ended.code:
                    raise self._error("git index-pack", ended)

    def _error(self, tool: str, ended: Ended) -> RepositoryError:
        lines = ended.complaints.last
        # git has no exit code for that, and goes on to call what it could not read corrupt.
        if ended.code < 0 or any("Out of memory" in line for line in lines):
            megabytes = self.memory_bytes >> 20
            return UnfitMachineError(
                f"{tool}: it takes more memory than there is ({megabytes} MB for git); use a "
                "machine with more, or stop other programs"
            )
        reason = said("; ".join(lines).replace(str(self.mirror), "")) or "no reason given"
        return RepositoryError(f"{tool}: {reason}")

    def _run(self, arguments: tuple[str, ...]) -> Ended:
        return run_git(arguments, self.mirror, self.memory_bytes, self.stop)


def _object_count(pack: Path) -> int:
    """https://git-scm.com/docs/gitformat-pack: four bytes in the header."""
    with pack.open("rb") as file:
        head = file.read(_COUNT_OFFSET + 4)
    return min(int.from_bytes(head[_COUNT_OFFSET:]), pack.stat().st_size // _LEAST_OBJECT_BYTES)


def _have_checksums(mirror: Path, packs: list[Path]) -> bool:
    """Whether each pack is what its index was made of: both end with their checksums.

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
