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
from repo_backup.archive.document_zip import Packed, file_blocks, read_zip, write_zip
from repo_backup.kinds.base import Fetched, HashedBlob
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.data.json_text import json_text
from repo_backup.runtime.cancellation import Stop
from repo_backup.runtime.errors import NotFoundError, RepositoryError, TransientError, said
from repo_backup.store.base import Store
from repo_backup.store.chain_store import StoredChain, with_listed
from repo_backup.store.chains import ChainListError

TOP = re.compile(r"(?!\.{1,2}\.data\Z)[A-Za-z0-9._-]{1,110}\.data")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class LoadedChain:
    """What a stored chain holds: its last index; ``stored`` has each overlay listed.

    ``broken`` names the overlay from which on nothing could be read, and why.
    """

    stored: StoredChain
    index: DataIndex
    broken: str = ""


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
        contents = self.copy.contents()

        def written(comment: str = "") -> HashedBlob:
            path = self.room / f"{comment}{name}"
            return write_zip(path, self._entries(changed=changed), self.part_bytes, comment)

        count = sum(contents.counts.values())
        return Fetched(written(), contents.digest, count, commented=written)

    def _entries(self, *, changed: bool) -> Iterator[tuple[str, Packed]]:
        """The index last: who finds it has found all that it counts."""
        for path, packed in self.copy.packed(changed=changed):
            yield f"{self.top}/{path}", packed
        yield f"{self.top}/{DELETED}", Packed.of(json_text(self.copy.marks))
        yield f"{self.top}/{INDEX}", Packed.of(json_text(self.index.document))


def load_chain(
    store: Store, chain: StoredChain, top: str, copy: WorkingCopy, room: Path, stop: Stop
) -> LoadedChain:
    """Read the stored chain into an empty working copy; ``room`` is for temporary files.

    What an overlay holds that no manifest names is in the next one as well, whatever is read now.
    Raises RepositoryError when the base cannot be read, and TransientError.
    """
    archive = chain.archive
    with _opened(store, archive.key, archive.version_id) as file:
        index = _load(file_blocks(file), archive.sha256, top, copy, stop)
    for number, link in enumerate(chain.document.links, 1):
        try:
            with tempfile.TemporaryFile(dir=room) as file:
                _download(store, link.key, link.version_id, link.sha256, file)
                unnamed = number > chain.named
                index = _load(file_blocks(file), None, top, copy, stop, changed=unnamed)
        except TransientError:
            raise
        except RepositoryError as error:
            return LoadedChain(chain, index, f"{link.key}: {error}")
    if chain.unlisted:
        try:
            index, link = _unlisted(store, chain, top, copy, room, stop)
        except TransientError:
            raise
        except RepositoryError as error:
            return LoadedChain(chain, index, f"{chain.document.next_key}: {error}")
        chain = with_listed(chain, link)
    return LoadedChain(chain, index)


def _unlisted(
    store: Store, chain: StoredChain, top: str, copy: WorkingCopy, room: Path, stop: Stop
) -> tuple[DataIndex, Link]:
    """The overlay that was put and never listed, and its line for the list."""
    assert chain.unlisted  # noqa: S101 - the caller has looked
    key, stored = chain.document.next_key, chain.unlisted
    with tempfile.TemporaryFile(dir=room) as file:
        sha256 = _download(store, key, None, None, file)
        index = _load(file_blocks(file), None, top, copy, stop, changed=True)
    contents = copy.contents()
    count = sum(contents.counts.values())
    return index, Link(
        key, stored.bytes, sha256, index.run_id, contents.digest, count, etag=stored.etag
    )


def read_entries(
    blocks: Iterable[bytes], sha256: str | None, top: str | None, stop: Stop
) -> Iterator[tuple[str, str, Packed]]:
    """Of each file of a zip its top folder, its path below that, and what it holds.

    Raises RepositoryError for a zip whose folder is another one than ``top``, or is none of ours.
    """
    for name, packed in read_zip(blocks, sha256, stop.check):
        folder, _, path = name.partition("/")
        if folder != (top or folder) or not TOP.fullmatch(folder):
            raise RepositoryError(f"this zip holds what no data archive has: {said(repr(name))}")
        yield folder, path, packed


def parsed_index(text: bytes) -> DataIndex:
    """The index of an archive. Raises RepositoryError."""
    try:
        return fields.decode(text, read_index)
    except DamagedError as error:
        raise RepositoryError(str(error.within(INDEX))) from error


def _load(
    blocks: Iterable[bytes],
    sha256: str | None,
    top: str,
    copy: WorkingCopy,
    stop: Stop,
    *,
    changed: bool = False,
) -> DataIndex:
    """One zip of a chain; its index."""
    index: DataIndex | None = None
    for _, path, packed in read_entries(blocks, sha256, top, stop):
        if path == INDEX:
            index = parsed_index(packed.text())
        else:
            copy.load(path, packed, changed=changed)
    if index is None:
        raise RepositoryError("this zip holds no whole data archive: it has no index")
    return index


@contextlib.contextmanager
def _opened(store: Store, key: str, version_id: str | None) -> Iterator[IO[bytes]]:
    """A version, or what is there now: in a copied bucket versions are others."""
    with contextlib.ExitStack() as stack:
        file: IO[bytes] | None = None
        if version_id and store.capabilities.versions:
            with contextlib.suppress(NotFoundError):
                file = stack.enter_context(store.open(key, version_id))
        yield file or stack.enter_context(store.open(key))


def _download(
    store: Store, key: str, version_id: str | None, sha256: str | None, into: IO[bytes]
) -> str:
    """An overlay into a file, whose SHA-256 (hex) is compared before anything of it counts."""
    digest = hashlib.sha256()
    with _opened(store, key, version_id) as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            into.write(block)
    if sha256 not in (None, digest.hexdigest()):
        raise ChainListError("it is not what its run put there (SHA-256 differs)")
    into.seek(0)
    return digest.hexdigest()
