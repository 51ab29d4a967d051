"""A working copy as an archive or an overlay of one, and back out of the chain that is stored."""

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

SAYS_NOTHING = (DiskFullError, TransientError, UnfitMachineError)
"""Of an archive: another time it may be read all the same."""
TOP = re.compile(r"(?!\.{1,2}\.data\Z)[A-Za-z0-9._-]{1,110}\.data|[A-Za-z0-9_-]{1,110}\.account")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class LoadedChain:
    """What a stored chain holds, as far as a manifest proves it: the last index, and its folder.

    ``stored`` has a ``fault`` where an overlay could not be read: it ends before that one. The
    first ``proven`` overlays are loaded. Of them ``unlisted`` are in no list any more, and have
    their lines here.
    """

    stored: StoredChain
    index: DataIndex
    top: str
    proven: int
    unlisted: tuple[Link, ...] = ()


@dataclass(frozen=True)
class ArchiveWriter:
    """Makes archives of a working copy, in the directory ``room``; ``top`` is their one folder."""

    copy: WorkingCopy
    index: DataIndex
    top: str
    room: Path
    part_bytes: int

    def base(self) -> Fetched:
        """All documents."""
        return self._fetched("base.zip", changed=False)

    def overlay(self) -> Fetched:
        """What is not as it was archived, and the whole of both lists."""
        return self._fetched("overlay.zip", changed=True)

    def _fetched(self, name: str, *, changed: bool) -> Fetched:
        contents, path = self.copy.contents(), self.room / name
        blob = write_zip(path, self._entries(changed=changed), self.part_bytes)

        def commented(comment: str) -> HashedBlob:
            return with_comment(path, self.room / f"commented-{name}", comment, self.part_bytes)

        count = sum(contents.counts.values())
        return Fetched(blob, contents.digest, count, commented=commented)

    def _entries(self, *, changed: bool) -> Iterator[tuple[str, Packed]]:
        """The index last: who finds it has found all that it counts."""
        for path, packed in self.copy.packed(changed=changed):
            yield f"{self.top}/{path}", packed
        yield f"{self.top}/{DELETED}", Packed.of(json_text(self.copy.marks))
        yield f"{self.top}/{INDEX}", Packed.of(json_text(self.index.document))


def load_chain(
    resources: Resources, chain: StoredChain, copy: WorkingCopy, room: Path
) -> LoadedChain:
    """Read what a manifest proves of the stored chain into an empty working copy.

    ``room`` is for temporary files. Raises RepositoryError when the base cannot be read, and what
    says nothing of it.
    """
    archive = chain.archive
    with opened(resources.store, archive.key, archive.version_id) as file:
        top, index = _load(file_blocks(file), archive.sha256, copy, resources.stop)
    links = chain.document.links[: chain.named]
    for number, link in enumerate(links):
        try:
            index = load_overlay(resources, link, copy, room)
        except SAYS_NOTHING:
            raise
        except RepositoryError as error:
            fault = f"{link.key}: {error}"
            return LoadedChain(chain.first(number, fault), index, top, number)
    return LoadedChain(chain, index, top, len(links))


def load_overlay(resources: Resources, link: Link, copy: WorkingCopy, room: Path) -> DataIndex:
    """Load an overlay over what came before it; its index. Raises RepositoryError when it is not
    what its line says."""
    with tempfile.TemporaryFile(dir=room) as file:
        download(resources.store, link.key, link.version_id, link.sha256, file)
        return _load(file_blocks(file), None, copy, resources.stop)[1]


def read_entries(
    blocks: Iterable[bytes], sha256: str | None, top: str | None, stop: CancellationToken
) -> Iterator[tuple[str, str, Packed]]:
    """Of each file of a zip its top folder, its path below that, and what it holds.

    Raises RepositoryError for a zip whose folder is another one than ``top``, or is none of ours.
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
    """One zip of a chain; its folder and its index."""
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
    """A version, or what is there now: in a copied bucket versions are others."""
    with contextlib.ExitStack() as stack:
        file: IO[bytes] | None = None
        if version_id and store.capabilities.versions:
            with contextlib.suppress(NotFoundError):
                file = stack.enter_context(store.open(key, version_id))
        yield file or stack.enter_context(store.open(key))


def download(
    store: Store, key: str, version_id: str | None, sha256: str | None, into: IO[bytes]
) -> str:
    """An overlay into a file, whose SHA-256 (hex) is compared before anything of it counts."""
    digest = hashlib.sha256()
    with opened(store, key, version_id) as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            into.write(block)
    if sha256 not in (None, digest.hexdigest()):
        raise ChainListError("it is not what its run put there (SHA-256 differs)")
    into.seek(0)
    return digest.hexdigest()
