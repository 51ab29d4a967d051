"""A new base for a chain that has grown long, put together from what is stored and what is new.

Nothing that any run stored is dropped: what no present ref leads to is pinned by a ref of its own,
``refs/kept/<run id>/…`` of the last run that had it. ``git clone`` leaves these out. A pin that an
earlier base had is left out once it is too old, where that base stays a version of the archive.
"""

import hashlib
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import IO

from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.judgement.rewrites import objection_to
from backup_contract.moments import named_moment
from repo_backup.archive.overlay_reader import lay_over
from repo_backup.archive.zip_reader import BLOCK_BYTES, unpack
from repo_backup.git.mirror import Mirror, index_memory, links_unchecked
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.packs.object_types import ObjectType
from repo_backup.git.process import memory_bound, run_git
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.restorable import is_ref
from repo_backup.kinds.base import Resources
from repo_backup.kinds.known_chain import KnownChain
from repo_backup.kinds.mirror_chain import ChainZip, MirrorChain, zip_blocks
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.chain_store import StoredChain, keeps_versions

MOST_LINKS = 60
"""A restore reads each of them."""
LEAST_BYTES = 1 << 20
"""Overlays of small repositories may be larger than half of the base: they cost next to nothing."""
KEPT = "refs/kept/"
_COMMON = ("--quiet", "--threads=1", "--window=0", "--delta-base-offset")
_PACK_OBJECTS = ("pack-objects", "--revs", "--all", *_COMMON, "objects/pack/whole")
"""What is a delta stays one, and nothing else is made one: that would take the time."""


def is_due(chain: StoredChain, resources: Resources, rewrites: Rewrites | None) -> bool:
    """Whether a chain is to get a new base; never where the old one could not be read any more.

    Nor while a suspicion is open, or where ``rewrites`` are one: unless no overlay may follow.
    """
    if chain.needs_base:
        return True
    if not keeps_versions(resources.store, chain.archive):
        return False
    total = sum(link.bytes for link in chain.document.links)
    is_long = chain.links >= MOST_LINKS or total > max(chain.archive.bytes // 2, LEAST_BYTES)
    is_frozen = objection_to(rewrites) or resources.is_frozen(chain.archive.key)
    return is_long and not is_frozen


def with_pins(wanted: Advertisement, before: Advertisement) -> Advertisement:
    """What is upstream, with the pins of the archive before it. Pure."""
    pins = {name: oid for name, oid in before.refs.items() if name.startswith(KEPT)}
    if not pins:
        return wanted
    peeled = {name: oid for name, oid in before.peeled.items() if name in pins}
    return replace(wanted, refs={**pins, **wanted.refs}, peeled={**peeled, **wanted.peeled})


def compact(
    known: KnownChain, new: Mirror, upstream: Collection[str], resources: Resources, room: Path
) -> Mirror:
    """The mirror of a new base: all of the chain, and the ``new`` pack and refs, in one pack.

    ``upstream`` are the refs (names) that are there now: none of them is a pin of ours. The mirror
    is checked as if it were just fetched. Raises RepositoryError.
    """
    stop, memory, chain = resources.stop, resources.memory, known.chain
    mirror = _unpacked(chain, resources, room / "chain")
    if new.pack:
        for path in (new.pack, new.pack.with_suffix(".idx")):
            target = mirror / "objects" / "pack" / path.name
            if not target.exists():
                target.hardlink_to(path)
    count = sum(pack.index.count for pack in known.objects.packs)
    need = index_memory(count, links=True)
    with memory.lend(need):
        git = _Git(mirror, memory_bound(need, memory.total), resources)
        shallow = git.cut_off(new.advertisement.shallow)
        tips = _tips(chain)
        outdated = _outdated_pins(tips, chain, resources).difference(upstream)
        tips = {name: oid for name, oid in tips.items() if name not in outdated}
        present = _without(new.advertisement, outdated)
        pins = git.pins(tips, present, known.objects)
        refs = {**pins.refs, **present.refs}
        peeled = {**pins.peeled, **present.peeled}
        wanted = replace(new.advertisement, refs=refs, peeled=peeled, shallow=shallow)
        base = Mirror(room / mirror.name, wanted)
        base.create()
        for name, text in base.texts().items():
            (mirror / name).write_bytes(text)
        git.run(_PACK_OBJECTS, (b"\n",))
    (pack,) = (mirror / "objects" / "pack").glob("whole-*.pack")
    with pack.open("rb") as file:
        remarks = base.receive(_blocks(file), memory, stop, closely=False)
    if links_unchecked(remarks):
        raise RepositoryError("memory is too short to check a new base")
    return base


_PARENTS = ("rev-list", "--no-walk=unsorted", "--parents")


@dataclass
class Pins:
    """Refs for what no present ref leads to, and what the annotated tags among them name."""

    refs: dict[str, str] = field(default_factory=dict)
    peeled: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Git:
    mirror: Path
    memory_bytes: int
    resources: Resources

    def cut_off(self, further: Iterable[str]) -> tuple[str, ...]:
        """The commits whose parents are not there, of those that the mirror or ``further`` name.

        The mirror goes on naming these alone.
        """
        file = self.mirror / "shallow"
        before = file.read_text().split() if file.exists() else []
        asked = sorted({*before, *further})
        file.unlink(missing_ok=True)
        if not asked:
            return ()
        lines = "".join(f"{oid}\n" for oid in asked).encode()
        found = [each.split() for each in self.run((*_PARENTS, "--stdin"), (lines,))]
        parents = "".join(f"{oid}\n" for _, *each in found for oid in each).encode()
        answers = self.run(("cat-file", "--batch-check=%(objectname)"), (parents,))
        missing = {each.split()[0] for each in answers if each.endswith(" missing")}
        cut = tuple(oid for oid, *each in found if missing.intersection(each))
        if cut:
            file.write_text("".join(f"{oid}\n" for oid in cut))
        return cut

    def pins(self, old: Mapping[str, str], new: Advertisement, objects: KnownObjects) -> Pins:
        """Pins for those of the ``old`` tips, by the name that each would have, that are lost."""
        kinds = {oid: objects.type_of(bytes.fromhex(oid)) for oid in {*old.values()}}
        commits = [oid for oid, kind in kinds.items() if kind is ObjectType.COMMIT]
        behind = [oid for oid in new.tips if objects.type_of(bytes.fromhex(oid)) in _HISTORY]
        # What is new is no object of the chain: git finds out what it is.
        fresh = [oid for oid in new.tips if objects.type_of(bytes.fromhex(oid)) is None]
        told = (*commits, *(f"^{oid}" for oid in (*behind, *fresh)))
        lost = set(self.run(("rev-list", "--stdin"), ("".join(f"{x}\n" for x in told).encode(),)))
        tips = set(new.tips)
        pins = Pins()
        for name, oid in old.items():
            if oid in lost if kinds[oid] is ObjectType.COMMIT else oid not in tips:
                pins.refs[name] = oid
        tags = [name for name, oid in pins.refs.items() if kinds[oid] is ObjectType.TAG]
        if tags:
            asked = "".join(f"{pins.refs[name]}^{{}}\n" for name in tags).encode()
            answers = self.run(("cat-file", "--batch-check=%(objectname)"), (asked,))
            pins.peeled = dict(zip(tags, answers, strict=True))
        return pins

    def run(self, arguments: tuple[str, ...], feed: Iterable[bytes]) -> list[str]:
        """The lines that git prints. Raises RepositoryError."""
        lines: list[str] = []

        def read(stream: IO[bytes]) -> None:
            lines.extend(line.decode().rstrip("\n") for line in stream)

        ended = run_git(
            arguments, self.mirror, self.memory_bytes, self.resources.stop, feed=feed, read=read
        )
        if ended.code:
            raise RepositoryError(f"git {arguments[0]} ended with code {ended.code}")
        return lines


_HISTORY = (ObjectType.COMMIT, ObjectType.TAG)


def _tips(chain: MirrorChain) -> dict[str, str]:
    """All that any archive of the chain had a ref to, by the name of its pin."""
    stored = chain.stored
    runs = [stored.archive.run_id, *(each.run_id for each in stored.document.links)]
    found: dict[str, str] = {}
    for run_id, each in zip(runs, chain.zips, strict=True):
        refs = each.refs(chain.object_format)
        heads = {"HEAD": refs.detached} if refs.detached else {}
        for name, oid in {**heads, **refs.refs}.items():
            found[oid] = _pin(name, run_id, oid)
    return {name: oid for oid, name in found.items()}


def _outdated_pins(tips: Iterable[str], chain: MirrorChain, resources: Resources) -> frozenset[str]:
    """The pins that a new base need not have; none while a suspicion is open."""
    archive, days = chain.stored.archive, resources.keep_pins_days
    if days is None or not keeps_versions(resources.store, archive):
        return frozenset()
    if resources.is_frozen(archive.key):
        return frozenset()
    before = chain.zips[0].refs(chain.object_format).refs
    return frozenset(
        name for name in tips if name in before and is_outdated(name, resources.run_id, days)
    )


def is_outdated(name: str, run_id: str, days: int) -> bool:
    """Whether a ref is a pin of a run so many days before this one, by their run ids. Pure.

    A run with a name of its own tells no time: its pins stay.
    """
    pinned = named_moment(name.removeprefix(KEPT).partition("/")[0])
    now = named_moment(run_id)
    if not name.startswith(KEPT) or pinned is None or now is None:
        return False
    return now - pinned > timedelta(days=days)


def _without(refs: Advertisement, names: Collection[str]) -> Advertisement:
    """Without these refs. Pure."""
    left = {name: oid for name, oid in refs.refs.items() if name not in names}
    peeled = {name: oid for name, oid in refs.peeled.items() if name in left}
    return replace(refs, refs=left, peeled=peeled)


def _pin(name: str, run_id: str, oid: str) -> str:
    if name.startswith(KEPT):
        return name
    pin = f"{KEPT}{run_id}/{name.removeprefix('refs/')}"
    return pin if is_ref(pin) else f"{KEPT}{oid}"


def _unpacked(chain: MirrorChain, resources: Resources, room: Path) -> Path:
    """The mirror with all overlays, as a restore makes it."""
    room.mkdir(parents=True)
    mirror: Path | None = None
    for each in chain.zips:
        with tempfile.TemporaryFile(dir=room) as file:
            _download(each, resources, file)
            if mirror is None:
                mirror = unpack(file, room)
            else:
                lay_over(file, mirror)
    assert mirror  # noqa: S101 - a chain has a base
    return mirror


def _download(each: ChainZip, resources: Resources, file: IO[bytes]) -> None:
    digest = hashlib.sha256()
    for block in zip_blocks(each, resources):
        digest.update(block)
        file.write(block)
    if each.sha256 not in ("", digest.hexdigest()):
        raise RepositoryError(f"{each.key} is not what was recorded (SHA-256 differs)")


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
