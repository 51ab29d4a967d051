"""Reads which binaries an archive of project data refers to."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO

from backup_contract.documents import fields
from backup_contract.documents.data_index import folder_of
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.parts.attachments import ATTACHMENTS, read_attachments
from backup_contract.documents.release_assets import ASSETS, read_assets
from repo_backup.archive.document_zip import file_blocks
from repo_backup.kinds.data.data_archive import read_entries
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError


def _of_assets(document: Fields) -> set[str]:
    return {each.sha256 for each in read_assets(document) if each.sha256}


def _of_attachments(document: Fields) -> set[str]:
    return {each.sha256 for each in read_attachments(document) if each.sha256}


_READERS: Mapping[str, Callable[[Fields], set[str]]] = {
    ASSETS: _of_assets,
    ATTACHMENTS: _of_attachments,
}
"""By folder, what reads the SHA-256 (hex) of all objects in a document."""


def objects_in_zip(file: IO[bytes], stop: CancellationToken) -> tuple[str, set[str]]:
    """The SHA-256 (hex) of a base archive or an overlay, and those of the binaries it refers to.

    Raises RepositoryError if the archive is damaged or incomplete, and what reading raises.
    """
    digest, found = hashlib.sha256(), set[str]()
    for _, path, packed in read_entries(_digested(file, digest), None, None, stop):
        read = _READERS.get(folder_of(path))
        if read:
            try:
                found.update(fields.decode(packed.text(), read))
            except DamagedError as error:
                raise RepositoryError(str(error.within(path))) from error
    return digest.hexdigest(), found


def _digested(file: IO[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    blocks: Iterable[bytes] = file_blocks(file)
    for block in blocks:
        digest.update(block)
        yield block
