"""Whether a mirror on disk is whole: every object, every link between them, and the refs."""

import subprocess
import tempfile
from pathlib import Path

from repo_backup.errors import RepositoryError, said
from repo_backup.git import mirror_digest
from repo_backup.malformations import Complaints
from repo_backup.manifest import Part
from repo_backup.mirror import CONNECTED, LEAN_GIT, git_environment

_FSCK = ("fsck", "--full", "--no-dangling", "--no-progress")
_INDEX_PACK = ("index-pack", "--threads=1")
_OBJECTS_BUT_NO_LINKS = {1, 4, 5}
"""fsck's exit code is a sum: 1 an object, 2 a link or a ref, 4 an object in a pack is at fault."""
_BASE_BYTES, _OBJECT_BYTES = 48 << 20, 300
"""fsck's memory: 41 MB with blobs of 15 MB, 220 to 280 bytes an object (benchmarks/memory.py)."""
_COUNT_OFFSET = 8


def check_mirror(mirror: Path, part: Part | None, memory_bytes: int) -> tuple[str, ...]:
    """Let git check every object and link, and compare the refs with the manifest's; remarks.

    Malformed history is no fault but a remark. Links are not checked, and a remark says so, where
    ``memory_bytes`` are too few for that. Raises RepositoryError.
    """
    packs = sorted((mirror / "objects" / "pack").glob("*.pack"))
    count = sum(map(_object_count, packs))
    linked = _BASE_BYTES + count * _OBJECT_BYTES <= memory_bytes
    remarks: tuple[str, ...]
    if linked:
        remarks = _fsck(mirror, packs)
    else:
        _index(mirror, packs, connected=False)
        remarks = (f"links between its {count} objects were not checked: memory is short",)
    if part and part.refs_digest and mirror_digest(mirror) != part.refs_digest:
        raise RepositoryError("its refs are not those of the manifest")
    return remarks


def _fsck(mirror: Path, packs: list[Path]) -> tuple[str, ...]:
    code, complaints = _git(mirror, *_FSCK)
    if code in _OBJECTS_BUT_NO_LINKS and packs:
        # fsck counts an ugly object like a broken one; index-pack refuses broken ones only.
        _index(mirror, packs, connected=True)
    elif code:
        raise RepositoryError(f"git fsck: {_said(complaints)}")
    return complaints.warnings()


def _index(mirror: Path, packs: list[Path], *, connected: bool) -> None:
    """Read every object of each pack. Raises RepositoryError."""
    checks = CONNECTED if connected else ()
    with tempfile.TemporaryDirectory(dir=mirror.parent) as scratch:
        for pack in packs:
            index = ("-o", f"{scratch}/{pack.stem}.idx")
            code, complaints = _git(mirror, *_INDEX_PACK, *checks, *index, str(pack))
            if code:
                raise RepositoryError(f"git index-pack: {_said(complaints)}")


def _object_count(pack: Path) -> int:
    """https://git-scm.com/docs/gitformat-pack: four bytes in the header."""
    with pack.open("rb") as file:
        head = file.read(_COUNT_OFFSET + 4)
    return int.from_bytes(head[_COUNT_OFFSET:])


def _said(complaints: Complaints) -> str:
    return said("; ".join(complaints.last)) or "no reason given"


def _git(mirror: Path, *arguments: str) -> tuple[int, Complaints]:
    complaints = Complaints()
    with subprocess.Popen(
        (*LEAN_GIT, *arguments),
        cwd=mirror,
        env={**git_environment(mirror), "GIT_DIR": str(mirror)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr  # noqa: S101 - for the type checker
        complaints.read(process.stderr)
    return process.returncode, complaints
