"""What the stored chain of a mirror is known to hold: all its objects, and what each of them is.

Only indexes are downloaded; a pack whose objects' types no overlay tells yet is read once, and so
is an overlay that no run is known to have proven.
"""

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from backup_contract.documents.chain import Link
from repo_backup.archive.chain_index import UncheckedPackError, known_objects
from repo_backup.archive.overlay_reader import overlay_files
from repo_backup.archive.zip_reader import BLOCK_BYTES, BROKEN_ZIP, check_refs
from repo_backup.git.mirror import Mirror, index_memory, links_unchecked
from repo_backup.git.packs.increment import describe_pack, receive_increment
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.process import memory_bound
from repo_backup.kinds.base import Resources
from repo_backup.kinds.mirror_chain import SIDE, ChainZip, MirrorChain, zip_blocks
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import (
    DiskFullError,
    RefusedPackError,
    RepositoryError,
    TransientError,
    UnfitMachineError,
    said,
)
from repo_backup.store.chain_store import with_listed
from repo_backup.store.chains import ChainListError

_SAYS_NOTHING = (DiskFullError, TransientError, UnfitMachineError)
"""Of an overlay: another time it may be read all the same."""


@dataclass(frozen=True)
class KnownChain:
    """All objects of a chain. ``side_files`` tell of packs that no zip of it tells of yet.

    ``chain`` lists each overlay. It ends before the first that could not be read or proven.
    """

    chain: MirrorChain
    objects: KnownObjects
    side_files: dict[str, bytes]


@contextlib.contextmanager
def known_chain(chain: MirrorChain, resources: Resources, room: Path) -> Iterator[KnownChain]:
    """All that the chain is known to hold, for the block.

    An overlay that no run proved is read as if it were fetched; from the first on that fails, they
    are left out. Raises UncheckedPackError when links of a pack cannot be checked, ChainListError
    for a base that is not what was recorded, and what the store raises.
    """
    proven, zips = chain.stored.proven, chain.zips
    told = {name for each in zips[: proven + 1] for name in each.side_files}
    ours: dict[str, bytes] = {}
    for each in zips[: proven + 1]:
        if chain.stored.needs_base or not {f"{stem}.types" for stem in each.packs} <= told:
            ours |= _read_pack(each, chain.object_format, resources, room)
    links: list[Link] = []
    for number in range(proven + 1, len(zips)):
        before = [each.stored for each in zips[:number]]
        with known_objects(before, chain.object_format, room, ours) as objects:
            try:
                links.append(_check_overlay(chain, number, objects, ours, resources, room))
            except RepositoryError as error:
                if isinstance(error, _SAYS_NOTHING) and not isinstance(error, RefusedPackError):
                    raise
                chain = chain.first(number - 1, f"{zips[number].key} could not be proven: {error}")
                break
    stored = chain.stored
    if stored.unlisted:
        stored = with_listed(stored, links[-len(stored.unlisted) :])
        chain = replace(chain, stored=stored)
    every = [each.stored for each in chain.zips]
    with known_objects(every, chain.object_format, room, ours) as objects:
        told = {name for each in chain.zips for name in each.side_files}
        rest = {name: data for name, data in ours.items() if name not in told}
        yield KnownChain(chain, objects, rest)


def describe(pack: Path, object_format: str, memory: Budget, stop: Stop) -> dict[str, bytes]:
    """The side files of a pack whose links were checked, with so much memory as that takes."""
    with open_index(pack.with_suffix(".idx"), object_format) as index:
        need = index_memory(index.count, links=True)
    with memory.lend(need):
        return describe_pack(pack, object_format, memory_bound(need, memory.total), stop)


def _read_pack(
    zip_: ChainZip, object_format: str, resources: Resources, room: Path
) -> dict[str, bytes]:
    """The side files of a zip's pack, which is read and checked as if it were just fetched."""
    (pack,) = [name for name in zip_.stored.names if name.endswith(".pack")]
    start, end = zip_.stored.place(pack)
    digest = hashlib.sha256()

    def blocks() -> Iterator[bytes]:
        """The pack's bytes, out of all that are read."""
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
            remarks = mirror.receive(bytes_, resources.memory, resources.stop, closely=False)
        except RefusedPackError:
            for _ in bytes_:
                """Read to the end, so that the digest tells whose fault it is."""
            if digest.hexdigest() == zip_.sha256:
                raise
        if digest.hexdigest() != zip_.sha256:
            raise ChainListError(f"{zip_.key} is not what was recorded (SHA-256 differs)")
        if links_unchecked(remarks):
            raise UncheckedPackError(f"the links of {zip_.key} cannot be checked here")
        assert mirror.pack  # noqa: S101 - set by receive
        if mirror.pack.stem != PurePosixPath(pack).stem:
            raise ChainListError(f"{zip_.key} has a pack of another name than its content")
        return describe(mirror.pack, object_format, resources.memory, resources.stop)


def _check_overlay(
    chain: MirrorChain,
    number: int,
    known: KnownObjects,
    side_files: dict[str, bytes],
    resources: Resources,
    room: Path,
) -> Link:
    """Read an overlay that no manifest names as if it were fetched; its line for the document.

    What it tells of packs must be what ``side_files`` say, to which those of its own are added.
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
                told, blocks = _contents(archive, zip_.size, chain.zips[0].top)
                increment = receive_increment(
                    mirror, blocks, known, resources.memory, resources.stop
                )
        except BROKEN_ZIP as error:
            raise RepositoryError(f"{zip_.key} is no whole zip: {said(str(error))}") from error
        if mirror.pack:
            _same_index(mirror.pack, zip_)
    side_files |= increment.side_files
    behind = number - 1 - len(stored.document.links)
    if any(side_files.get(name) != data for name, data in told.items()):
        raise ChainListError(f"{zip_.key} tells of other objects than it holds")
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
    """What an overlay tells of packs, by file, and its own pack."""
    files = overlay_files(archive, size, top)
    check_refs(archive, files)
    told = {
        PurePosixPath(name).name: archive.read(entry)
        for name, entry in files.items()
        if name.endswith(SIDE)
    }
    packs = [entry for name, entry in files.items() if name.endswith(".pack")]
    return told, _entry_blocks(archive, packs[0]) if packs else iter(())


def _same_index(pack: Path, zip_: ChainZip) -> None:
    """The stored index is the one that git made of the stored pack. Raises ChainListError."""
    name = f"{zip_.top}/objects/pack/{pack.stem}.idx"
    if name not in zip_.stored.names or (
        zip_.stored.read(name) != pack.with_suffix(".idx").read_bytes()
    ):
        raise ChainListError(f"{zip_.key} has another index than its pack")


def _entry_blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while block := file.read(BLOCK_BYTES):
            yield block
