"""Finds all objects in the stored chain of a mirror, and the type of each.

It downloads only indexes and side files. It reads a whole pack only once: when no side file has the
types of its objects yet, or when no run is known to have proven the overlay.
"""

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from backup_contract.documents.chain import Link
from backup_contract.text import one_line
from repo_backup.archive.chain_index import UncheckedPackError, known_objects
from repo_backup.archive.overlay_reader import overlay_files
from repo_backup.archive.zip_reader import BLOCK_BYTES, BROKEN_ZIP, check_refs
from repo_backup.git.mirror import Mirror, index_memory, links_unchecked
from repo_backup.git.packs.increment import describe_pack, receive_increment
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.process import memory_bound
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git.mirror_chain import SIDE, ChainZip, MirrorChain, zip_blocks
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    DiskFullError,
    RefusedPackError,
    RepositoryError,
    TransientError,
    UnfitMachineError,
)
from repo_backup.store.chain_store import with_listed
from repo_backup.store.chains import ChainListError

_INCONCLUSIVE = (DiskFullError, TransientError, UnfitMachineError)
"""Errors that do not mean that an overlay is damaged: a later run may be able to read it."""


@dataclass(frozen=True)
class KnownChain:
    """All objects of a chain. ``side_files`` are those that no zip of the chain has yet.

    ``chain`` lists every overlay up to the first that could not be read or proven.
    """

    chain: MirrorChain
    objects: KnownObjects
    side_files: dict[str, bytes]


@contextlib.contextmanager
def known_chain(chain: MirrorChain, resources: Resources, room: Path) -> Iterator[KnownChain]:
    """Open all objects of the chain for the block.

    An overlay that no run proved is read and checked like a fetched one. If one fails, it and all
    later ones are left out. Raises UncheckedPackError if the links of a pack cannot be checked,
    ChainListError for a base that is not the recorded one, and what the store raises.
    """
    proven, zips = chain.stored.proven, chain.zips
    listed_files = {name for each in zips[: proven + 1] for name in each.side_files}
    ours: dict[str, bytes] = {}
    for each in zips[: proven + 1]:
        if chain.stored.needs_base or not {f"{stem}.types" for stem in each.packs} <= listed_files:
            ours |= _read_pack(each, chain.object_format, resources, room)
    links: list[Link] = []
    for number in range(proven + 1, len(zips)):
        before = [each.stored for each in zips[:number]]
        with known_objects(before, chain.object_format, room, ours) as objects:
            try:
                links.append(_check_overlay(chain, number, objects, ours, resources, room))
            except RepositoryError as error:
                if isinstance(error, _INCONCLUSIVE) and not isinstance(error, RefusedPackError):
                    raise
                chain = chain.first(number - 1, f"{zips[number].key} could not be proven: {error}")
                break
    stored = chain.stored
    if stored.unlisted:
        stored = with_listed(stored, links[-len(stored.unlisted) :])
        chain = replace(chain, stored=stored)
    every = [each.stored for each in chain.zips]
    with known_objects(every, chain.object_format, room, ours) as objects:
        listed_files = {name for each in chain.zips for name in each.side_files}
        rest = {name: data for name, data in ours.items() if name not in listed_files}
        yield KnownChain(chain, objects, rest)


def describe(
    pack: Path, object_format: str, memory: ResourceBudget, stop: CancellationToken
) -> dict[str, bytes]:
    """The side files of a pack whose links were checked. Reserves the memory it needs."""
    with open_index(pack.with_suffix(".idx"), object_format) as index:
        need = index_memory(index.count, links=True)
    with memory.reserve(need):
        return describe_pack(pack, object_format, memory_bound(need, memory.total), stop)


def _read_pack(
    zip_: ChainZip, object_format: str, resources: Resources, room: Path
) -> dict[str, bytes]:
    """The side files of a zip's pack, which is read and checked like a fetched one."""
    (pack,) = [name for name in zip_.stored.names if name.endswith(".pack")]
    start, end = zip_.stored.place(pack)
    digest = hashlib.sha256()

    def blocks() -> Iterator[bytes]:
        """The pack's bytes within the zip."""
        at = 0
        for block in zip_blocks(zip_, resources):
            digest.update(block)
            inside = block[max(0, start - at) : max(0, end - at)]
            at += len(block)
            if inside:
                yield inside

    with tempfile.TemporaryDirectory(dir=room) as folder:
        mirror = Mirror(Path(folder, "read.git"), zip_.refs(object_format))
        mirror.create()
        bytes_ = blocks()
        try:
            remarks = mirror.receive(bytes_, resources.memory, resources.stop, check_format=False)
        except RefusedPackError:
            for _ in bytes_:
                """Read to the end: the digest shows whether the stored bytes are the cause."""
            if digest.hexdigest() == zip_.sha256:
                raise
        if digest.hexdigest() != zip_.sha256:
            raise ChainListError(f"{zip_.key} is not what was recorded (SHA-256 differs)")
        if links_unchecked(remarks):
            raise UncheckedPackError(f"the links of {zip_.key} cannot be checked here")
        assert mirror.pack  # noqa: S101 - set by receive
        if mirror.pack.stem != PurePosixPath(pack).stem:
            raise ChainListError(f"the name of the pack in {zip_.key} does not match its content")
        return describe(mirror.pack, object_format, resources.memory, resources.stop)


def _check_overlay(
    chain: MirrorChain,
    number: int,
    known: KnownObjects,
    side_files: dict[str, bytes],
    resources: Resources,
    room: Path,
) -> Link:
    """Check an overlay that no manifest names like a fetched one. Returns its list entry.

    Its side files must equal those in ``side_files``, which gets those of its own pack added.
    """
    zip_, stored = chain.zips[number], chain.stored
    digest = hashlib.sha256()
    with tempfile.TemporaryFile(dir=room) as file, tempfile.TemporaryDirectory(dir=room) as folder:
        for block in zip_blocks(zip_, resources):
            digest.update(block)
            file.write(block)
        if zip_.sha256 not in ("", digest.hexdigest()):
            raise ChainListError(f"{zip_.key} is not what was recorded (SHA-256 differs)")
        refs = zip_.refs(chain.object_format)
        mirror = Mirror(Path(folder, "read.git"), refs)
        try:
            with zipfile.ZipFile(file) as archive:
                listed_files, blocks = _contents(archive, zip_.size, chain.zips[0].top)
                increment = receive_increment(
                    mirror, blocks, known, resources.memory, resources.stop
                )
        except BROKEN_ZIP as error:
            raise RepositoryError(
                f"{zip_.key} is not a complete zip: {one_line(str(error))}"
            ) from error
        if mirror.pack:
            _same_index(mirror.pack, zip_)
    side_files |= increment.side_files
    behind = number - 1 - len(stored.document.links)
    if any(side_files.get(name) != data for name, data in listed_files.items()):
        raise ChainListError(f"{zip_.key} describes other objects than it contains")
    return Link(
        zip_.key,
        zip_.size,
        digest.hexdigest(),
        resources.run_id,
        refs.digest,
        len(refs.refs),
        etag=stored.unlisted[behind].etag if behind >= 0 else None,
    )


def _contents(
    archive: zipfile.ZipFile, size: int, top: str
) -> tuple[dict[str, bytes], Iterator[bytes]]:
    """The side files in an overlay, by name, and the blocks of its pack."""
    files = overlay_files(archive, size, top)
    check_refs(archive, files)
    listed_files = {
        PurePosixPath(name).name: archive.read(entry)
        for name, entry in files.items()
        if name.endswith(SIDE)
    }
    packs = [entry for name, entry in files.items() if name.endswith(".pack")]
    return listed_files, _entry_blocks(archive, packs[0]) if packs else iter(())


def _same_index(pack: Path, zip_: ChainZip) -> None:
    """Raise ChainListError if the stored index is not the one that git makes of the pack."""
    name = f"{zip_.top}/objects/pack/{pack.stem}.idx"
    if name not in zip_.stored.names or (
        zip_.stored.read(name) != pack.with_suffix(".idx").read_bytes()
    ):
        raise ChainListError(f"the index in {zip_.key} does not match its pack")


def _entry_blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while block := file.read(BLOCK_BYTES):
            yield block
