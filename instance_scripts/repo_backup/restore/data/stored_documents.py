"""Project data where it is stored: its documents are read without unpacking the archive.

The directories of the zips tell which documents there are, and only what is asked for is read. A
document counts by the checksum in its zip; ``verify`` proves the SHA-256 of the whole.
"""

import hashlib
import itertools
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backup_contract import object_keys as layout
from backup_contract.documents.data_index import DELETED, INDEX, DataIndex, folder_of
from repo_backup.archive.document_zip import MOST_DOCUMENT_BYTES, read_zip
from repo_backup.archive.stored_zip import StoredZip, open_stored
from repo_backup.kinds.data.data_archive import TOP, parsed_index
from repo_backup.kinds.data.documents import is_document_path, read_marks
from repo_backup.restore.archive_reader import SAYS_NOTHING, ArchiveRef
from repo_backup.runtime.errors import NotFoundError, RepositoryError, said
from repo_backup.store.base import Store
from repo_backup.store.chains import ChainListError, read_chain

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class DocumentZip:
    """One zip of a data archive: the base or an overlay. ``names`` are in it, by document path."""

    key: str
    stored: StoredZip
    names: Mapping[str, str]

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """These documents, in the order of the zip. Raises RepositoryError."""
        wanted = {self.names[path]: path for path in paths}
        count, blocks = self.stored.run(wanted)
        for name, packed in itertools.islice(read_zip(blocks, None), count):
            if name not in wanted:
                continue
            if (packed.size, packed.crc32) != self.stored.checksum(name):
                raise RepositoryError(f"{self.key} is damaged: it names {said(name)} twice")
            yield wanted[name], packed.text()


@dataclass(frozen=True)
class StoredDocuments:
    """The documents of one state of a repository's data, the newest of each path.

    ``zips`` are the base and its overlays in their order. ``fault`` says why an overlay, and those
    after it, are left out; empty: none is. ``remarks`` are what a person should know.
    """

    zips: tuple[DocumentZip, ...]
    fault: str = ""
    remarks: tuple[str, ...] = ()

    @cached_property
    def index(self) -> DataIndex:
        """``index.json``. Raises RepositoryError."""
        return parsed_index(self._list(INDEX))

    @cached_property
    def marks(self) -> Mapping[str, str]:
        """``deleted.json``: since when what is gone is gone. Raises RepositoryError."""
        return read_marks(self._list(DELETED))

    @cached_property
    def checksums(self) -> Mapping[str, tuple[int, int]]:
        """Size and CRC-32 of each document, by path: two states are compared by them."""
        return {
            path: self.zips[number].stored.checksum(self.zips[number].names[path])
            for path, number in self._places.items()
        }

    def paths(self, folder: str) -> list[str]:
        """The paths of the documents in a folder, as ``issues``."""
        return [path for path in self._places if folder_of(path) == folder]

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, Any]]:
        """Those of these documents that there are. Raises RepositoryError."""
        places = {path: self._places[path] for path in paths if path in self._places}
        for number, each in enumerate(self.zips):
            here = [path for path, place in places.items() if place == number]
            for path, text in each.read(here) if here else ():
                yield path, _parsed(path, text)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """By path the number of the newest zip that has it."""
        return {
            path: number
            for number, each in enumerate(self.zips)
            for path in each.names
            if path not in (INDEX, DELETED)
        }

    def _list(self, name: str) -> bytes:
        newest = self.zips[-1]
        return newest.stored.read(newest.names[name])


def open_documents(store: Store, found: ArchiveRef) -> StoredDocuments:
    """The documents of an archive, with the overlays that its manifest names.

    Of an archive that no manifest names, with all that lie beside it. Raises RepositoryError when
    the base cannot be read, and what says nothing of it.
    """
    zips = [_base(store, found)]
    remarks = list(found.remarks)
    listed, remark = _overlays(store, found)
    remarks += [remark] if remark else []
    fault = ""
    for key, size, version_id in listed:
        try:
            zips.append(_opened(store, key, size, version_id))
        except SAYS_NOTHING:
            raise
        except RepositoryError as error:
            fault = f"{key}: {error}"
            break
    return StoredDocuments(tuple(zips), fault, tuple(remarks))


def _base(store: Store, found: ArchiveRef) -> DocumentZip:
    archive = found.part.archive if found.part else None
    if archive:
        return _opened(store, archive.key, archive.bytes, archive.version_id)
    versions = store.versions(found.key)
    wanted = (each for each in versions if found.version_id in (None, each.id))
    version = next(wanted, None)
    if version is None:
        raise NotFoundError(f"there is no {found.key}")
    return _opened(store, found.key, version.bytes, version.id)


def _overlays(store: Store, found: ArchiveRef) -> tuple[list[tuple[str, int, str | None]], str]:
    """Key, size and version of each overlay in their order; what to say of the list."""
    archive, chain = (found.part.archive, found.part.chain) if found.part else (None, None)
    if archive and chain is None:
        return [], ""
    remark, most = "", found.most_links
    if archive and chain:
        try:
            links = read_chain(store, archive.key, chain).links
            return [(each.key, each.bytes, each.version_id) for each in links], ""
        except ChainListError as error:
            chain_id, most, remark = chain.id, chain.links, str(error)
    else:
        chain_id = layout.chain_id(_sha256(store, found))
    there = store.objects(layout.overlay_prefix(found.key, chain_id))
    listed: list[tuple[str, int, str | None]] = []
    for number in range(1, most + 1):
        key = layout.overlay(found.key, chain_id, number)
        if key not in there and chain is None:
            break
        listed.append((key, there[key].bytes if key in there else 0, None))
    return listed, remark


def _opened(store: Store, key: str, size: int, version_id: str | None) -> DocumentZip:
    """A zip whose names are all such as this program gives. Raises RepositoryError."""
    stored = open_stored(store, key, size, version_id)
    names: dict[str, str] = {}
    for name in stored.names:
        top, _, path = name.partition("/")
        known = path in (INDEX, DELETED) or is_document_path(path)
        if not known or not TOP.fullmatch(top):
            raise RepositoryError(f"{key} holds what no data archive has: {said(repr(name))}")
        if stored.checksum(name)[0] > MOST_DOCUMENT_BYTES or path in names:
            raise RepositoryError(f"{key} has {said(path)} too large, or twice")
        names[path] = name
    if not {INDEX, DELETED} <= names.keys():
        raise RepositoryError(f"{key} holds no whole data archive: it has no {INDEX}")
    return DocumentZip(key, stored, names)


def _sha256(store: Store, found: ArchiveRef) -> str:
    """Of a base that no manifest names: its overlays are named after it."""
    digest = hashlib.sha256()
    with store.open(found.key, found.version_id) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _parsed(path: str, text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RepositoryError(f"{path} is no JSON") from error
