"""Receives the objects that are new since the last archive, and checks them with the known ones.

The repository that receives the pack contains nothing else: neither old objects nor refs.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from backup_contract.text import one_line
from repo_backup.git.fsck_messages import Diagnostics
from repo_backup.git.mirror import Mirror, index_memory
from repo_backup.git.packs.known_objects import KnownObjects, KnownPack
from repo_backup.git.packs.link_proof import MOST_COMMITS, Proof, history_of, prove
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.packs.object_types import ObjectType, ObjectTypes, encode_types, read_types
from repo_backup.git.packs.pack_history import encode_history
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.process import memory_bound, run_git
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RefusedPackError

PACK_HEADER_BYTES = 12
_FSCK = ("fsck", "--full", "--no-dangling", "--no-progress")
_OBJECT_ERRORS = 1 | 4
_LINKS_AND_REFS = 2 | 8
"""fsck's exit code is a sum, see :mod:`repo_backup.git.fsck`. Links to known objects look broken to
fsck; :func:`prove` checks them."""
_IN_EARLIER_PACKS = frozenset({"gitmodulesMissing", "gitattributesMissing"})
"""fsck's messages about a blob that an earlier pack contains."""
_NO_REFS = "notice: "
_UNRESOLVED = "unresolved delta"
"""git's message when it refuses a thin pack. It has no exit code for this."""


@dataclass(frozen=True)
class Increment:
    """New objects that are complete together with the known ones.

    ``side_files`` are the files of :func:`describe_pack`; none if there were no new objects.
    ``remarks`` are for the user.
    """

    proof: Proof
    side_files: dict[str, bytes] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def receive_increment(
    mirror: Mirror,
    blocks: Iterator[bytes],
    known: KnownObjects,
    memory: ResourceBudget,
    stop: CancellationToken,
) -> Increment:
    """Let git index and check the pack in ``blocks``, and prove every link of every new object.

    ``mirror`` must not have been created; afterwards its ``pack`` is the new one, or None without
    new objects. ``known`` must stay open. Raises ProofError if the caller has to fetch everything,
    and what :meth:`Mirror.receive` raises.
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
    with memory.reserve(need):
        limit = memory_bound(need, memory.total)
        _index(mirror, itertools.chain([head], blocks), stop, limit)
        remarks = _check_format(mirror.path, stop, limit)
        assert mirror.pack  # noqa: S101 - set by index_pack
        index_path = mirror.pack.with_suffix(".idx")
        with open_index(index_path, mirror.advertisement.object_format) as index:
            types = encode_types(read_types(mirror.pack, index), index.pack_checksum)
            new = KnownPack(index, ObjectTypes(types, index))
            proof = prove(mirror.path, new, known, tips, limit, stop)
            side_files = _side_files(mirror.pack, types, encode_history(proof.history, index))
    return Increment(proof, side_files, remarks)


def describe_pack(
    pack: Path, object_format: str, memory_bytes: int, stop: CancellationToken
) -> dict[str, bytes]:
    """The files to store beside the index of a pack whose links were checked, by name.

    They contain the type of each object and, for at most ``MOST_COMMITS``, the commits' parents.
    ``pack`` is in a mirror; git may use ``memory_bytes``. Raises ProofError.
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
    """Create a repository without refs, whose objects it would lack."""
    (mirror.path / "objects" / "pack").mkdir(parents=True)
    (mirror.path / "refs").mkdir()
    (mirror.path / "HEAD").write_text("ref: refs/heads/none\n")
    (mirror.path / "config").write_bytes(mirror.texts()["config"])


def _index(
    mirror: Mirror, blocks: Iterable[bytes], stop: CancellationToken, memory_bytes: int
) -> None:
    try:
        mirror.index_pack(blocks, stop, (), memory_bytes)
    except RefusedPackError as error:
        if _UNRESOLVED in str(error):
            raise ProofError(f"the pack is thin: {error}") from error
        raise


def _check_format(path: Path, stop: CancellationToken, memory_bytes: int) -> tuple[str, ...]:
    """Let git check the format of each object that index-pack accepted. Returns remarks.

    Raises ProofError for objects that no archive may have, or if git could not check them.
    """
    result = run_git(_FSCK, path, memory_bytes, stop)
    diagnostics = result.diagnostics
    unnamed = result.code & _OBJECT_ERRORS and not diagnostics.found
    if result.code & ~(_OBJECT_ERRORS | _LINKS_AND_REFS) or unnamed or diagnostics.refused:
        raise ProofError(f"git fsck refuses new objects: {_summary(diagnostics)}")
    for name in _IN_EARLIER_PACKS:
        diagnostics.found.pop(name, None)
    return diagnostics.warnings()


def _summary(diagnostics: Diagnostics) -> str:
    lines = [line for line in diagnostics.last if not line.startswith(_NO_REFS)]
    return one_line("; ".join(lines)) or "no reason given"
