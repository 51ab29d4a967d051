"""What can still be read of a chain of project data whose base is not as it was.

Nothing proves such documents but their own checksums. What the host still has is read anew and
takes their place; what it has no more is kept, marked as vanished.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from backup_contract.documents.data_index import INDEX
from repo_backup.archive.document_zip import Packed, file_blocks
from repo_backup.kinds.data.data_archive import (
    SAYS_NOTHING,
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
    """Read into an empty working copy what is left of the data of the repository with this id.

    How many documents that is; none where the archive's index names another repository. An overlay
    counts only whole. Raises what says nothing of the archive.
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
    except SAYS_NOTHING:
        raise
    except RepositoryError:
        pass  # What comes after it is of no use without it.
    return sum(copy.contents().counts.values())


def _sound(blocks: Iterable[bytes], stop: CancellationToken) -> Iterator[tuple[str, Packed]]:
    """The documents whose checksums are right, as far as the zip can be read."""
    try:
        for _, path, packed in read_entries(blocks, None, None, stop):
            if _is_sound(packed):
                yield path, packed
    except SAYS_NOTHING:
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
    """Whether an index among them is of another repository."""
    return any(
        path == INDEX and parsed_index(packed.text()).number != number for path, packed in documents
    )


def _load(documents: Iterable[tuple[str, Packed]], copy: WorkingCopy) -> None:
    for path, packed in documents:
        if path == INDEX:
            continue
        try:
            copy.load(path, packed)
        except SAYS_NOTHING:
            raise
        except RepositoryError:
            continue  # A path that no program of ours writes.
