"""Compacts a chain that has grown long: a new base of the stored archives and what is new.

Nothing that any run stored is dropped. A pin, ``refs/kept/<run id>/…`` of the last run that had it,
keeps each tip that no present ref reaches. ``git clone`` does not fetch these refs. A new base
drops a pin of an earlier base once it is too old, if that base stays a version of the archive.
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
from repo_backup.kinds.git.known_chain import KnownChain
from repo_backup.kinds.git.mirror_chain import ChainZip, MirrorChain, zip_blocks
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.chain_store import StoredChain, keeps_versions

MOST_LINKS = 60
"""A restore reads every overlay."""
LEAST_BYTES = 1 << 20
"""Overlays of small repositories may be larger than half of the base: they cost next to nothing."""
KEPT = "refs/kept/"
_COMMON = ("--quiet", "--threads=1", "--window=0", "--delta-base-offset")
_PACK_OBJECTS = ("pack-objects", "--revs", "--all", *_COMMON, "objects/pack/whole")
"""Existing deltas are reused. No new ones are computed: that would take most of the time."""


def is_due(chain: StoredChain, resources: Resources, rewrites: Rewrites | None) -> bool:
    """Whether a chain should get a new base.

    A chain on which no overlay may follow always gets one. Any other gets none if the destination
    would not keep the old base as a version, if a suspicion is open, or if ``rewrites`` look like
    an attack.
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
    """The wanted refs, and the pins of the archive before. Pure."""
    pins = {name: oid for name, oid in before.refs.items() if name.startswith(KEPT)}
    if not pins:
        return wanted
    peeled = {name: oid for name, oid in before.peeled.items() if name in pins}
    return replace(wanted, refs={**pins, **wanted.refs}, peeled={**peeled, **wanted.peeled})


def compact(
    known: KnownChain, new: Mirror, upstream: Collection[str], resources: Resources, room: Path
) -> Mirror:
    """The mirror of a new base: the whole chain, and the ``new`` pack and refs, in one pack.

    ``upstream`` are the names of the refs that upstream has now; none of them counts as our pin.
    The mirror is checked like a fetched one. Raises RepositoryError.
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
    with memory.reserve(need):
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
        remarks = base.receive(_blocks(file), memory, stop, check_format=False)
    if links_unchecked(remarks):
        raise RepositoryError("memory is too short to check a new base")
    return base


_PARENTS = ("rev-list", "--no-walk=unsorted", "--parents")


@dataclass
class Pins:
    """Refs for tips that no present ref reaches, and the targets of annotated tags among them."""

    refs: dict[str, str] = field(default_factory=dict)
    peeled: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Git:
    mirror: Path
    memory_bytes: int
    resources: Resources

    def cut_off(self, further: Iterable[str]) -> tuple[str, ...]:
        """Reduce the mirror's ``shallow`` file to the commits whose parents are missing; these.

        The candidates are the commits in that file and those in ``further``.
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
        """Pins for those ``old`` tips, by the name of their pin, that no ref in ``new`` reaches."""
        kinds = {oid: objects.type_of(bytes.fromhex(oid)) for oid in {*old.values()}}
        commits = [oid for oid, kind in kinds.items() if kind is ObjectType.COMMIT]
        behind = [oid for oid in new.tips if objects.type_of(bytes.fromhex(oid)) in _HISTORY]
        # A new object is not in the chain, so its type is unknown here. git finds it out.
        fresh = [oid for oid in new.tips if objects.type_of(bytes.fromhex(oid)) is None]
        revisions = (*commits, *(f"^{oid}" for oid in (*behind, *fresh)))
        lost = set(
            self.run(("rev-list", "--stdin"), ("".join(f"{x}\n" for x in revisions).encode(),))
        )
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
    """Every tip of every archive in the chain, by the name of its pin."""
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
    """The pins that a new base drops; none while a suspicion is open."""
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
    """Whether a ref is a pin of a run more than ``days`` before this one, by the run ids. Pure.

    The age of a run whose id is not a timestamp is unknown: its pins stay.
    """
    pinned = named_moment(name.removeprefix(KEPT).partition("/")[0])
    now = named_moment(run_id)
    if not name.startswith(KEPT) or pinned is None or now is None:
        return False
    return now - pinned > timedelta(days=days)


def _without(refs: Advertisement, names: Collection[str]) -> Advertisement:
    """The advertisement without these refs. Pure."""
    left = {name: oid for name, oid in refs.refs.items() if name not in names}
    peeled = {name: oid for name, oid in refs.peeled.items() if name in left}
    return replace(refs, refs=left, peeled=peeled)


def _pin(name: str, run_id: str, oid: str) -> str:
    if name.startswith(KEPT):
        return name
    pin = f"{KEPT}{run_id}/{name.removeprefix('refs/')}"
    return pin if is_ref(pin) else f"{KEPT}{oid}"


def _unpacked(chain: MirrorChain, resources: Resources, room: Path) -> Path:
    """Unpack the mirror with all its overlays, as a restore does."""
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
