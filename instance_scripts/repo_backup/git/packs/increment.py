"""What is new in a repository since its last archive: one pack, checked with what is known.

The folder that it is received into holds nothing else: neither old objects nor refs.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from repo_backup.git.fsck_messages import Complaints
from repo_backup.git.mirror import Mirror, index_memory
from repo_backup.git.packs.known_objects import KnownObjects, KnownPack
from repo_backup.git.packs.link_proof import MOST_COMMITS, Proof, history_of, prove
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.packs.object_types import ObjectType, ObjectTypes, encode_types, read_types
from repo_backup.git.packs.pack_history import encode_history
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.process import memory_bound, run_git
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RefusedPackError, said

PACK_HEADER_BYTES = 12
_FSCK = ("fsck", "--full", "--no-dangling", "--no-progress")
_FORM = 1 | 4
_LINKS_AND_REFS = 2 | 8
"""fsck's exit code is a sum, see :mod:`repo_backup.git.fsck`. Links into what is known are broken
here: :func:`prove` looks at them."""
_ELSEWHERE = frozenset({"gitmodulesMissing", "gitattributesMissing"})
"""What fsck says of a file that an earlier pack holds."""
_NO_REFS = "notice: "
_UNRESOLVED = "unresolved delta"
"""How git refuses a thin pack; it has no exit code for that."""


@dataclass(frozen=True)
class Increment:
    """New objects that are whole with those that are known.

    ``side_files`` are what :func:`describe_pack` makes; none where nothing was sent but refs.
    ``remarks`` are what a person should know.
    """

    proof: Proof
    side_files: dict[str, bytes] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def receive_increment(
    mirror: Mirror, blocks: Iterator[bytes], known: KnownObjects, memory: Budget, stop: Stop
) -> Increment:
    """Let git index and check the pack in ``blocks``, and prove every link of every new object.

    ``mirror`` is one that nothing was created of; afterwards its ``pack`` is the new one, None if
    there is no new object. Raises ProofError when the caller has to fetch everything, and else what
    :meth:`Mirror.receive` raises. Afterwards ``known`` must be open still.
    """
    if mirror.advertisement.shallow:
        raise ProofError("upstream is a shallow repository")
    _create(mirror)
    head = b""
    while len(head) < PACK_HEADER_BYTES and (block := next(blocks, None)) is not None:
        head += block
    count = int.from_bytes(head[8:PACK_HEADER_BYTES])
    tips = mirror.advertisement.tips
    if not count:
        for _ in blocks:
            stop.check()
        return Increment(prove(mirror.path, None, known, tips, 0, stop))
    need = index_memory(count, links=True)
    with memory.lend(need):
        limit = memory_bound(need, memory.total)
        _index(mirror, itertools.chain([head], blocks), stop, limit)
        remarks = _check_form(mirror.path, stop, limit)
        assert mirror.pack  # noqa: S101 - set by index_pack
        index_path = mirror.pack.with_suffix(".idx")
        with open_index(index_path, mirror.advertisement.object_format) as index:
            types = encode_types(read_types(mirror.pack, index), index.pack_checksum)
            new = KnownPack(index, ObjectTypes(types, index))
            proof = prove(mirror.path, new, known, tips, limit, stop)
            side_files = _side_files(mirror.pack, types, encode_history(proof.history, index))
    return Increment(proof, side_files, remarks)


def describe_pack(
    pack: Path, object_format: str, memory_bytes: int, stop: Stop
) -> dict[str, bytes]:
    """The files that go beside the index of a pack whose links were checked, by their names.

    They tell of what type each object is, and, up to ``MOST_COMMITS``, which commits follow which.
    ``pack`` lies in a mirror; git may take ``memory_bytes``. Raises ProofError.
    """
    with open_index(pack.with_suffix(".idx"), object_format) as index:
        kinds = read_types(pack, index)
        types = encode_types(kinds, index.pack_checksum)
        if kinds.count(ObjectType.COMMIT) + kinds.count(ObjectType.TAG) > MOST_COMMITS:
            return _side_files(pack, types)
        known = KnownPack(index, ObjectTypes(types, index))
        history = history_of(pack.parents[2], known, memory_bytes, stop)
        return _side_files(pack, types, encode_history(history, index))


def _side_files(pack: Path, types: bytes, history: bytes | None = None) -> dict[str, bytes]:
    files = {f"{pack.stem}.types": types}
    return files if history is None else {**files, f"{pack.stem}.history": history}


def _create(mirror: Mirror) -> None:
    """A repository without refs: git need not look for their objects, which it does not have."""
    (mirror.path / "objects" / "pack").mkdir(parents=True)
    (mirror.path / "refs").mkdir()
    (mirror.path / "HEAD").write_text("ref: refs/heads/none\n")
    (mirror.path / "config").write_bytes(mirror.texts()["config"])


def _index(mirror: Mirror, blocks: Iterable[bytes], stop: Stop, memory_bytes: int) -> None:
    try:
        mirror.index_pack(blocks, stop, (), memory_bytes)
    except RefusedPackError as error:
        if _UNRESOLVED in str(error):
            raise ProofError(f"the pack is thin: {error}") from error
        raise


def _check_form(path: Path, stop: Stop, memory_bytes: int) -> tuple[str, ...]:
    """Let git look at the form of each object, which index-pack found whole; remarks.

    Raises ProofError for what no archive may have, and when git could not look.
    """
    ended = run_git(_FSCK, path, memory_bytes, stop)
    complaints = ended.complaints
    unnamed = ended.code & _FORM and not complaints.found
    if ended.code & ~(_FORM | _LINKS_AND_REFS) or unnamed or complaints.refused:
        raise ProofError(f"git fsck finds fault with new objects: {_told(complaints)}")
    for name in _ELSEWHERE:
        complaints.found.pop(name, None)
    return complaints.warnings()


def _told(complaints: Complaints) -> str:
    lines = [line for line in complaints.last if not line.startswith(_NO_REFS)]
    return said("; ".join(lines)) or "no reason given"
