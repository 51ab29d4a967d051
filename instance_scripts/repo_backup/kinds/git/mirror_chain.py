"""The stored chain of a mirror: its zips, and the refs that it ends with.

Only the zips' directories and refs are downloaded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from backup_contract import object_keys as layout
from repo_backup.archive.stored_zip import StoredZip, open_stored
from repo_backup.archive.zip_reader import BLOCK_BYTES, is_mirror_name
from repo_backup.git.mirror import CONFIGS
from repo_backup.git.protocol.advertisement import Advertisement, decode, packed_refs, peeled_refs
from repo_backup.kinds.base import Resources
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import RepositoryError, TransientError, UnfitMachineError
from repo_backup.store.base import Store
from repo_backup.store.chain_store import StoredChain
from repo_backup.store.chains import ChainListError

_FORMATS = dict(zip(CONFIGS, ("sha1", "sha256"), strict=True))
SIDE = (".types", ".history")
"""The suffixes of side files: they lie beside a pack's index and describe its objects."""
_HEAD_REF = "ref: "
_LINKS_AT_ONCE = 8  # of one chain: a request of 256 kB each


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
        """The names of its side files, without folder."""
        return [PurePosixPath(name).name for name in self.stored.names if name.endswith(SIDE)]

    def refs(self, object_format: str) -> Advertisement:
        """Its refs, as a server would list them. Raises RepositoryError."""
        cut = self._read("shallow") if f"{self.top}/shallow" in self.stored.names else b""
        return _advertisement(self._read("HEAD"), self._read("packed-refs"), cut, object_format)

    def object_format(self) -> str:
        """The object format of a base. Raises RepositoryError if no overlay can follow it."""
        if not is_mirror_name(self.top):
            raise RepositoryError(f"{self.key} does not contain a mirror")
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

    @property
    def mirror_name(self) -> str:
        """The directory in the base. Overlays use it too, even if upstream has a new name."""
        return self.zips[0].top

    @property
    def is_shallow(self) -> bool:
        """Whether the base is a shallow repository."""
        return f"{self.mirror_name}/shallow" in self.zips[0].stored.names

    def first(self, links: int, fault: str) -> "MirrorChain":
        """The chain with only the first ``links`` overlays, for the reason ``fault``.

        Raises RepositoryError.
        """
        zips = self.zips[: links + 1]
        ends_with = zips[-1].refs(self.object_format)
        return replace(self, stored=self.stored.first(links, fault), zips=zips, ends_with=ends_with)


def open_mirror_chain(chain: StoredChain, resources: Resources) -> MirrorChain:
    """Read the directories of all zips, and the last refs.

    If an overlay cannot be read, it and all later ones are left out. Raises RepositoryError for a
    base that is not a mirror, and what the store raises.
    """
    store, archive = resources.store, chain.archive
    zips = [_open_zip(store, archive.key, archive.bytes, archive.sha256, archive.version_id)]
    object_format = zips[0].object_format()
    first = zips[0].refs(object_format)
    if archive.etag is None and first.digest != chain.base_refs_digest:
        # Without an ETag only the size has been compared so far.
        raise ChainListError(f"{archive.key} is not what was recorded: its refs differ")
    found = [(link.key, link.bytes, link.sha256, link.version_id) for link in chain.document.links]
    for number, unlisted in enumerate(chain.unlisted, len(found) + 1):
        key = layout.overlay(archive.key, chain.document.id, number)
        found.append((key, unlisted.bytes, "", None))
    opened = MirrorChain(chain, tuple(zips), object_format, first)

    def read_overlay(number: int) -> tuple[ChainZip, Advertisement] | str:
        """An overlay and its refs, or the reason why it cannot be read."""
        try:
            zip_ = _open_zip(store, *found[number])
            return zip_, zip_.refs(object_format)
        except (TransientError, UnfitMachineError):
            raise
        except RepositoryError as error:
            return f"{found[number][0]} cannot be read: {error}"

    for each in at_once(read_overlay, len(found), _LINKS_AT_ONCE):
        if isinstance(each, str):
            return opened.first(len(opened.zips) - 1, each)
        opened = replace(opened, zips=(*opened.zips, each[0]), ends_with=each[1])
    return opened


def _open_zip(store: Store, key: str, size: int, sha256: str, version_id: str | None) -> ChainZip:
    stored = open_stored(store, key, size, version_id)
    top = stored.names[0].partition("/")[0] if stored.names else ""
    return ChainZip(key, size, sha256, version_id, stored, top)


def zip_blocks(zip_: ChainZip, resources: Resources) -> Iterator[bytes]:
    """The bytes of the zip, in order."""
    if zip_.stored.whole:
        yield zip_.stored.whole
        return
    with resources.store.open(zip_.key, zip_.stored.version_id) as file:
        while block := file.read(BLOCK_BYTES):
            resources.stop.check()
            yield block


def _advertisement(head: bytes, packed: bytes, cut: bytes, object_format: str) -> Advertisement:
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
        shallow=tuple(decode(cut).split()),
    )
