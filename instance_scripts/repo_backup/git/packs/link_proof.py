"""Proves that new objects are complete together with known ones.

Every link must lead to an existing object of the type that the link states. The id is not enough: a
tree can call a file a folder, and git refuses such a history.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repo_backup.git.packs.known_objects import KnownObjects, KnownPack
from repo_backup.git.packs.object_links import Links, ProofError, read_links
from repo_backup.git.packs.object_types import ObjectType
from repo_backup.git.packs.pack_index import PackOrder
from repo_backup.git.process import run_git
from repo_backup.runtime.cancellation import CancellationToken

_CAT_FILE = ("cat-file", "--batch", "--buffer")
_HISTORY = frozenset({ObjectType.COMMIT, ObjectType.TAG})
_LINKING = frozenset({*_HISTORY, ObjectType.TREE})
_LINKS_AT_ONCE = 1 << 16
MOST_COMMITS = 200_000
"""Their parents take about 60 MB of memory. A history with more new commits is fetched as a whole.
"""
_IDS_IN_A_BLOCK = 1000


@dataclass(frozen=True)
class Proof:
    """By-products of a proof. ``history`` maps each new commit to its parents and each new tag to
    its object. ``attributes`` are the new objects with the name ``.gitattributes`` in any tree.
    """

    history: dict[bytes, tuple[bytes, ...]]
    attributes: frozenset[bytes]


def prove(
    mirror: Path,
    new: KnownPack | None,
    known: KnownObjects,
    tips: Iterable[str],
    memory_bytes: int,
    stop: CancellationToken,
) -> Proof:
    """Check that every object that ``tips`` (hex) need is in the ``new`` pack or ``known``.

    The new pack is the only one in ``mirror``, or None. git may use ``memory_bytes``. Raises
    ProofError, and InterruptedRunError if the run is stopped.
    """
    check = _Check(new, known)
    if new:

        def read(stream: IO[bytes]) -> None:
            for links in read_links(stream, new.index.id_bytes):
                check.add(links)

        feed = _ids(new, _LINKING)
        result = run_git(_CAT_FILE, mirror, memory_bytes, stop, feed=feed, read=read)
        if result.code:
            raise ProofError(f"git cat-file ended with code {result.code}")
    check.finish()
    missing = [tip for tip in tips if check.type_of(bytes.fromhex(tip)) is None]
    if missing:
        raise ProofError(
            f"{len(missing)} tips are neither in the pack nor known, for example {missing[0]}"
        )
    return Proof(check.history, frozenset(check.attributes))


def history_of(
    mirror: Path, pack: KnownPack, memory_bytes: int, stop: CancellationToken
) -> dict[bytes, tuple[bytes, ...]]:
    """Maps each commit of a checked pack to its parents, and each tag to its object.

    ``mirror`` may have other packs. Raises ProofError if git cannot read them, or if there are more
    than ``MOST_COMMITS``.
    """
    found: dict[bytes, tuple[bytes, ...]] = {}

    def read(stream: IO[bytes]) -> None:
        for links in read_links(stream, pack.index.id_bytes):
            _note(links, found)

    feed = _ids(pack, _HISTORY)
    result = run_git(_CAT_FILE, mirror, memory_bytes, stop, feed=feed, read=read)
    if result.code:
        raise ProofError(f"git cat-file ended with code {result.code}")
    return found


def _note(links: Links, history: dict[bytes, tuple[bytes, ...]]) -> None:
    if links.type in _HISTORY:
        skipped = 1 if links.type is ObjectType.COMMIT else 0
        history[links.oid] = tuple(oid for _, oid in links.needs[skipped:])
        if len(history) > MOST_COMMITS:
            raise ProofError(f"there are more than {MOST_COMMITS} commits")


def _ids(pack: KnownPack, types: Collection[ObjectType]) -> Iterator[bytes]:
    """The ids of the objects of these types in pack order, as blocks of lines.

    In this order git can usually build each object from the previous one.
    """
    lines: list[bytes] = []
    for _, position in PackOrder(pack.index):
        if pack.types[position] in types:
            lines.append(pack.index.oid(position).hex().encode() + b"\n")
        if len(lines) == _IDS_IN_A_BLOCK:
            yield b"".join(lines)
            lines = []
    # git needs at least one block, even an empty one, to start and end.
    yield b"".join(lines)


class _Check:
    """Collects the objects that new objects need, and looks each of them up once."""

    def __init__(self, new: KnownPack | None, known: KnownObjects) -> None:
        self._packs = KnownObjects((new, *known.packs) if new else known.packs)
        self._new = new
        self._open: set[tuple[ObjectType, bytes]] = set()
        self.history: dict[bytes, tuple[bytes, ...]] = {}
        self.attributes: set[bytes] = set()

    def add(self, links: Links) -> None:
        """Add the links of one object. Raises ProofError."""
        self._open.update(links.needs)
        if len(self._open) >= _LINKS_AT_ONCE:
            self.finish()
        _note(links, self.history)
        for oid in links.attributes:
            if self._new and self._new.index.find(oid) is not None:
                self.attributes.add(oid)

    def finish(self) -> None:
        """Look up all objects collected so far. Raises ProofError."""
        for kind, oid in self._open:
            found = self._packs.type_of(oid)
            if found is not kind:
                name = kind.name.lower()
                fault = f"is a {found.name.lower()}" if found is not None else "is missing"
                raise ProofError(f"a new object needs {name} {oid.hex()}, which {fault}")
        self._open.clear()

    def type_of(self, oid: bytes) -> ObjectType | None:
        """The type of an object; None if it is neither new nor known."""
        return self._packs.type_of(oid)
