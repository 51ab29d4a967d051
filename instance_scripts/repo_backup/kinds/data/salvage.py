"""Salvages the documents that can still be read from a chain whose base is damaged.

Only their own checksums prove such documents. The run then reads everything again from the host:
its documents replace the salvaged ones, and those that the host no longer has stay, marked as gone.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from backup_contract.documents.data_index import INDEX
from repo_backup.archive.document_zip import Packed, file_blocks
from repo_backup.kinds.data.data_archive import (
    INCONCLUSIVE,
    download,
    opened,
    parsed_index,
    read_entries,
)
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Store
from repo_backup.store.chain_store import StoredChain


def salvage_chain(
    store: Store,
    chain: StoredChain,
    number: int,
    copy: WorkingCopy,
    room: Path,
    stop: CancellationToken,
) -> int:
    """Read the readable documents of a chain into an empty working copy; returns how many.

    Reads none if the archive's index names a repository other than the one with the id ``number``.
    Ends at the first overlay that is not intact. Raises the errors in ``INCONCLUSIVE``.
    """
    archive = chain.archive
    try:
        with opened(store, archive.key, archive.version_id) as file:
            foreign = _is_foreign(_sound(file_blocks(file), stop), number)
        if not foreign:
            with opened(store, archive.key, archive.version_id) as file:
                _load(_sound(file_blocks(file), stop), copy)
        for link in chain.document.links:
            with tempfile.TemporaryFile(dir=room) as whole:
                download(store, link.key, link.version_id, link.sha256, whole)
                _load(_sound(file_blocks(whole), stop), copy)
    except INCONCLUSIVE:
        raise
    except RepositoryError:
        pass  # The overlays after it are useless without it.
    return sum(copy.contents().counts.values())


def _sound(blocks: Iterable[bytes], stop: CancellationToken) -> Iterator[tuple[str, Packed]]:
    """The documents whose checksums are right, up to where the zip cannot be read."""
    try:
        for _, path, packed in read_entries(blocks, None, None, stop):
            if _is_sound(packed):
                yield path, packed
    except INCONCLUSIVE:
        raise
    except RepositoryError:
        return


def _is_sound(packed: Packed) -> bool:
    try:
        packed.text()
    except RepositoryError:
        return False
    return True


def _is_foreign(documents: Iterable[tuple[str, Packed]], number: int) -> bool:
    """Whether an index among the documents belongs to another repository."""
    return any(
        path == INDEX and parsed_index(packed.text()).number != number for path, packed in documents
    )


def _load(documents: Iterable[tuple[str, Packed]], copy: WorkingCopy) -> None:
    for path, packed in documents:
        if path == INDEX:
            continue
        try:
            copy.load(path, packed)
        except INCONCLUSIVE:
            raise
        except RepositoryError:
            continue  # No version of this program writes such a path.
