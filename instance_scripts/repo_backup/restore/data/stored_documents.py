"""Reads the documents of project data without downloading the whole archive.

The directories of the zips list the documents, and only requested ones are read. A document is
verified by its checksum in the zip; ``verify`` proves the SHA-256 of the whole archive.
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
from backup_contract.text import one_line
from repo_backup.archive.document_zip import MOST_DOCUMENT_BYTES, read_zip
from repo_backup.archive.stored_zip import StoredZip, open_stored
from repo_backup.kinds.data.data_archive import TOP, parsed_index
from repo_backup.kinds.data.documents import is_document_path, read_marks
from repo_backup.restore.archive_reader import INCONCLUSIVE, ArchiveRef
from repo_backup.runtime.errors import NotFoundError, RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.chains import ChainListError, read_chain

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class DocumentZip:
    """One zip of a data archive: the base or an overlay. ``names`` maps document paths to files."""

    key: str
    stored: StoredZip
    names: Mapping[str, str]

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Read these documents, in the order of the zip. Raises RepositoryError."""
        wanted = {self.names[path]: path for path in paths}
        count, blocks = self.stored.run(wanted)
        for name, packed in itertools.islice(read_zip(blocks, None), count):
            if name not in wanted:
                continue
            if (packed.size, packed.crc32) != self.stored.checksum(name):
                raise RepositoryError(f"{self.key} is damaged: it names {one_line(name)} twice")
            yield wanted[name], packed.text()


@dataclass(frozen=True)
class StoredDocuments:
    """The documents of one state of a repository's data, the newest of each path.

    ``zips`` are the base and its overlays in order. ``fault`` says why an overlay and later ones
    are missing; empty if none is. ``remarks`` are for the user.
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
        """``deleted.json``: since when each deleted item is gone. Raises RepositoryError."""
        return read_marks(self._list(DELETED))

    @cached_property
    def checksums(self) -> Mapping[str, tuple[int, int]]:
        """Size and CRC-32 of each document, by path, to compare two states."""
        return {
            path: self.zips[number].stored.checksum(self.zips[number].names[path])
            for path, number in self._places.items()
        }

    def paths(self, folder: str) -> list[str]:
        """The paths of the documents in a folder, such as ``issues``."""
        return [path for path in self._places if folder_of(path) == folder]

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, Any]]:
        """Read those of these documents that exist. Raises RepositoryError."""
        places = {path: self._places[path] for path in paths if path in self._places}
        for number, each in enumerate(self.zips):
            here = [path for path, place in places.items() if place == number]
            for path, text in each.read(here) if here else ():
                yield path, _parsed(path, text)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """The number of the newest zip with a document, by path."""
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
    """Open the documents of an archive with the overlays that its manifest names.

    An archive that no manifest names has all stored overlays. Raises RepositoryError if the base
    cannot be read, including the errors in ``INCONCLUSIVE``.
    """
    zips = [_base(store, found)]
    remarks = list(found.remarks)
    listed, remark = _overlays(store, found)
    remarks += [remark] if remark else []
    fault = ""
    for key, size, version_id in listed:
        try:
            zips.append(_opened(store, key, size, version_id))
        except INCONCLUSIVE:
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
    """Key, size and version of each overlay in order, and a remark about their list."""
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
    """Open a zip, whose names must all be ones that this program gives. Raises RepositoryError."""
    stored = open_stored(store, key, size, version_id)
    names: dict[str, str] = {}
    for name in stored.names:
        top, _, path = name.partition("/")
        known = path in (INDEX, DELETED) or is_document_path(path)
        if not known or not TOP.fullmatch(top):
            raise RepositoryError(
                f"{key} contains a file that no data archive has: {one_line(repr(name))}"
            )
        if stored.checksum(name)[0] > MOST_DOCUMENT_BYTES or path in names:
            raise RepositoryError(f"{key} has {one_line(path)} too large, or twice")
        names[path] = name
    if not {INDEX, DELETED} <= names.keys():
        raise RepositoryError(f"{key} does not contain a complete data archive: it has no {INDEX}")
    return DocumentZip(key, stored, names)


def _sha256(store: Store, found: ArchiveRef) -> str:
    """The SHA-256 of a base that no manifest names, for the keys of its overlays."""
    digest = hashlib.sha256()
    with store.open(found.key, found.version_id) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _parsed(path: str, text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RepositoryError(f"{path} is not JSON") from error
