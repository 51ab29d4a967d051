"""What the stored chain of a mirror holds: the refs that it ends with, and all objects.

Nothing of it is downloaded but indexes and refs; a pack whose objects' types no overlay tells yet
is read once, and so is an overlay that no manifest names.
"""

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backup_contract.documents.chain import Link
from repo_backup.archive.chain_index import UncheckedPackError, known_objects
from repo_backup.archive.overlay_reader import overlay_files
from repo_backup.archive.stored_zip import StoredZip, open_stored
from repo_backup.archive.zip_reader import BLOCK_BYTES, BROKEN_ZIP, check_refs
from repo_backup.git.mirror import CONFIGS, Mirror, index_memory, links_unchecked
from repo_backup.git.packs.increment import describe_pack, receive_increment
from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.packs.pack_index import open_index
from repo_backup.git.process import memory_bound
from repo_backup.git.protocol.advertisement import Advertisement, decode, packed_refs, peeled_refs
from repo_backup.kinds.base import Resources
from repo_backup.runtime.budgets import Budget
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import RepositoryError, said
from repo_backup.store.chain_store import StoredChain, with_listed
from repo_backup.store.chains import ChainListError

_FORMATS = dict(zip(CONFIGS, ("sha1", "sha256"), strict=True))
_SIDE = (".types", ".history")
_HEAD_REF = "ref: "


@dataclass(frozen=True)
class ChainZip:
    """One zip of a chain, and the refs in it."""

    key: str
    size: int
    sha256: str
    version_id: str | None
    stored: StoredZip
    top: str

    @property
    def packs(self) -> list[str]:
        """The names of its packs, without folder and suffix."""
        return [PurePosixPath(name).stem for name in self.stored.names if name.endswith(".pack")]

    @property
    def side_files(self) -> list[str]:
        """The names of what it tells of packs, without folder."""
        return [PurePosixPath(name).name for name in self.stored.names if name.endswith(_SIDE)]

    def refs(self, object_format: str) -> Advertisement:
        """Its refs, as a server would list them. Raises RepositoryError."""
        return _advertisement(self._read("HEAD"), self._read("packed-refs"), object_format)

    def object_format(self) -> str:
        """Of a base. Raises RepositoryError for one that cannot be grown from."""
        if f"{self.top}/shallow" in self.stored.names:
            raise RepositoryError(f"{self.key} is of a shallow repository")
        found = _FORMATS.get(self._read("config").decode(errors="replace"))
        if found is None:
            raise RepositoryError(f"{self.key} has a config that this program does not write")
        return found

    def _read(self, name: str) -> bytes:
        if f"{self.top}/{name}" not in self.stored.names:
            raise RepositoryError(f"{self.key} has no {name}")
        return self.stored.read(f"{self.top}/{name}")


@dataclass(frozen=True)
class MirrorChain:
    """The zips of a chain in their order, the base first; ``ends_with`` are the last one's refs."""

    stored: StoredChain
    zips: tuple[ChainZip, ...]
    object_format: str
    ends_with: Advertisement

    def takes(self, upstream: Advertisement, mirror_name: str) -> bool:
        """Whether an overlay over it can hold what is upstream now."""
        same = (self.object_format, self.zips[0].top) == (upstream.object_format, mirror_name)
        return same and not upstream.shallow


@dataclass(frozen=True)
class KnownChain:
    """All objects of a chain. ``side_files`` tell of packs that no zip of it tells of yet.

    ``stored`` is the chain with each overlay listed.
    """

    stored: StoredChain
    objects: KnownObjects
    side_files: dict[str, bytes]


def open_mirror_chain(chain: StoredChain, resources: Resources) -> MirrorChain:
    """Read the directories of all zips, and the last refs.

    Raises RepositoryError for what is no mirror's chain, and what the store raises.
    """
    store, archive = resources.store, chain.archive
    found = [
        (archive.key, archive.bytes, archive.sha256, archive.version_id),
        *((link.key, link.bytes, link.sha256, link.version_id) for link in chain.document.links),
    ]
    if chain.unlisted:
        found.append((chain.document.next_key, chain.unlisted.bytes, "", None))
    zips = []
    for key, size, sha256, version_id in found:
        stored = open_stored(store, key, size, version_id)
        top = stored.names[0].partition("/")[0] if stored.names else ""
        zips.append(ChainZip(key, size, sha256, version_id, stored, top))
    object_format = zips[0].object_format()
    if archive.etag is None and zips[0].refs(object_format).digest != chain.base_refs_digest:
        # A listing without ETags tells no more than the size.
        raise ChainListError(f"{archive.key} is not what was recorded: it has other refs")
    return MirrorChain(chain, tuple(zips), object_format, zips[-1].refs(object_format))


@contextlib.contextmanager
def known_chain(chain: MirrorChain, resources: Resources, room: Path) -> Iterator[KnownChain]:
    """All that the chain is known to hold, for the block.

    Raises UncheckedPackError when links of a pack cannot be checked, ProofError or another
    RepositoryError for an overlay that no run of ours can have put, and what the store raises.
    """
    named, zips = chain.stored.named, chain.zips
    told = {name for each in zips[: named + 1] for name in each.side_files}
    ours: dict[str, bytes] = {}
    for each in zips[: named + 1]:
        if not {f"{stem}.types" for stem in each.packs} <= told:
            ours |= _read_pack(each, chain.object_format, resources, room)
    stored, links = chain.stored, []
    for number in range(named + 1, len(zips)):
        before = [each.stored for each in zips[:number]]
        with known_objects(before, chain.object_format, room, ours) as objects:
            links.append(_check_overlay(chain, number, objects, ours, resources, room))
    if stored.unlisted:
        stored = with_listed(stored, links[-1])
    every = [each.stored for each in zips]
    with known_objects(every, chain.object_format, room, ours) as objects:
        told = {name for each in zips for name in each.side_files}
        rest = {name: data for name, data in ours.items() if name not in told}
        yield KnownChain(stored, objects, rest)


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
        remarks = mirror.receive(blocks(), resources.memory, resources.stop, closely=False)
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
    zip_ = chain.zips[number]
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
    if any(side_files.get(name) != data for name, data in told.items()):
        raise ChainListError(f"{zip_.key} tells of other objects than it holds")
    return Link(
        zip_.key,
        zip_.size,
        digest.hexdigest(),
        resources.run_id,
        refs.digest,
        len(refs.refs),
        etag=chain.stored.unlisted.etag if chain.stored.unlisted else None,
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
        if name.endswith(_SIDE)
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


def zip_blocks(zip_: ChainZip, resources: Resources) -> Iterator[bytes]:
    """The zip from its beginning to its end."""
    stop = resources.stop
    with resources.store.open(zip_.key, zip_.stored.version_id) as file:
        while block := file.read(BLOCK_BYTES):
            stop.check()
            yield block


def _entry_blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _advertisement(head: bytes, packed: bytes, object_format: str) -> Advertisement:
    target = decode(head.rstrip(b"\n"))
    symbolic = target.startswith(_HEAD_REF)
    return Advertisement(
        url="",
        refs=packed_refs(packed),
        peeled=peeled_refs(packed),
        head=target.removeprefix(_HEAD_REF) if symbolic else None,
        detached=None if symbolic else target,
        object_format=object_format,
        capabilities=frozenset(),
    )
