"""Writes a working copy to an archive or an overlay, and reads it back from a stored chain."""

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backup_contract.documents import fields
from backup_contract.documents.chain import Link
from backup_contract.documents.data_index import DELETED, INDEX, DataIndex, read_index
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.json_text import json_text
from backup_contract.text import one_line
from repo_backup.archive.document_zip import Packed, file_blocks, read_zip, with_comment, write_zip
from repo_backup.kinds.base import Fetched, HashedBlob, Resources
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import (
    DiskFullError,
    NotFoundError,
    RepositoryError,
    TransientError,
    UnfitMachineError,
)
from repo_backup.store.base import Store
from repo_backup.store.chain_store import StoredChain
from repo_backup.store.chains import ChainListError

INCONCLUSIVE = (DiskFullError, TransientError, UnfitMachineError)
"""Errors that do not mean that an archive is damaged: a later run may be able to read it."""
TOP = re.compile(r"(?!\.{1,2}\.data\Z)[A-Za-z0-9._-]{1,110}\.data|[A-Za-z0-9_-]{1,110}\.account")
"""The name of an archive's one folder."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class LoadedChain:
    """A stored chain that was loaded, as far as a manifest proves it.

    ``index`` is the last one, and ``top`` the name of the archive's folder. If an overlay could not
    be read, ``stored`` has a ``fault`` and ends before that overlay. The first ``proven`` overlays
    are loaded; ``unlisted`` are the entries of those that no list contains any more.
    """

    stored: StoredChain
    index: DataIndex
    top: str
    proven: int
    unlisted: tuple[Link, ...] = ()


@dataclass(frozen=True)
class ArchiveWriter:
    """Writes archives of a working copy in the directory ``room``; ``top`` is their one folder."""

    copy: WorkingCopy
    index: DataIndex
    top: str
    room: Path
    part_bytes: int

    def base(self) -> Fetched:
        """A base archive, with all documents."""
        return self._fetched("base.zip", changed=False)

    def overlay(self) -> Fetched:
        """An overlay, with the changed documents, the index, and the dates of deletion."""
        return self._fetched("overlay.zip", changed=True)

    def _fetched(self, name: str, *, changed: bool) -> Fetched:
        contents, path = self.copy.contents(), self.room / name
        blob = write_zip(path, self._entries(changed=changed), self.part_bytes)

        def commented(comment: str) -> HashedBlob:
            return with_comment(path, self.room / f"commented-{name}", comment, self.part_bytes)

        count = sum(contents.counts.values())
        return Fetched(blob, contents.digest, count, commented=commented)

    def _entries(self, *, changed: bool) -> Iterator[tuple[str, Packed]]:
        """The documents, then the index: a zip that has the index has everything it counts."""
        for path, packed in self.copy.packed(changed=changed):
            yield f"{self.top}/{path}", packed
        yield f"{self.top}/{DELETED}", Packed.of(json_text(self.copy.marks))
        yield f"{self.top}/{INDEX}", Packed.of(json_text(self.index.document))


def load_chain(
    resources: Resources, chain: StoredChain, copy: WorkingCopy, room: Path
) -> LoadedChain:
    """Read the base, and the overlays that a manifest proves, into an empty working copy.

    ``room`` is for temporary files. Raises RepositoryError if the base cannot be read, and the
    errors in ``INCONCLUSIVE``.
    """
    archive = chain.archive
    with opened(resources.store, archive.key, archive.version_id) as file:
        top, index = _load(file_blocks(file), archive.sha256, copy, resources.stop)
    links = chain.document.links[: chain.named]
    for number, link in enumerate(links):
        try:
            index = load_overlay(resources, link, copy, room)
        except INCONCLUSIVE:
            raise
        except RepositoryError as error:
            fault = f"{link.key}: {error}"
            return LoadedChain(chain.first(number, fault), index, top, number)
    return LoadedChain(chain, index, top, len(links))


def load_overlay(resources: Resources, link: Link, copy: WorkingCopy, room: Path) -> DataIndex:
    """Load an overlay on top of the archives before it. Returns its index.

    Raises RepositoryError if it cannot be read, or its SHA-256 is not the one in ``link``.
    """
    with tempfile.TemporaryFile(dir=room) as file:
        download(resources.store, link.key, link.version_id, link.sha256, file)
        return _load(file_blocks(file), None, copy, resources.stop)[1]


def read_entries(
    blocks: Iterable[bytes], sha256: str | None, top: str | None, stop: CancellationToken
) -> Iterator[tuple[str, str, Packed]]:
    """The files of a zip: each one's top folder, its path below that, and its content.

    ``sha256`` (hex) is compared with the whole zip's. Raises RepositoryError if that differs, if
    the folder is not ``top``, or if this program would not name it so.
    """
    for name, packed in read_zip(blocks, sha256, stop.check):
        folder, _, path = name.partition("/")
        if folder != (top or folder) or not TOP.fullmatch(folder):
            raise RepositoryError(
                f"this zip contains a file that no data archive has: {one_line(repr(name))}"
            )
        yield folder, path, packed


def parsed_index(text: bytes) -> DataIndex:
    """The index of an archive. Raises RepositoryError."""
    try:
        return fields.decode(text, read_index)
    except DamagedError as error:
        raise RepositoryError(str(error.within(INDEX))) from error


def _load(
    blocks: Iterable[bytes], sha256: str | None, copy: WorkingCopy, stop: CancellationToken
) -> tuple[str, DataIndex]:
    """Load one zip of a chain. Returns its folder and its index."""
    top, index = "", None
    for top, path, packed in read_entries(blocks, sha256, None, stop):  # noqa: B007 - one folder
        if path == INDEX:
            index = parsed_index(packed.text())
        else:
            copy.load(path, packed)
    if index is None:
        raise RepositoryError("this zip does not contain a complete data archive: it has no index")
    return top, index


@contextlib.contextmanager
def opened(store: Store, key: str, version_id: str | None) -> Iterator[IO[bytes]]:
    """Open this version of an object. If it is gone, open the newest: in a copied bucket, version
    ids differ."""
    with contextlib.ExitStack() as stack:
        file: IO[bytes] | None = None
        if version_id and store.capabilities.versions:
            with contextlib.suppress(NotFoundError):
                file = stack.enter_context(store.open(key, version_id))
        yield file or stack.enter_context(store.open(key))


def download(
    store: Store, key: str, version_id: str | None, sha256: str | None, into: IO[bytes]
) -> str:
    """Download an overlay to a file, and compare its SHA-256 (hex) if one is given.

    Returns its SHA-256. Raises ChainListError if it differs.
    """
    digest = hashlib.sha256()
    with opened(store, key, version_id) as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            into.write(block)
    if sha256 not in (None, digest.hexdigest()):
        raise ChainListError("it is not what its run stored (SHA-256 differs)")
    into.seek(0)
    return digest.hexdigest()
